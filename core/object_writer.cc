#include "core/object_writer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/json.h"

namespace dse {
namespace {

// Printable ASCII that JSON writes as it is. Everything else is left to the JSON library.
bool IsPlainText(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

}  // namespace

std::string& ObjectWriter::Key(std::string_view key) {
  if (!empty_) text_ += ',';
  empty_ = false;
  AppendText(key, text_);
  text_ += ':';
  return text_;
}

void ObjectWriter::AppendText(std::string_view value, std::string& text) {
  if (!IsPlainText(value)) {
    text += Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

void ObjectWriter::AppendInt(int64_t value, std::string& text) {
  char digits[20];  // -2^63 has 19 digits and a sign
  char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  text.append(digits, static_cast<size_t>(end - digits));
}

void ObjectWriter::AppendReal(double value, std::string& text) {
  if (std::fabs(value) < kWholeLimit && value == static_cast<double>(static_cast<int64_t>(value))) {
    AppendInt(static_cast<int64_t>(value), text);
  } else {
    text += Json(value).dump();
  }
}

}  // namespace dse
