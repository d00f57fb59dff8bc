#include "core/recipe/recipe_file.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "core/recipe/source_text.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

constexpr int64_t kMaximumSeeds = 10000;

void AppendLeaves(const SettingPath& path, const Node& value, Changes& leaves) {
  if (!value.IsMapping()) {
    leaves.push_back({path, value});
    return;
  }
  for (const Entry& entry : value.entries) {
    SettingPath inner = path;
    for (SettingPath::Step& step : ParsePath(entry.key, entry.place).steps) {
      inner.steps.push_back(std::move(step));
    }
    AppendLeaves(inner, entry.value, leaves);
  }
}

// Sets what is there already, and appends what is new.
void Merge(const Changes& from, Changes& into) {
  for (const Change& change : from) {
    const auto found = std::find_if(into.begin(), into.end(),
                                    [&](const Change& old) { return old.path == change.path; });
    if (found == into.end()) {
      into.push_back(change);
    } else {
      *found = change;
    }
  }
}

bool ReadArmName(const Node& node, ArmText& arm, const FieldContext& field) {
  constexpr size_t kLongest = 200;
  const std::string path = field.path + ".name";
  const bool one_line = FindUnreadable(node.text) == node.text.size() &&
                        node.text.find_first_of("\n\t") == std::string::npos;
  if (!node.IsScalar() || node.text.empty() || node.text.size() > kLongest || !one_line) {
    AddWrongValue(node, {path, field.info, field.diagnostics},
                  fmt::format("a name on one line, at most {} bytes", kLongest));
    return false;
  }
  arm.name = node.text;
  arm.place = node.place;
  return true;
}

// The leaves of a mapping of settings, none of them twice.
std::optional<Changes> ReadChanges(const Node& node, const FieldContext& field) {
  constexpr size_t kMost = 500;
  Changes changes = LeavesOf({}, node);
  if (changes.size() > kMost) {
    AddWrongValue(node, field, fmt::format("at most {} settings", kMost));
    return std::nullopt;
  }
  std::set<std::string> seen;
  for (const Change& change : changes) {
    const std::string path = change.path.ToString();
    if (seen.insert(path).second) continue;
    field.diagnostics.Error(change.path.place(), fmt::format("{} is given twice", path));
    return std::nullopt;
  }
  return changes;
}

// One item of `arms`, `exclude` or a list of parameters.
bool ReadArm(const Node& node, bool may_have_name, ArmText& arm, const FieldContext& field) {
  if (!node.IsMapping()) {
    AddWrongValue(node, field, "a mapping: setting and value");
    return false;
  }
  arm.place = node.place;
  Node changes = node;
  const auto name = std::find_if(changes.entries.begin(), changes.entries.end(),
                                 [](const Entry& entry) { return entry.key == "name"; });
  bool valid = true;
  if (may_have_name && name != changes.entries.end()) {
    valid = ReadArmName(name->value, arm, field);
    changes.entries.erase(name);
  }
  std::optional<Changes> read = ReadChanges(changes, field);
  if (!read) return false;
  arm.changes = std::move(*read);
  if (!may_have_name && arm.changes.empty()) {
    AddWrongValue(node, field, "a mapping of at least one setting to a value");
    return false;
  }
  return valid;
}

bool ReadArms(const Node& node, bool may_have_name, std::vector<ArmText>& arms,
              const FieldContext& field, const std::string& expected) {
  if (!node.IsSequence()) {
    AddWrongValue(node, field, expected);
    return false;
  }
  arms.clear();
  bool valid = true;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string path = fmt::format("{}.{}", field.path, i);
    ArmText arm;
    if (ReadArm(node.items[i], may_have_name, arm, {path, field.info, field.diagnostics})) {
      arms.push_back(std::move(arm));
    } else {
      valid = false;
    }
  }
  return valid;
}

bool ReadSize(const Entry& entry, std::vector<SizeText>& sizes, const FieldContext& field) {
  constexpr size_t kLongest = 40;
  const bool word = std::all_of(entry.key.begin(), entry.key.end(), [](unsigned char c) {
    return c < 128 && (std::isalnum(c) != 0 || c == '_');
  });
  if (!word || entry.key.size() > kLongest) {
    field.diagnostics.Error(entry.place, fmt::format("a size cannot be named \"{}\"", entry.key),
                            fmt::format("at most {} letters, digits and '_'", kLongest));
    return false;
  }
  if (!entry.value.IsMapping() && !entry.value.IsNull()) {
    const std::string path = JoinPath(field.path, entry.key);
    AddWrongValue(entry.value, {path, field.info, field.diagnostics}, "a mapping of keys");
    return false;
  }
  sizes.push_back({entry.key, entry.place, entry.value});
  return true;
}

