#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dse {

// Reads CSV as RFC 4180 writes it, record by record: quoted fields may hold commas, doubled quotes
// and line ends; lines end in LF or CRLF; a byte order mark is skipped and so are empty lines.
// Throws Error "FILE:LINE: reason" for broken quoting. `text` must outlive the reader.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string file);

  // Fills `fields` with the next record; false at the end.
  bool Next(std::vector<std::string>& fields);
  // The line on which the record last read begins, from 1.
  int64_t line() const { return line_; }

 private:
  std::string ReadField();
  std::string ReadQuoted();
  bool AtLineEnd() const;

  std::string_view text_;
  std::string file_;
  size_t at_ = 0;
  int64_t line_ = 0;
  int64_t current_line_ = 1;
};

// Writes CSV field by field: appends one to the record at the end of `text`, quoted where RFC 4180
// asks for it, then its comma; EndCsvRecord turns the last comma into the line's end, CRLF. Text is
// data: one that a spreadsheet would run as a formula ("=1+1") is left as it is.
void AppendCsvField(std::string_view field, std::string& text);
void EndCsvRecord(std::string& text);

}  // namespace dse
