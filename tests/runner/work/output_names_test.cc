#include "runner/work/output_names.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json.h"
#include "tests/runner/work/tested_study.h"

namespace dse::output_names_test {
namespace {

using Catch::Matchers::EndsWith;

// A run with weights that name these classes.
struct NamedRun {
  explicit NamedRun(const std::vector<std::string>& classes) { study.KeepWeights(run, classes); }

  ClassList Names(const std::string& data) const {
    const Model model = ParseModel(ParseJson(run.model_json, "model"), "model");
    return OutputNames(data, 1).Of(run, model, study.WeightsOf(run));
  }

  TestedStudy study{1};
  DoneRun run = study.runs().front();
};

}  // namespace

TEST_CASE("outputs are called as their weights say, whatever the data") {
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
  const NamedRun named(names);
  const ClassList list = named.Names("folder:/nowhere");
  CHECK(list.owner == "the network of run " + std::to_string(named.run.run_id));
  CHECK(list.names == names);
  CHECK(list.count == 10);
}

TEST_CASE("weights that name other classes than the network has outputs are an error") {
  const NamedRun named({"a", "b"});
  CHECK_THROWS_WITH(named.Names("synthetic"),
                    EndsWith(": names 2 classes and its network has 10 outputs"));
}

TEST_CASE("weights without names have those of the data they were trained on, else none") {
  NamedRun named({});
  const std::vector<std::string> own = named.study.study().data().info().class_names;
  REQUIRE(own.size() == 10);
  CHECK(named.Names("synthetic").names == own);
  CHECK(named.Names("synthetic:easy").names.empty());
  CHECK(named.Names("folder:/nowhere").names.empty());
  named.run.fingerprint = "0123456789abcdef";
  CHECK(named.Names("synthetic").names.empty());
}

TEST_CASE("names that are no UTF-8 are kept with marks") {
  CHECK(AllUtf8({"dog", "caf\xe9"}) == std::vector<std::string>{"dog", "caf\xef\xbf\xbd"});
}

}  // namespace dse::output_names_test
