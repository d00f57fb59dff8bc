// The keys of a recipe file. Beside the settings of a run it has the study's own keys; those whose
// shape is not a plain field (arms, parameters, …) are read into the types below, which keep the
// YAML of their values: an arm's values are read on top of the base settings, whose types decide
// what they mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/node.h"
#include "core/recipe/path.h"
#include "core/recipe/settings.h"
#include "core/recipe/study_settings.h"
#include "core/recipe/values.h"

namespace upcycle {

// A setting and the value that it gets.
struct Change {
  SettingPath path;
  Node value;
};
// In the order in which they are written; mappings are taken apart into their leaves.
using Changes = std::vector<Change>;

// An arm as the recipe writes it.
struct ArmText {
  std::string name;  // empty: derived from the changes
  Place place;
  Changes changes;
};

struct ArmTexts {
  std::vector<ArmText> list;
};

struct Parameter {
  SettingPath path;
  std::vector<Node> values;
};

struct Parameters {
  std::vector<Parameter> axes;  // grid, zip and ablate: a mapping path → values
  std::vector<ArmText> arms;    // list: a list of mappings path → value
  bool empty() const { return axes.empty() && arms.empty(); }
};

struct Exclusions {
  std::vector<ArmText> list;  // without names
};

struct BaselineText {
  std::string arm;  // the name of an arm, or
  Place place;
  Changes changes;  // what the base settings are changed by
};

struct SeedValues {
  std::vector<int64_t> list = {0};
};

struct SeedSettings {
  SeedValues values;
  SeedsUntil until = SeedsUntil::kAll;
  int64_t first = 3;
  int64_t at_most = 12;
  bool paired = true;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("values");
    v.Field("values", s.values, {.help = "a list of seeds, or how many: 3 is [0, 1, 2]"});
    v.Field("until", s.until, {.help = "how long seeds are added"});
    v.Field("first", s.first,
            {.help = "seeds that every arm has before the first look, where they end once decided",
             .minimum = 3,
             .maximum = 50});
    v.Field("at_most", s.at_most,
            {.help = "seeds after which what is not decided stays so; they are 0, 1, … unless "
                     "values lists them",
             .minimum = 3,
             .maximum = 50});
    v.Field("paired", s.paired,
            {.help = "always true: arms of one seed share data order and noise"});
  }
};

// A recipe at one of its sizes: more keys, and bases of their own.
struct SizeText {
  std::string name;
  Place place;  // of the name
  Node keys;    // a mapping
};

struct SizeTexts {
  std::vector<SizeText> list;
};

// What the lints of fairness.h find, to be silenced where it is meant.
enum class Lint { kTwoFactors, kUnequalCompute, kUntunedRate };
template <>
struct EnumNames<Lint> {
  static constexpr EnumName<Lint> values[] = {
      {Lint::kTwoFactors, "two_factors", "an arm differs in several factors at once"},
      {Lint::kUnequalCompute, "unequal_compute", "arms train on unequal tokens or FLOPs"},
      {Lint::kUntunedRate, "untuned_rate", "one learning rate for arms that may want several"},
  };
};

struct AllowedLints {
  std::vector<Lint> list;
  bool Has(Lint lint) const { return std::find(list.begin(), list.end(), lint) != list.end(); }
};

inline constexpr const char* kStudyNames = "[A-Za-z0-9][A-Za-z0-9_.-]{0,99}";
inline constexpr const char* kStudyNamesForm =
    "at most 100 letters, digits, '-', '_' and '.', the first a letter or digit";

struct RecipeFile {
  std::string name;
  std::string description;
  std::vector<std::string> extends;
  SizeTexts sizes;
  MetricSettings metric;
  Method method = Method::kArms;
  BaselineText baseline;
  Parameters parameters;
  ArmTexts arms;
  Exclusions exclude;
  SeedSettings seeds;
  MatchSettings match;
  BudgetSettings budget;
  EarlyStoppingSettings early_stopping;
  TableSettings table;
  AllowedLints allow;
  RunSettings run;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field(
        "name", s.name,
        {.help = "the study's name; required", .pattern = kStudyNames, .form = kStudyNamesForm});
    v.Field("description", s.description, {.help = "what the study asks, in a sentence"});
    v.Field(
        "extends", s.extends,
        {.help = "recipes that this one is a difference from; the later wins", .is_path = true});
    v.Field("sizes", s.sizes,
            {.help = "the same study at several sizes, by name: each a mapping of keys on top of "
                     "the others, and bases of its own; --size chooses one, the first is the "
                     "default"});
    v.Group("metric", s.metric, "what arms are judged by");
    v.Field("method", s.method, {.help = "how parameters become arms"});
    v.Field(
        "baseline", s.baseline,
        {.help = "the arm that others are compared with: its name, or what the base settings are "
                 "changed by"});
    v.Field("parameters", s.parameters, {.help = "the settings that are varied, and their values"});
    v.Field("arms", s.arms, {.help = "arms by name, beside those of the method"});
    v.Field("exclude", s.exclude, {.help = "arms that are left out: those with all these values"});
    v.Group("seeds", s.seeds, "the seeds with which every arm runs");
    v.Group("match", s.match, "what is equal between arms");
    v.Group("budget", s.budget, "what the study may cost");
    v.Group("early_stopping", s.early_stopping, "whether arms that fall behind end early");
    v.Group("table", s.table, "how results are shown");
    v.Field("allow", s.allow,
            {.help = "warnings about fairness that are left out, because what they find is meant"});
    RunSettings::Describe(s.run, v);
  }
};

// Mappings are read on top of what is there; lists replace it.
bool ReadValue(const Node& node, ArmTexts& value, const FieldContext& field);
bool ReadValue(const Node& node, Parameters& value, const FieldContext& field);
bool ReadValue(const Node& node, Exclusions& value, const FieldContext& field);
bool ReadValue(const Node& node, BaselineText& value, const FieldContext& field);
bool ReadValue(const Node& node, SeedValues& value, const FieldContext& field);
bool ReadValue(const Node& node, SizeTexts& value, const FieldContext& field);
bool ReadValue(const Node& node, AllowedLints& value, const FieldContext& field);

std::string ExpectedWords(const ArmTexts&, const FieldInfo&);
std::string ExpectedWords(const Parameters&, const FieldInfo&);
std::string ExpectedWords(const Exclusions&, const FieldInfo&);
std::string ExpectedWords(const BaselineText&, const FieldInfo&);
std::string ExpectedWords(const SeedValues&, const FieldInfo&);
std::string ExpectedWords(const SizeTexts&, const FieldInfo&);
std::string ExpectedWords(const AllowedLints&, const FieldInfo&);

template <>
inline constexpr bool kTakesPaths<Parameters> = true;
template <>
inline constexpr bool kTakesPaths<BaselineText> = true;

// The leaves of a value: the value itself, or those of a mapping.
Changes LeavesOf(const SettingPath& path, const Node& value);

}  // namespace upcycle
