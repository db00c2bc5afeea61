#include "db/exchange/csv.h"

#include <utility>

#include "core/error.h"

namespace dse {

CsvReader::CsvReader(std::string_view text, std::string file)
    : text_(text), file_(std::move(file)) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

bool CsvReader::AtLineEnd() const {
  return at_ == text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
}

std::string CsvReader::ReadQuoted() {
  std::string field;
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      if (text_.substr(at_, 2) != "\"\"") {
        ++at_;
        if (!AtLineEnd() && text_[at_] != ',') {
          throw Error(file_ + ":" + std::to_string(current_line_) +
                      ": text follows the closing quote of a field");
        }
        return field;
      }
      ++at_;
    }
    if (c == '\n') ++current_line_;
    field += c;
  }
  throw Error(file_ + ":" + std::to_string(line_) + ": a quoted field is not closed");
}

std::string CsvReader::ReadField() {
  if (at_ < text_.size() && text_[at_] == '"') return ReadQuoted();
  const size_t begin = at_;
  while (!AtLineEnd() && text_[at_] != ',') ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

bool CsvReader::Next(std::vector<std::string>& fields) {
  fields.clear();
  while (at_ < text_.size() && AtLineEnd()) {
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++current_line_;
  }
  if (at_ == text_.size()) return false;
  line_ = current_line_;
  fields.push_back(ReadField());
  while (at_ < text_.size() && text_[at_] == ',') {
    ++at_;
    fields.push_back(ReadField());
  }
  if (at_ < text_.size()) {
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++current_line_;
  }
  return true;
}

void AppendCsvField(std::string_view field, std::string& text) {
  if (field.find_first_of(",\"\r\n") == field.npos) {
    text += field;
  } else {
    text += '"';
    for (const char c : field) {
      if (c == '"') text += '"';
      text += c;
    }
    text += '"';
  }
  text += ',';
}

void EndCsvRecord(std::string& text) {
  text.pop_back();
  text += "\r\n";
}

}  // namespace dse
