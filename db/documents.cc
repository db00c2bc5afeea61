#include "db/documents.h"

#include <string>

#include "core/error.h"
#include "db/sqlite/sqlite.h"

namespace dse {
namespace {

int64_t OnlyId(sqlite::Statement& find) {
  if (!find.Step()) throw Error("internal: a row just stored is missing");
  return find.Int(0);
}

}  // namespace

int64_t StoreRecipe(sqlite::Connection& connection, const RecipeRow& recipe) {
  const std::string& name = recipe.name.empty() ? recipe.hash : recipe.name;
  sqlite::Statement(connection,
                    "INSERT INTO recipes(hash, name, document) VALUES (?, ?, ?)"
                    " ON CONFLICT(hash) DO NOTHING",
                    recipe.hash, name, recipe.document.str())
      .Run();
  sqlite::Statement find(connection, "SELECT id FROM recipes WHERE hash = ?", recipe.hash);
  return OnlyId(find);
}

int64_t StoreDataset(sqlite::Connection& connection, const DatasetRow& dataset) {
  sqlite::Statement(connection,
                    "INSERT INTO datasets"
                    "(fingerprint, uri, classes, train_images, test_images, corrupt_images)"
                    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(fingerprint) DO NOTHING",
                    dataset.fingerprint, dataset.uri, dataset.classes, dataset.train_images,
                    dataset.test_images, dataset.corrupt_images)
      .Run();
  const std::optional<int64_t> id = FindDataset(connection, dataset.fingerprint);
  if (!id) throw Error("internal: a row just stored is missing");
  return *id;
}

std::optional<int64_t> FindDataset(sqlite::Connection& connection, const std::string& fingerprint) {
  sqlite::Statement find(connection, "SELECT id FROM datasets WHERE fingerprint = ?", fingerprint);
  if (!find.Step()) return std::nullopt;
  return find.Int(0);
}

int64_t StoreSeries(sqlite::Connection& connection, int64_t population_id, int64_t recipe_id,
                    int64_t dataset_id) {
  sqlite::Statement(connection,
                    "INSERT INTO series(population_id, recipe_id, dataset_id) VALUES (?, ?, ?)"
                    " ON CONFLICT(population_id, recipe_id, dataset_id) DO NOTHING",
                    population_id, recipe_id, dataset_id)
      .Run();
  sqlite::Statement find(
      connection,
      "SELECT id FROM series WHERE population_id = ? AND recipe_id = ? AND dataset_id = ?",
      population_id, recipe_id, dataset_id);
  return OnlyId(find);
}

}  // namespace dse
