#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace dse {

// Keys are kept sorted, so dump() of equal documents is equal bytes: the form that is hashed.
using Json = nlohmann::json;

// Reads one JSON document. `source` names it in errors ("space.json", "standard input line 3").
// Refuses duplicate keys, comments, trailing text, NaN and nesting deeper than 64.
// Throws Error "SOURCE:LINE:COLUMN: ..." .
Json ParseJson(std::string_view text, const std::string& source);

// The text of a file, at most `max_bytes` of it. Throws Error that names the file.
std::string ReadFile(const std::string& path, int64_t max_bytes = int64_t{64} << 20);

// Whether `text` is well-formed UTF-8, which is all that JSON documents can hold.
bool IsUtf8(std::string_view text);

// The document in one line; in its texts U+FFFD stands for what is not UTF-8, which rows of a
// broken file may hold.
std::string WholeText(const Json& document);

// Whole numbers below this in size are JSON integers.
inline constexpr double kWholeLimit = 9e15;

// `value` as a JSON integer where it has no fraction, else as a number: 2 and 0.25, never 2.0.
Json Number(double value);

// One row of a table of words a document may use, such as {"swish", Activation::kSwish}.
template <typename E>
struct Word {
  const char* text;
  E value;
};

// Reads an object key by key and, at Finish, refuses keys nobody asked for. Every error gives the
// path inside the document ("space.json: parameters.width.low must be ...").
class ObjectReader {
 public:
  // `where` is the path of `object` so far. Throws Error if `object` is no JSON object.
  // `object` must outlive the reader.
  ObjectReader(const Json& object, std::string where);

  // The value at `key`, or nullptr where it is absent. Marks the key as known.
  const Json* Find(const std::string& key);
  // The same, but absence is an error.
  const Json& Require(const std::string& key);

  // Typed access; `fallback` answers for an absent key. Ranges are inclusive.
  int64_t Int(const std::string& key, int64_t low, int64_t high,
              std::optional<int64_t> fallback = {});
  double Real(const std::string& key, double low, double high, std::optional<double> fallback = {});
  bool Bool(const std::string& key, std::optional<bool> fallback = {});
  std::string String(const std::string& key, std::optional<std::string> fallback = {});

  template <typename E>
  E OneOf(const std::string& key, std::span<const Word<E>> words, std::optional<E> fallback = {}) {
    if (fallback && !Find(key)) return *fallback;
    const std::string text = String(key);
    std::vector<std::string> allowed;
    for (const Word<E>& word : words) {
      if (text == word.text) return word.value;
      allowed.push_back(word.text);
    }
    FailWord(key, text, allowed);
  }

  // "WHERE.KEY", as errors print it.
  std::string Path(const std::string& key) const;
  const std::string& where() const { return where_; }
  [[noreturn]] void Fail(const std::string& key, const std::string& what) const;

  // Throws Error for the first key that was never asked for and suggests the nearest known one.
  void Finish() const;

 private:
  [[noreturn]] void FailWord(const std::string& key, const std::string& text,
                             const std::vector<std::string>& allowed) const;

  const Json& object_;
  std::string where_;
  std::vector<std::string> known_;
};

// The word for a value, the reverse of OneOf. The table must hold the value.
template <typename E>
const char* TextOf(E value, std::span<const Word<E>> words) {
  for (const Word<E>& word : words) {
    if (word.value == value) return word.text;
  }
  throw Error("internal: a value without a word");
}

}  // namespace dse
