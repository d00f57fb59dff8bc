// The settings of a study beside those of its runs: what is compared, on what, how often, for how
// much, and how it is shown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/recipe/fields.h"
#include "core/table_words.h"

namespace upcycle {

// How `parameters` become arms.
enum class Method { kArms, kGrid, kZip, kList, kAblate };
template <>
struct EnumNames<Method> {
  static constexpr EnumName<Method> values[] = {
      {Method::kArms, "arms", "only the arms that `arms` names"},
      {Method::kGrid, "grid", "every combination of the parameters' values"},
      {Method::kZip, "zip", "the first values together, the second values together, …"},
      {Method::kList, "list", "parameters is a list; each item is an arm"},
      {Method::kAblate, "ablate",
       "the baseline, and one arm for each value that differs from the baseline's: one factor at a "
       "time"},
  };
};

enum class Goal { kMinimize, kMaximize };
template <>
struct EnumNames<Goal> {
  static constexpr EnumName<Goal> values[] = {
      {Goal::kMinimize, "minimize", "less is better"},
      {Goal::kMaximize, "maximize", "more is better"},
  };
};

struct MetricSettings {
  std::string name = "validation/loss";
  Goal goal = Goal::kMinimize;
  double margin = 0;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("name");
    v.Field("name", s.name,
            {.help = "what arms are judged by",
             .pattern = "[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*",
             .form = "a metric's name, such as validation/loss or atlas/accuracy"});
    v.Field("goal", s.goal,
            {.help = "which direction is better; where it is left out, the "
                     "metric's name says: a loss is minimized, an accuracy maximized"});
    v.Field("margin", s.margin,
            {.help = "arms that are shown to be closer to the baseline than this are called "
                     "equivalent, in the metric's unit; 0: none is",
             .minimum = 0,
             .maximum = 1e6});
  }
};

enum class SeedsUntil { kAll, kDecided };
template <>
struct EnumNames<SeedsUntil> {
  static constexpr EnumName<SeedsUntil> values[] = {
      {SeedsUntil::kAll, "all", "every arm runs with all of them"},
      {SeedsUntil::kDecided, "decided",
       "an arm gets one more seed at a time until its verdict is decided, or at_most are spent; "
       "tests are made for being looked at after each"},
  };
};

enum class MatchOn { kNone, kTrainFlops, kPaddedTrainFlops, kTrainTokens };
template <>
struct EnumNames<MatchOn> {
  static constexpr EnumName<MatchOn> values[] = {
      {MatchOn::kNone, "none", "every arm trains on its own train.tokens"},
      {MatchOn::kTrainFlops, "train_flops", "FLOPs of the assignments that capacity can serve"},
      {MatchOn::kPaddedTrainFlops, "padded_train_flops",
       "FLOPs of all the rows that capacity makes room for"},
      {MatchOn::kTrainTokens, "train_tokens", "tokens"},
  };
};

struct MatchSettings {
  MatchOn on = MatchOn::kNone;
  double tolerance = 0.01;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("on");
    v.Field("on", s.on,
            {.help = "what every arm's token budget is solved for to be equal to the baseline's"});
    v.Field("tolerance", s.tolerance,
            {.help = "largest relative difference that whole batches may leave",
             .minimum = 0,
             .maximum = 1,
             .unit = "share"});
  }
};

enum class OnExceed { kRefuse, kWarn, kAsk, kCut };
template <>
struct EnumNames<OnExceed> {
  static constexpr EnumName<OnExceed> values[] = {
      {OnExceed::kRefuse, "refuse", "nothing starts"},
      {OnExceed::kWarn, "warn", "it is said, and everything starts"},
      {OnExceed::kAsk, "ask", "it is asked on the terminal, or refused where there is none"},
      {OnExceed::kCut, "cut",
       "runs are left out: those of the lowest execution.priority first, and of these the highest "
       "seeds, all arms of a seed together"},
  };
};

