#include "core/complexity.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/named_models.h"
#include "tests/support/random_model.h"

namespace dse::complexity_test {
namespace {

struct GoldenRow {
  std::string name;
  int64_t resolution, flops, params, acts;
};

// tests/data/golden-complexity.csv: the figures of the authors' code for the models of the paper.
std::vector<GoldenRow> GoldenRows() {
  std::ifstream file(DSE_TEST_DATA "/golden-complexity.csv");
  std::string line;
  std::getline(file, line);
  std::vector<GoldenRow> rows;
  while (std::getline(file, line)) {
    for (char& c : line) {
      if (c == ',') c = ' ';
    }
    GoldenRow row;
    std::istringstream(line) >> row.name >> row.resolution >> row.flops >> row.params >> row.acts;
    rows.push_back(row);
  }
  return rows;
}

Model Parse(const std::string& text) { return ParseModel(ParseJson(text, "test"), "test"); }

TEST_CASE("the named models have exactly the authors' flops, params and acts", "[complexity]") {
  const std::vector<GoldenRow> rows = GoldenRows();
  REQUIRE(rows.size() == 36);
  REQUIRE(ModelNames().size() == rows.size());
  for (const GoldenRow& row : rows) {
    INFO(row.name);
    const Model model = NamedModel(row.name);
    CHECK(model.frame.resolution == row.resolution);
    const Complexity counted = CountComplexity(model);
    CHECK(counted.flops == row.flops);
    CHECK(counted.params == row.params);
    CHECK(counted.acts == row.acts);
  }
}

// One stage each, counted by hand: 8 px input, cifar stem of width 16, 10 classes.
// Stem: 3x3, 3 -> 16 at 8x8: 9*3*16*64 = 27648 flops, 432 + 32 params, 1024 acts.
// Head: 16 -> 10: 170 flops and params, 10 acts.
constexpr Complexity kStemAndHead{27648 + 170, 432 + 32 + 170, 1024 + 10};

Complexity Body(const std::string& block, const std::string& more) {
  const Model model =
      Parse(R"({"block":")" + block +
            R"(","stem":"cifar","resolution":8,"classes":10,"widths":[16],)" + more + "}");
  Complexity body = CountComplexity(model);
  body.flops -= kStemAndHead.flops;
  body.params -= kStemAndHead.params;
  body.acts -= kStemAndHead.acts;
  return body;
}

TEST_CASE("blocks of width 16 at 8x8 have the counts worked out by hand", "[complexity]") {
  // V: 9*16*16*64 flops, 9*16*16 + 32 params, 16*64 acts.
  CHECK(Body("V", R"("depths":[1],"strides":[1])") == Complexity{147456, 2336, 1024});
  // Basic: two of them.
  CHECK(Body("Basic", R"("depths":[1],"strides":[1])") == Complexity{294912, 4672, 2048});
  // R with b = 2: 16 -> 8 -> 8 -> 16. 1x1s 8192 flops each, 3x3 9*64*64 = 36864;
  // params 128 + 16, 576 + 16, 128 + 32; acts 512 + 512 + 1024.
  CHECK(Body("R", R"("depths":[1],"strides":[1],"bottleneck":2)") ==
        Complexity{8192 + 36864 + 8192, 144 + 592 + 160, 2048});
  // X with g = 4: the 3x3 shrinks by the two groups.
  CHECK(Body("X", R"("depths":[1],"strides":[1],"bottleneck":2,"group_widths":4)") ==
        Complexity{8192 + 18432 + 8192, 144 + 304 + 160, 2048});
  // Y adds squeeze width 4 on 8 channels: 8*4 + 4 and 4*8 + 8 flops and params, 4 + 8 acts.
  CHECK(Body("Y", R"("depths":[1],"strides":[1],"bottleneck":2,"group_widths":4)") ==
        Complexity{8192 + 18432 + 8192 + 76, 144 + 304 + 160 + 76, 2048 + 12});
}

TEST_CASE("a block that changes the shape has a projection and one that does not has none",
          "[complexity]") {
  // VR with stride 2: 3x3 at 4x4 (9*256*16 flops) plus 1x1 shortcut (256*16 flops, 256 + 32
  // params).
  CHECK(Body("VR", R"("depths":[1],"strides":[2])") ==
        Complexity{36864 + 4096, 2336 + 288, 256 + 256});
  CHECK(Body("VR", R"("depths":[1],"strides":[1])") == Complexity{147456, 2336, 1024});
  CHECK(Body("V", R"("depths":[1],"strides":[2])") == Complexity{36864, 2336, 256});
}

TEST_CASE("odd resolutions round up when halved", "[complexity]") {
  const Model model = Parse(R"({"block":"V","resolution":9,"depths":[1,1],"widths":[8,8]})");
  const ComplexityBreakdown parts = BreakDownComplexity(model);
  CHECK(parts.stem_resolution == 5);
  CHECK(parts.stem.acts == 32 * 5 * 5);
  CHECK(parts.stages[0].output_resolution == 3);
  CHECK(parts.stages[1].output_resolution == 2);
}

TEST_CASE("the breakdown adds up to the total", "[complexity]") {
  for (const std::string& name : ModelNames()) {
    const Model model = NamedModel(name);
    const ComplexityBreakdown parts = BreakDownComplexity(model);
    Complexity sum = parts.stem;
    for (size_t i = 0; i < parts.stages.size(); ++i) {
      const StageComplexity& stage = parts.stages[i];
      sum += stage.total;
      CHECK(stage.total.flops ==
            stage.first.flops + stage.others.flops * (model.stages[i].depth - 1));
    }
    sum += parts.head;
    CHECK(sum == parts.total);
    CHECK(parts.total == CountComplexity(model));
  }
}

