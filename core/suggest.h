#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dse {

// The candidate nearest to `word` by edit distance (insert, delete, replace, swap of neighbours;
// upper and lower case count as equal), or "" when none is near enough to be a likely slip of the
// keyboard.
std::string Nearest(std::string_view word, std::span<const std::string> candidates);

// ", did you mean 'NEAREST'?" or "" where nothing is near.
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);

// "a, b, c" for messages that list what is allowed.
std::string JoinWords(std::span<const std::string> words);

}  // namespace dse
