#include "core/recipe/drafts.h"

#include <utility>

#include <fmt/format.h>

#include "core/recipe/arms.h"

namespace upcycle {
namespace {

using SharedChanges = std::vector<std::shared_ptr<const Change>>;

SharedChanges Share(const Changes& changes) {
  SharedChanges shared;
  for (const Change& change : changes) shared.push_back(std::make_shared<const Change>(change));
  return shared;
}

// A parameter and, for each of its values, what it changes.
struct Axis {
  std::string path;
  Place place;
  std::vector<SharedChanges> values;
};

class Drafting {
 public:
  Drafting(const RecipeFile& file, const Places& places, const Place& recipe,
           Diagnostics& diagnostics)
      : file_(file), places_(places), recipe_(recipe), diagnostics_(diagnostics) {
    for (const Parameter& parameter : file.parameters.axes) {
      Axis& axis = axes_.emplace_back();
      axis.path = parameter.path.ToString();
      axis.place = parameter.path.place();
      for (const Node& value : parameter.values) {
        axis.values.push_back(Share(LeavesOf(parameter.path, value)));
      }
    }
  }

  std::vector<ArmDraft> Draft() {
    DraftMethod();
    DraftListed(file_.arms.list);
    const bool ablates = file_.method == Method::kAblate;
    if (ablates || !file_.baseline.changes.empty() || drafts_.empty()) {
      const Place place = places_.Has("baseline") ? file_.baseline.place : recipe_;
      drafts_.insert(drafts_.begin(), ArmDraft{kBaselineName, place, {}, false, true});
    }
    return std::move(drafts_);
  }

 private:
  Place PlaceOf(const char* key) const { return places_.Find(key).value_or(recipe_); }

  void DraftMethod() {
    if (!HasWhatMethodNeeds()) return;
    switch (file_.method) {
      case Method::kArms:
        return;
      case Method::kGrid:
        return DraftGrid();
      case Method::kZip:
        return DraftZip();
      case Method::kList:
        return DraftListed(file_.parameters.arms);
      case Method::kAblate:
        return DraftAblation();
    }
  }

  bool HasWhatMethodNeeds() {
    const Method method = file_.method;
    const std::string word(NameOf(method));
    if (places_.IsWrong("parameters") || places_.IsWrong("method")) return false;
    if (method == Method::kArms && !file_.parameters.empty()) {
      diagnostics_.Error(PlaceOf("parameters"), "parameters without a method",
                         "method: grid, zip, list or ablate");
      return false;
    }
    const bool needs_list = method == Method::kList;
    const bool may_be_empty = method == Method::kArms || method == Method::kAblate;
    const bool has_other =
        needs_list ? !file_.parameters.axes.empty() : !file_.parameters.arms.empty();
    const bool missing = file_.parameters.empty() && !may_be_empty;
    if (has_other || missing) {
      diagnostics_.Error(
          PlaceOf(has_other ? "parameters" : "method"),
          has_other ? fmt::format("parameters do not have the form that method: {} reads", word)
                    : fmt::format("method: {} has no parameters", word),
          needs_list ? "parameters: a list of mappings of settings to values"
                     : "parameters: a mapping of settings to lists of values");
      return false;
    }
    return true;
  }

  // The first parameter changes slowest.
  void DraftGrid() {
    size_t count = 1;
    for (const Axis& axis : axes_) {
      count *= axis.values.size();
      if (count > kMaximumArms) {
        diagnostics_.Error(PlaceOf("parameters"),
                           fmt::format("the grid has more than {} arms", kMaximumArms),
                           "fewer values, or another method");
        return;
      }
    }
    for (size_t i = 0; i < count; ++i) {
      ArmDraft& draft = drafts_.emplace_back();
      draft.place = axes_.front().place;
      size_t stride = count;
      for (const Axis& axis : axes_) {
        stride /= axis.values.size();
        const SharedChanges& changes = axis.values[i / stride % axis.values.size()];
        draft.changes.insert(draft.changes.end(), changes.begin(), changes.end());
      }
    }
  }

  void DraftZip() {
    const size_t count = axes_.front().values.size();
    bool equal = true;
    for (const Axis& axis : axes_) {
      if (axis.values.size() == count) continue;
      equal = false;
      diagnostics_.Error(axis.place,
                         fmt::format("{} has {} values, but {} has {}", axis.path,
                                     axis.values.size(), axes_.front().path, count),
                         "as many values for each parameter of a zip");
    }
    for (size_t i = 0; equal && i < count; ++i) {
      ArmDraft& draft = drafts_.emplace_back();
      draft.place = axes_.front().place;
      for (const Axis& axis : axes_) {
        draft.changes.insert(draft.changes.end(), axis.values[i].begin(), axis.values[i].end());
      }
    }
  }

  void DraftAblation() {
    for (const Axis& axis : axes_) {
      for (const SharedChanges& changes : axis.values) {
        drafts_.push_back({"", axis.place, changes, true});
      }
    }
  }

  void DraftListed(const std::vector<ArmText>& arms) {
    for (const ArmText& arm : arms) {
      drafts_.push_back({arm.name, arm.place, Share(arm.changes), false});
    }
  }

  const RecipeFile& file_;
  const Places& places_;
  const Place& recipe_;
  Diagnostics& diagnostics_;
  std::vector<Axis> axes_;
  std::vector<ArmDraft> drafts_;
};

}  // namespace

std::vector<ArmDraft> DraftArms(const RecipeFile& file, const Places& places, const Place& recipe,
                                Diagnostics& diagnostics) {
  return Drafting(file, places, recipe, diagnostics).Draft();
}

}  // namespace upcycle