bool ReadAxis(const Change& leaf, std::vector<Parameter>& axes, const FieldContext& field) {
  if (!leaf.value.IsSequence() || leaf.value.items.empty()) {
    const std::string path = fmt::format("{}.{}", field.path, leaf.path.ToString());
    AddWrongValue(leaf.value, {path, field.info, field.diagnostics}, "a list of values");
    return false;
  }
  const auto found = std::find_if(axes.begin(), axes.end(),
                                  [&](const Parameter& axis) { return axis.path == leaf.path; });
  Parameter& axis = found == axes.end() ? axes.emplace_back() : *found;
  axis = {leaf.path, leaf.value.items};
  return true;
}

}  // namespace

Changes LeavesOf(const SettingPath& path, const Node& value) {
  Changes leaves;
  AppendLeaves(path, value, leaves);
  return leaves;
}

bool ReadValue(const Node& node, ArmTexts& value, const FieldContext& field) {
  return ReadArms(node, true, value.list, field, ExpectedWords(value, field.info));
}

bool ReadValue(const Node& node, Exclusions& value, const FieldContext& field) {
  return ReadArms(node, false, value.list, field, ExpectedWords(value, field.info));
}

bool ReadValue(const Node& node, Parameters& value, const FieldContext& field) {
  if (node.IsSequence()) {
    value.axes.clear();
    return ReadArms(node, true, value.arms, field, ExpectedWords(value, field.info));
  }
  if (!node.IsMapping()) {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  value.arms.clear();
  const std::optional<Changes> leaves = ReadChanges(node, field);
  bool valid = leaves.has_value();
  for (const Change& leaf : leaves.value_or(Changes{})) valid &= ReadAxis(leaf, value.axes, field);
  return valid;
}

bool ReadValue(const Node& node, BaselineText& value, const FieldContext& field) {
  if (node.IsScalar()) {
    value = {node.text, node.place, {}};
    return true;
  }
  if (!node.IsMapping()) {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  value.arm.clear();
  value.place = node.place;
  const std::optional<Changes> changes = ReadChanges(node, field);
  if (changes) Merge(*changes, value.changes);
  return changes.has_value();
}

bool ReadValue(const Node& node, SeedValues& value, const FieldContext& field) {
  SeedValues read;
  if (node.IsSequence() && !node.items.empty()) {
    const FieldInfo seed{.minimum = 0};
    if (!ReadValue(node, read.list, FieldContext{field.path, seed, field.diagnostics})) {
      return false;
    }
    std::set<int64_t> seen;
    for (size_t i = 0; i < read.list.size(); ++i) {
      if (seen.insert(read.list[i]).second) continue;
      field.diagnostics.Error(node.items[i].place,
                              fmt::format("the seed {} is given twice", read.list[i]));
      return false;
    }
    value = read;
    return true;
  }
  const std::optional<int64_t> count =
      node.IsScalar() && !node.quoted ? ParseWholeNumber(node.text) : std::nullopt;
  if (!count || *count < 1 || *count > kMaximumSeeds) {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  read.list.clear();
  for (int64_t seed = 0; seed < *count; ++seed) read.list.push_back(seed);
  value = read;
  return true;
}

bool ReadValue(const Node& node, SizeTexts& value, const FieldContext& field) {
  if (!node.IsMapping() || node.entries.empty()) {
    AddWrongValue(node, field, ExpectedWords(value, field.info));
    return false;
  }
  value.list.clear();
  bool valid = true;
  for (const Entry& entry : node.entries) valid &= ReadSize(entry, value.list, field);
  return valid;
}

bool ReadValue(const Node& node, AllowedLints& value, const FieldContext& field) {
  AllowedLints read;
  const std::vector<Node>& items = node.IsSequence() ? node.items : std::vector<Node>{node};
  for (const Node& item : items) {
    const std::optional<size_t> index = ReadWord(item, WordsOf<Lint>(), field);
    if (!index) return false;
    read.list.push_back(EnumNames<Lint>::values[*index].value);
  }
  value = read;
  return true;
}

std::string ExpectedWords(const ArmTexts&, const FieldInfo&) {
  return "a list of mappings, each with a name and the settings that it changes";
}
std::string ExpectedWords(const Parameters&, const FieldInfo&) {
  return "a mapping of settings to lists of values; for method: list, a list of mappings of "
         "settings to values";
}
std::string ExpectedWords(const Exclusions&, const FieldInfo&) {
  return "a list of mappings of settings to values";
}
std::string ExpectedWords(const BaselineText&, const FieldInfo&) {
  return "an arm's name, or a mapping of settings to values";
}
std::string ExpectedWords(const SeedValues&, const FieldInfo&) {
  return fmt::format("a list of whole numbers of at least 0, or how many (from 1 to {})",
                     kMaximumSeeds);
}
std::string ExpectedWords(const SizeTexts&, const FieldInfo&) {
  return "a mapping of names to mappings of keys: {lab: {extends: lab.yaml}, paper: {…}}";
}
std::string ExpectedWords(const AllowedLints&, const FieldInfo&) {
  return "a list, each item " + OneOf(WordsOf<Lint>());
}

}  // namespace upcycle
