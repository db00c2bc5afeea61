#include "runner/data/synthetic.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/suggest.h"
#include "runner/data/memory_images.h"

namespace dse {
namespace {

constexpr int kSide = 32;
constexpr int kClasses = 10;
constexpr int64_t kTrainImages = 4000;
constexpr int64_t kTestImages = 1000;
constexpr uint64_t kSeed = 1;

// Lengths are in 1/1024 pixel.
constexpr int kUnit = 1024;

// How hard it is to tell the classes apart. The plain dataset's bytes and fingerprint stay as they
// are: studies were made with them.
struct Grade {
  const char* word;             // of the URI; "" for the plain dataset
  uint64_t any_shade_one_in;    // figures that are not light in their class's own shade
  int low_radius, high_radius;  // px
  int contrast;                 // summed over channels, at least
  uint64_t spots;               // less than so many
  int low_noise, high_noise;
  uint64_t replace_one_label_in;
};
constexpr Grade kGrades[] = {{"", 4, 7, 13, 180, 5, 4, 16, 25},
                             {"easy", 16, 10, 13, 300, 2, 0, 6, 100},
                             {"hard", 1, 5, 10, 120, 9, 10, 32, 25}};

constexpr const char* kShapes[] = {"disc", "square", "triangle", "ring", "cross"};
constexpr const char* kTextures[] = {"striped", "checked"};

// Sixteen directions around a quarter turn and on: (cos, sin) of k * 22.5 degrees times 1024.
constexpr std::array<std::array<int, 2>, 16> kDirections{{{1024, 0},
                                                          {946, 392},
                                                          {724, 724},
                                                          {392, 946},
                                                          {0, 1024},
                                                          {-392, 946},
                                                          {-724, 724},
                                                          {-946, 392},
                                                          {-1024, 0},
                                                          {-946, -392},
                                                          {-724, -724},
                                                          {-392, -946},
                                                          {0, -1024},
                                                          {392, -946},
                                                          {724, -724},
                                                          {946, -392}}};

using Color = std::array<int, 3>;

constexpr std::array<Color, kClasses> kClassColors{{{220, 60, 60},
                                                    {60, 200, 60},
                                                    {70, 70, 220},
                                                    {220, 200, 60},
                                                    {200, 70, 200},
                                                    {60, 200, 210},
                                                    {235, 235, 235},
                                                    {240, 140, 40},
                                                    {30, 30, 30},
                                                    {130, 100, 60}}};

int Draw(RandomStream& random, int low, int high) {
  return low + static_cast<int>(random.Below(static_cast<uint64_t>(high - low + 1)));
}

Color DrawColor(RandomStream& random) {
  return {Draw(random, 0, 255), Draw(random, 0, 255), Draw(random, 0, 255)};
}

int Distance(const Color& a, const Color& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

Color DrawColorAwayFrom(RandomStream& random, const Color& other, int distance) {
  while (true) {
    const Color color = DrawColor(random);
    if (Distance(color, other) >= distance) return color;
  }
}

// A textured figure somewhere in the image.
struct Figure {
  int shape = 0;
  int texture = 0;
  int x = 0, y = 0;  // centre
  int radius = 0;
  std::array<int, 2> shape_direction{};
  std::array<int, 2> texture_direction{};
  int period = 0;  // of the texture, two bands
  Color light{}, dark{};
};

struct Point {
  int x = 0, y = 0;
};

Point Turn(int x, int y, const std::array<int, 2>& direction) {
  return {(x * direction[0] + y * direction[1]) / kUnit,
          (y * direction[0] - x * direction[1]) / kUnit};
}

// Whether a point relative to the centre, in the figure's own frame, lies inside.
bool Inside(const Figure& figure, Point p) {
  const int r = figure.radius;
  const int64_t square = int64_t{p.x} * p.x + int64_t{p.y} * p.y;
  switch (figure.shape) {
    case 0:
      return square <= int64_t{r} * r;
    case 1:
      return std::abs(p.x) <= r * 7 / 8 && std::abs(p.y) <= r * 7 / 8;
    case 2:
      return p.y <= r * 3 / 4 && 2 * std::abs(p.x) <= p.y + r;
    case 3:
      return square <= int64_t{r} * r && square >= int64_t{r} * r / 4;
    default:
      return (std::abs(p.x) <= r && 3 * std::abs(p.y) <= r) ||
             (std::abs(p.y) <= r && 3 * std::abs(p.x) <= r);
  }
}

// Which band of a pattern with this period a coordinate lies in.
bool Band(int coordinate, int period) {
  const int shifted = coordinate + 64 * period;  // positive
  return shifted % period < period / 2;
}

const Color& Texture(const Figure& figure, Point p) {
  const bool across = Band(p.x, figure.period);
  const bool light = figure.texture == 0 ? across : across != Band(p.y, figure.period);
  return light ? figure.light : figure.dark;
}

// Figures in a shade of their class's own give a short training something to begin with.
Color DrawLightColor(RandomStream& random, const Grade& grade, int label, const Color& background) {
  if (random.Below(grade.any_shade_one_in) == 0) {
    return DrawColorAwayFrom(random, background, grade.contrast);
  }
  Color color = kClassColors[static_cast<size_t>(label)];
  for (int& channel : color) channel = std::clamp(channel + Draw(random, -40, 40), 0, 255);
  return color;
}

Figure DrawFigure(RandomStream& random, const Grade& grade, int label, const Color& background) {
  Figure figure;
  figure.shape = label % 5;
  figure.texture = label / 5;
  figure.radius = Draw(random, grade.low_radius * kUnit, grade.high_radius * kUnit);
  figure.x = Draw(random, 11 * kUnit, 21 * kUnit);
  figure.y = Draw(random, 11 * kUnit, 21 * kUnit);
  figure.shape_direction = kDirections[random.Below(kDirections.size())];
  figure.texture_direction = kDirections[random.Below(kDirections.size())];
  figure.period = Draw(random, 4 * kUnit, 7 * kUnit);
  figure.light = DrawLightColor(random, grade, label, background);
  figure.dark = DrawColorAwayFrom(random, figure.light, grade.contrast);
  return figure;
}

// A plain spot that means nothing.
struct Spot {
  int x = 0, y = 0, radius = 0;
  Color color{};
};

std::vector<Spot> DrawSpots(RandomStream& random, uint64_t below) {
  std::vector<Spot> spots(random.Below(below));
  for (Spot& spot : spots) {
    spot = {Draw(random, 0, kSide * kUnit), Draw(random, 0, kSide * kUnit),
            Draw(random, kUnit, 3 * kUnit), DrawColor(random)};
  }
  return spots;
}

bool Covers(const Spot& spot, int x, int y) {
  const int64_t dx = x - spot.x, dy = y - spot.y;
  return dx * dx + dy * dy <= int64_t{spot.radius} * spot.radius;
}

Image DrawImage(RandomStream& random, const Grade& grade, int label) {
  const Color near = DrawColor(random), far = DrawColor(random);  // ends of the background's slope
  const Figure figure = DrawFigure(random, grade, label, near);
  const std::vector<Spot> spots = DrawSpots(random, grade.spots);
  const int noise = Draw(random, grade.low_noise, grade.high_noise);
  Image image{kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3)};
  size_t at = 0;
  for (int row = 0; row < kSide; ++row) {
    for (int column = 0; column < kSide; ++column) {
      const int x = column * kUnit + kUnit / 2, y = row * kUnit + kUnit / 2;
      Color color;
      for (size_t c = 0; c < 3; ++c) color[c] = near[c] + (far[c] - near[c]) * row / kSide;
      const int dx = x - figure.x, dy = y - figure.y;
      if (Inside(figure, Turn(dx, dy, figure.shape_direction))) {
        color = Texture(figure, Turn(dx, dy, figure.texture_direction));
      }
      for (const Spot& spot : spots) {
        if (Covers(spot, x, y)) color = spot.color;
      }
      for (size_t c = 0; c < 3; ++c, ++at) {
        const int value = color[c] + Draw(random, -noise, noise);
        image.pixels[at] = static_cast<uint8_t>(std::clamp(value, 0, 255));
      }
    }
  }
  return image;
}

std::string UriOf(const Grade& grade) {
  return *grade.word == '\0' ? "synthetic" : std::string("synthetic:") + grade.word;
}

const Grade& FindGrade(const std::string& word) {
  std::vector<std::string> known;
  for (const Grade& grade : kGrades) {
    if (grade.word == word) return grade;
    if (*grade.word != '\0') known.push_back(grade.word);
  }
  throw Error("'synthetic:" + word + "' is none of synthetic, synthetic:easy, synthetic:hard" +
              DidYouMean(word, known));
}

MemoryImages DrawSplit(const Grade& grade, const char* name, int64_t count, int threads) {
  const uint64_t key = StreamKey(kSeed, UriOf(grade) + " " + name);
  std::vector<Image> images(static_cast<size_t>(count));
  std::vector<int> labels(images.size());
  ParallelFor(count, threads, [&](int64_t i) {
    RandomStream random(key, static_cast<uint64_t>(i));
    const int label = static_cast<int>(i % kClasses);
    const auto at = static_cast<size_t>(i);
    images[at] = DrawImage(random, grade, label);
    const bool replaced = random.Below(grade.replace_one_label_in) == 0;
    labels[at] = replaced ? static_cast<int>(random.Below(kClasses)) : label;
  });
  MemoryImages split;
  for (size_t i = 0; i < images.size(); ++i) split.Add(std::move(images[i]), labels[i]);
  return split;
}

}  // namespace

std::unique_ptr<Dataset> MakeSyntheticDataset(const std::string& grade_word, int threads) {
  const Grade& grade = FindGrade(grade_word);
  DatasetInfo info;
  info.uri = UriOf(grade);
  info.fingerprint =
      ShortHash("dse synthetic images, version 1" + (grade_word.empty() ? "" : ", " + grade_word));
  for (const char* texture : kTextures) {
    for (const char* shape : kShapes) {
      info.class_names.push_back(std::string(texture) + " " + shape);
    }
  }
  return MakeMemoryDataset(DrawSplit(grade, "train", kTrainImages, threads),
                           DrawSplit(grade, "test", kTestImages, threads), std::move(info));
}

}  // namespace dse
