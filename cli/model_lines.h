#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/fit.h"

namespace dse {

// A line of `dse sample`: {"index","candidate","hash","model","overrides","flops","params","acts"}.
std::string DrawLine(const Draw& draw);

// A line of `dse inspect --json`: {"name","hash","model","flops","params","acts","fit"}.
std::string InspectLine(const Model& model, const Fit& fit);

// A network somebody asks for; its overrides are empty unless a line of `dse sample` has some.
struct GivenModel {
  Model model;
  Overrides overrides;
};

// The networks meant by the words of a command line: names, files with one model document, files of
// JSON Lines, "-" for JSON Lines on `input`. Lines may be model documents or lines of `dse sample`.
// Throws Error with file and line.
std::vector<GivenModel> ReadModels(std::span<const std::string> words, std::istream& input);

}  // namespace dse
