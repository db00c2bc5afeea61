#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace dse {

namespace sqlite {
class Connection;
}

// Text that copies share: each run of a plan names its recipe.
class SharedText {
 public:
  SharedText() : SharedText(std::string()) {}
  SharedText(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
  SharedText(const char* text) : SharedText(std::string(text)) {}
  const std::string& str() const { return *text_; }

 private:
  std::shared_ptr<const std::string> text_;
};

// A document with its natural key: a recipe's hash, or a dataset's fingerprint. Name and URI are
// stored as first given.
struct RecipeRow {
  std::string hash;
  std::string name;
  SharedText document;  // canonical JSON with every key: lr and weight_decay are read from it
};
struct DatasetRow {
  std::string fingerprint;
  std::string uri;
  int64_t classes = 0;
  int64_t train_images = 0;
  int64_t test_images = 0;
  std::string old_fingerprint{};  // see db/rows/adoption.h; "" = none
  int64_t corrupt_images = 0;     // left out when it was opened
};

// Row ids by natural key, inserting what the file does not know. What is there already stays as it
// is, so names are those first given. Use within a transaction.
int64_t StoreRecipe(sqlite::Connection& connection, const RecipeRow& recipe);
int64_t StoreDataset(sqlite::Connection& connection, const DatasetRow& dataset);
int64_t StoreSeries(sqlite::Connection& connection, int64_t population_id, int64_t recipe_id,
                    int64_t dataset_id);
std::optional<int64_t> FindDataset(sqlite::Connection& connection, const std::string& fingerprint);

}  // namespace dse
