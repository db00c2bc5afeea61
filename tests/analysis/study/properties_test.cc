#include "analysis/study/properties.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "analysis/fit/quantized_linear_fit.h"
#include "core/named_models.h"
#include "tests/analysis/study/study_records.h"

namespace dse::properties_test {
namespace {

TEST_CASE("a model's properties are its stages, fit, complexity and recipe", "[properties]") {
  const MemberRecord member = ModelMember(0, {}, {1, 3}, {32, 64});
  const std::map<std::string, double> properties = MemberProperties(member);
  const std::vector<int> widths = {32, 64, 64, 64};
  const Fit fit = FitQuantizedLinear(widths);
  const std::map<std::string, double> expected = {{"depth", 4},
                                                  {"w1", 32},
                                                  {"w2", 64},
                                                  {"d1", 1},
                                                  {"d2", 3},
                                                  {"b1", 2},
                                                  {"b2", 2},
                                                  {"g1", 4},
                                                  {"g2", 4},
                                                  {"w0", fit.w0},
                                                  {"wa", fit.wa},
                                                  {"wm", fit.wm},
                                                  {"e_fit", fit.e_fit},
                                                  {"flops", double(member.complexity.flops)},
                                                  {"params", double(member.complexity.params)},
                                                  {"acts", double(member.complexity.acts)},
                                                  {"lr", 0.1},
                                                  {"wd", 0.0005},
                                                  {"lr_wd", 0.1 * 0.0005}};
  CHECK(properties == expected);
}

TEST_CASE("blocks have only the properties they have", "[properties]") {
  MemberRecord member = ModelMember(0, {}, {1}, {32});
  member.model->frame.block = BlockType::kR;
  CHECK(MemberProperties(member).contains("b1"));
  CHECK_FALSE(MemberProperties(member).contains("g1"));
  member.model->frame.block = BlockType::kVR;
  CHECK_FALSE(MemberProperties(member).contains("b1"));
}

TEST_CASE("a RegNet has the parameters it was drawn with and the e_fit of its fit",
          "[properties]") {
  MemberRecord member;
  member.model = NamedModel("regnetx-400mf");
  const std::map<std::string, double> properties = MemberProperties(member);
  CHECK(properties.at("w0") == 24);
  CHECK(properties.at("wa") == 24.48);
  CHECK(properties.at("wm") == 2.54);
  CHECK(properties.at("e_fit") == Approx(0.0716).margin(0.00005));
  CHECK_FALSE(properties.contains("lr"));
  CHECK_FALSE(properties.contains("lr_wd"));
}

TEST_CASE("a stored fit is used as it is", "[properties]") {
  MemberRecord member = ModelMember(0, {}, {2}, {32});
  member.fit = Fit{16, 24, 1.75, 0.5};
  const std::map<std::string, double> properties = MemberProperties(member);
  CHECK(properties.at("w0") == 16);
  CHECK(properties.at("wa") == 24);
  CHECK(properties.at("wm") == 1.75);
  CHECK(properties.at("e_fit") == 0.5);
}

TEST_CASE("imported columns stand by their names and never hide the model's own", "[properties]") {
  MemberRecord with_model = ModelMember(0, {}, {2}, {32});
  with_model.properties = {{"depth", 99}, {"temperature", 21.5}};
  CHECK(MemberProperties(with_model).at("depth") == 2);
  CHECK(MemberProperties(with_model).at("temperature") == 21.5);

  MemberRecord numbers;
  numbers.properties = {
      {"depth", 7}, {"lr", 0.5}, {"wd", 0.25}, {"x", std::numeric_limits<double>::quiet_NaN()}};
  CHECK(MemberProperties(numbers) ==
        std::map<std::string, double>{{"depth", 7}, {"lr", 0.5}, {"wd", 0.25}, {"lr_wd", 0.125}});
  CHECK(MemberProperties(MemberRecord{}).empty());
}

TEST_CASE("columns come in the order a reader expects, with gaps where a member lacks one",
          "[properties]") {
  MemberRecord first = Member(0, {});
  first.properties = {{"alpha", 1}, {"acts", 2}, {"w2", 3}, {"lr", 4}, {"wd", 5}, {"w10x", 6}};
  MemberRecord second = Member(1, {});
  second.properties = {{"w0", 1}, {"d1", 2}, {"w1", 3}, {"e_fit", 4}, {"depth", 5},
                       {"g1", 6}, {"b1", 7}, {"lr", 8}, {"flops", 9}, {"lr_wd", 10}};
  const std::vector<const MemberRecord*> members = {&first, &second};
  std::vector<std::string> names;
  for (const PropertyColumn& column : TabulateProperties(members)) {
    names.push_back(column.name);
    REQUIRE(column.values.size() == 2);
    if (column.name == "w2") CHECK((column.values[0] == 3 && std::isnan(column.values[1])));
    if (column.name == "lr") CHECK(column.values == std::vector<double>{4, 8});
    // A product where both factors are, an imported one elsewhere.
    if (column.name == "lr_wd") CHECK(column.values == std::vector<double>{20, 10});
  }
  CHECK(names == std::vector<std::string>{"depth", "w1", "w2", "d1", "b1", "g1", "w0", "e_fit",
                                          "flops", "acts", "lr", "wd", "lr_wd", "alpha", "w10x"});
}

}  // namespace
}  // namespace dse::properties_test
