#include "core/recipe/seed_plan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace upcycle {
namespace {

// As many as `at_most` says, of those that are listed, or from 0.
std::vector<int64_t> SeedsAtMost(const SeedSettings& seeds, bool is_limited) {
  std::vector<int64_t> list = seeds.values.list;
  const bool is_listed = list.size() > 1;
  const auto most = static_cast<size_t>(seeds.at_most);
  if (!is_listed) {
    list.resize(most);
    std::iota(list.begin(), list.end(), seeds.values.list.front());
  } else if (is_limited && list.size() > most) {
    list.resize(most);
  }
  std::ranges::sort(list);  // the order in which they come, whatever the recipe's
  return list;
}

}  // namespace

std::vector<int64_t> PlannedSeeds(const RecipeFile& file, const Reading& reading,
                                  const Place& beginning) {
  const SeedSettings& seeds = file.seeds;
  const auto error = [&](const char* key, const std::string& what, const std::string& hint) {
    reading.diagnostics.Error(reading.places.Find(key).value_or(beginning), what, hint);
  };
  if (seeds.until == SeedsUntil::kAll) {
    for (const char* key : {"seeds.first", "seeds.at_most"}) {
      if (!reading.places.Has(key)) continue;
      error(key, fmt::format("{} means something only where seeds end once arms are decided", key),
            "until: decided beside it, or only values");
    }
    return seeds.values.list;
  }
  std::vector<int64_t> list = SeedsAtMost(seeds, reading.places.Has("seeds.at_most"));
  if (static_cast<int64_t>(list.size()) < seeds.first) {
    error("seeds",
          fmt::format("{} seeds at most are fewer than the {} before the first look", list.size(),
                      seeds.first),
          "more seeds.values, a larger seeds.at_most, or a smaller seeds.first");
  }
  if (file.early_stopping.method != EarlyStoppingMethod::kNone) {
    error("seeds.until",
          "seeds.until=decided and early_stopping exclude each other: what is kept for having been "
          "better is no fair sample to test",
          "one of the two");
  }
  return list;
}

}  // namespace upcycle
