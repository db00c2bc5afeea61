#pragma once

#include <string>

namespace dse {

// A word for a shell, which reads it as nothing but this text: as it is where that is plain, else
// in single quotes; where it holds what a terminal would obey or what is not UTF-8, as $'a\012b',
// which bash, ksh and zsh know. It is one line that can be shown. A word of a command cannot hold
// a byte of 0; nothing is left of it from there on.
std::string ShellWord(const std::string& word);

// An option and its value, such as "--population name": as one word, --population=-x, where the
// value would be taken for another option.
std::string ShellOption(const std::string& option, const std::string& value);

}  // namespace dse