struct BudgetSettings {
  double core_hours = 0;
  double gpu_hours = 0;
  double wall_hours = 0;
  double disk_gb = 0;
  OnExceed on_exceed = OnExceed::kRefuse;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("core_hours");
    v.Field("core_hours", s.core_hours,
            {.help = "core hours of the whole study, spent and predicted; 0 means no limit",
             .minimum = 0,
             .unit = "hours"});
    v.Field("gpu_hours", s.gpu_hours, {.help = "the same of GPUs", .minimum = 0, .unit = "hours"});
    v.Field("wall_hours", s.wall_hours,
            {.help = "hours from the start of `upcycle run` to its end; 0 means no limit",
             .minimum = 0,
             .unit = "hours"});
    v.Field("disk_gb", s.disk_gb,
            {.help = "what the study's stages keep on the disk, in units of 1e9 bytes; 0 means no "
                     "limit",
             .minimum = 0,
             .unit = "GB"});
    v.Field("on_exceed", s.on_exceed,
            {.help = "what happens when the prediction exceeds a limit. But for warn, nothing more "
                     "is started once a limit is really spent"});
  }
};

enum class EarlyStoppingMethod { kNone, kMedian, kHalving };
template <>
struct EnumNames<EarlyStoppingMethod> {
  static constexpr EnumName<EarlyStoppingMethod> values[] = {
      {EarlyStoppingMethod::kNone, "none", "every run trains to its end"},
      {EarlyStoppingMethod::kMedian, "median",
       "arms worse than the median of those still in it end (Golovin 2017)"},
      {EarlyStoppingMethod::kHalving, "halving",
       "the better half of the arms goes on (Jamieson 2016)"},
  };
};

// Arms that fall behind are ended before they have used up their budgets. For searches: an ablation
// wants every arm's end. The baseline always goes on.
struct EarlyStoppingSettings {
  EarlyStoppingMethod method = EarlyStoppingMethod::kNone;
  double first = 0.25;
  double keep = 0.5;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Shorthand("method");
    v.Field("method", s.method,
            {.help = "which arms end early, by the mean validation loss of their seeds at equal "
                     "shares of their training"});
    v.Field("first", s.first,
            {.help = "share of its training after which an arm can first be ended; then again at "
                     "twice that, and so on",
             .minimum = 0.01,
             .maximum = 0.9,
             .unit = "share"});
    v.Field("keep", s.keep,
            {.help = "share of the arms that halving keeps each time",
             .minimum = 0.05,
             .maximum = 0.95,
             .unit = "share"});
  }
};

struct TableSettings {
  std::string rows = "arm";
  std::vector<std::string> columns;
  std::string against = "baseline";
  CellMeaning cell = CellMeaning::kMeanInterval;
  BoldRule bold = BoldRule::kNone;
  std::string sort;
  bool only_changed = false;
  double interval = 95;
  int64_t digits = 6;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("rows", s.rows,
            {.help = "what a row is: arm, or a setting's path, which is then shown in front of the "
                     "arm's name; with one setting as columns a row for each of its values"});
    v.Field("columns", s.columns,
            {.help = "what is shown beside the arm: metrics, costs, settings, and seeds, "
                     "difference, adjusted_p and verdict; where it is empty, these and what was "
                     "recorded. One setting alone, or beside one metric, makes a grid with a "
                     "column for each of its values, where rows is a setting too"});
    v.Field("against", s.against,
            {.help = "the arm to which differences are taken: baseline, or an arm's name"});
    v.Field("cell", s.cell, {.help = "what the cells of metrics are"});
    v.Field("bold", s.bold, {.help = "which cells are bold"});
    v.Field("sort", s.sort,
            {.help = "a shown column to sort rows by, largest first with :desc behind it; where it "
                     "is empty, the order of the recipe"});
    v.Field("only_changed", s.only_changed,
            {.help = "whether settings that differ between the arms shown become columns, and "
                     "others among the columns are left out"});
    v.Field(
        "interval", s.interval,
        {.help = "confidence level of the intervals, in percent", .minimum = 50, .maximum = 99.99});
    v.Field("digits", s.digits,
            {.help = "significant digits of values", .minimum = 1, .maximum = 17});
  }
};

}  // namespace upcycle
