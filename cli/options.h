#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/units.h"

namespace dse {

// A command line that cannot be understood: exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

// The options of one command. Each is bound to a field of the command's options struct, whose value
// before Parse is the default; the fields must outlive the parser.
class OptionParser {
 public:
  // `usage` is the line after "dse ", `about` a sentence or two for --help.
  OptionParser(std::string usage, std::string about);
  ~OptionParser();

  // `name` is "seed" or "count,n" with a one-letter form; `metavar` stands for the value in --help.
  void Flag(const char* name, bool* value, const char* help);
  void Text(const char* name, const char* metavar, std::string* value, const char* help);
  void Text(const char* name, const char* metavar, std::optional<std::string>* value,
            const char* help);
  // May be repeated, and takes several words at once.
  void List(const char* name, const char* metavar, std::vector<std::string>* value,
            const char* help);
  // Whole numbers within low..high.
  template <typename T>
  void Int(const char* name, const char* metavar, T* value, int64_t low, int64_t high,
           const char* help) {
    AddInt(name, metavar, low, high, help,
           [value](int64_t number) { *value = static_cast<T>(number); });
  }
  template <typename T>
  void Int(const char* name, const char* metavar, std::optional<T>* value, int64_t low,
           int64_t high, const char* help) {
    AddInt(name, metavar, low, high, help,
           [value](int64_t number) { *value = static_cast<T>(number); });
  }
  // A whole number that may be left out behind the option, which then means `alone`.
  void OptionalInt(const char* name, const char* metavar, std::optional<int>* value, int alone,
                   int low, int high, const char* help);
  void FlopBand(const char* name, std::optional<Band>* value, const char* help);
  void Duration(const char* name, std::optional<double>* value, const char* help);
  // One of `words`.
  void OneOf(const char* name, std::vector<std::string> words, std::string* value,
             const char* help);
  // Words without a flag.
  void Positional(const char* metavar, std::vector<std::string>* value, const char* help);
  // Marks an option that must be given.
  void Require(const char* name);

  // Fills the fields. Returns false after printing help to stdout for --help. Throws UsageError. A
  // command with --db has --lock-wait too, which is acted on here.
  bool Parse(std::span<const std::string> args);

 private:
  void Add(const char* name, const char* metavar, const char* help, bool multiple,
           std::function<void(const std::vector<std::string>&)> take);
  void AddInt(const char* name, const char* metavar, int64_t low, int64_t high, const char* help,
              std::function<void(int64_t)> take);

  struct Impl;  // Boost.Program_options stays in the source
  std::unique_ptr<Impl> impl_;
};

}  // namespace dse
