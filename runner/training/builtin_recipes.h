#pragma once

#include <span>

namespace dse {

// A recipe that comes with the program, as the JSON text a user could have written.
struct BuiltInRecipe {
  const char* name;
  const char* json;
};

// "paper-10" first. README of this folder says where the numbers come from.
std::span<const BuiltInRecipe> BuiltInRecipes();

}  // namespace dse
