#include "db/run_rows.h"

#include "core/error.h"

namespace dse {

RunState StoredState(const std::string& text) {
  for (const Word<RunState>& word : kRunStateWords) {
    if (text == word.text) return word.value;
  }
  throw Error("internal: unknown run state '" + text + "'");
}

}  // namespace dse
