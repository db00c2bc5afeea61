#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dse {

// Appends a JSON object to a text without building a document first. The bytes are those of
// Json::dump(): no spaces, strings escaped, numbers as Number() makes them; keys come in the order
// of the calls. The text must outlive the writer.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& text) : text_(text) { text_ += '{'; }

  // Writes the key alone; the caller appends its value to the text returned.
  std::string& Key(std::string_view key);

  void Text(std::string_view key, std::string_view value) { AppendText(value, Key(key)); }
  void Int(std::string_view key, int64_t value) { AppendInt(value, Key(key)); }
  void Real(std::string_view key, double value) { AppendReal(value, Key(key)); }
  void Close() { text_ += '}'; }

  static void AppendText(std::string_view value, std::string& text);
  static void AppendInt(int64_t value, std::string& text);
  static void AppendReal(double value, std::string& text);

 private:
  std::string& text_;
  bool empty_ = true;
};

}  // namespace dse