// The rules of the header once more, for the property test below: each operator of each block of a
// network by itself, divided by its groups.
class PlainCount {
 public:
  explicit PlainCount(const Model& model) : frame_(model.frame), size_(model.frame.resolution) {
    AddStem();
    for (const Stage& stage : model.stages) {
      for (int block = 0; block < stage.depth; ++block) {
        AddBlock(stage, block == 0 ? stage.stride : 1);
      }
    }
    if (frame_.head_width > 0) AddConvolution(1, frame_.head_width);
    total_ += {width_ * frame_.classes + frame_.classes, width_ * frame_.classes + frame_.classes,
               frame_.classes};
  }
  const Complexity& total() const { return total_; }

 private:
  void AddConvolution(int64_t k, int64_t out, int64_t stride = 1, int64_t groups = 1) {
    size_ = (size_ - 1) / stride + 1;
    total_ += {k * k * width_ * out * size_ * size_ / groups,
               k * k * width_ * out / groups + 2 * out, out * size_ * size_};
    width_ = out;
  }
  void AddStem() {
    const bool cifar = frame_.stem == StemType::kCifar;
    const bool resnet = frame_.stem == StemType::kResnet;
    AddConvolution(resnet ? 7 : 3, frame_.stem_width, cifar ? 1 : 2);
    if (!resnet) return;
    size_ = (size_ - 1) / 2 + 1;
    total_.acts += width_ * size_ * size_;
  }
  void AddSqueeze(int64_t squeeze) {
    total_ += {width_ * squeeze + squeeze, width_ * squeeze + squeeze, squeeze};
    total_ += {squeeze * width_ + width_, squeeze * width_ + width_, width_};
  }
  void AddBlock(const Stage& stage, int stride) {
    const int64_t width_in = width_;
    const int64_t size_in = size_;
    AddMainPath(stage, stride);
    const bool plain = frame_.block == BlockType::kV || frame_.block == BlockType::kMBConv;
    if (plain || (width_in == stage.width && stride == 1)) return;
    width_ = width_in;
    size_ = size_in;
    AddConvolution(1, stage.width, stride);
  }
  void AddMainPath(const Stage& stage, int stride) {
    const int64_t width_in = width_;
    const int64_t inner = InnerWidth(stage);
    switch (frame_.block) {
      case BlockType::kX:
      case BlockType::kY:
      case BlockType::kR:
        AddConvolution(1, inner);
        AddConvolution(3, inner, stride, Groups(frame_.block, stage));
        if (frame_.block == BlockType::kY) {
          AddSqueeze(SqueezeWidth(frame_, static_cast<int>(width_in)));
        }
        AddConvolution(1, stage.width);
        break;
      case BlockType::kV:
      case BlockType::kVR:
        AddConvolution(3, stage.width, stride);
        break;
      case BlockType::kBasic:
        AddConvolution(3, stage.width, stride);
        AddConvolution(3, stage.width);
        break;
      case BlockType::kMBConv:
        if (stage.expansion != 1) AddConvolution(1, width_in * stage.expansion);
        AddConvolution(stage.kernel, width_, stride, width_);
        if (frame_.se_ratio > 0) {
          AddSqueeze(static_cast<int64_t>(static_cast<double>(width_in) * frame_.se_ratio));
        }
        AddConvolution(1, stage.width);
        break;
    }
  }

  const Frame& frame_;
  int64_t width_ = 3;
  int64_t size_;
  Complexity total_;
};

TEST_CASE("random networks of every block have the counts of their operators one by one",
          "[complexity]") {
  for (const Word<BlockType>& block : kBlockWords) {
    RandomStream random(StreamKey(5, "complexity"), static_cast<uint64_t>(block.value));
    int64_t different = 0;
    for (int i = 0; i < 2000; ++i) {
      const Model model = RandomModel(block.value, random);
      const Complexity expected = PlainCount(model).total();
      different += !(CountComplexity(model) == expected);
      different += !(BreakDownComplexity(model).total == expected);
    }
    INFO("block " << block.text);
    CHECK(different == 0);
  }
}

TEST_CASE("the largest network that is let in does not overflow", "[complexity]") {
  const std::string widest = R"({"block":"R","resolution":1024,"stem":"cifar","strides":1,)"
                             R"("depths":[512,512],"widths":16384})";
  CHECK_THROWS_WITH(Parse(widest), "test: the network is too large to count in 63 bits");
  const Model large = Parse(R"({"block":"R","resolution":256,"stem":"cifar","strides":1,)"
                            R"("depths":[512,2],"widths":[8192,8192]})");
  CHECK(CountComplexity(large).flops > int64_t{1} << 50);
  // 41 blocks, expanded to 4 * 12000: 2 * 48000 * 12000 + 49 * 48000 multiply-adds a pixel in each
  // but the first.
  const Model mobile = Parse(R"({"block":"MBConv","stem":"simple","head_width":8,"strides":1,)"
                             R"("se_ratio":0,"depths":[41],"widths":12000,"expansions":4,)"
                             R"("kernels":7})");
  CHECK(CountComplexity(mobile).flops > 40 * 112 * 112 * (2LL * 48000 * 12000 + 49LL * 48000));
}

}  // namespace
}  // namespace dse::complexity_test
