#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/plural.h"
#include "results/differences/difference.h"
#include "results/interchange/flat_settings.h"
#include "results/tables/number_text.h"
#include "results/tables/terminal_text.h"

namespace upcycle {
namespace {

std::string ValueText(const nlohmann::json& value) {
  return value.is_discarded() ? "nothing" : Printable(SettingText(value));
}

// Numbers with all their digits: two that differ never look alike.
std::string NumberText(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "nothing";
}

std::string ChangeLines(std::string_view indent, std::string_view what,
                        const std::vector<SettingChange>& changes) {
  std::string lines;
  for (const SettingChange& change : changes) {
    lines += fmt::format("{}{}{}: {} in A, {} in B\n", indent, what, Printable(change.path),
                         ValueText(change.was), ValueText(change.is));
  }
  return lines;
}

// ", +0.25"; nothing where one of the two is no number.
std::string ByText(double difference) {
  return std::isfinite(difference) ? fmt::format(", {:+}", difference) : "";
}

std::string PairText(const PointPair& pair) {
  return fmt::format("step {}: {} in A, {} in B{}", pair.step, pair.a, pair.b,
                     ByText(pair.Difference()));
}

std::string SeriesText(const SeriesDifference& series, const DifferenceStyle& style) {
  std::string text = fmt::format("    {}: ", Printable(series.metric));
  const auto steps = static_cast<int64_t>(series.points.size());
  if (steps == 0) {
    text += "no step that both have";
  } else if (series.differing == 0) {
    text += fmt::format("the same bits at {}", Plural(steps, "step"));
  } else {
    text += fmt::format("{} of {} steps differ", series.differing, steps);
  }
  if (series.only_a > 0) text += fmt::format("; {} only in A", Plural(series.only_a, "step"));
  if (series.only_b > 0) text += fmt::format("; {} only in B", Plural(series.only_b, "step"));
  text += '\n';
  if (series.first) text += fmt::format("      first   {}\n", PairText(*series.first));
  if (series.largest) text += fmt::format("      largest {}\n", PairText(*series.largest));
  if (!style.points) return text;
  for (const PointPair& pair : series.points) text += fmt::format("      {}\n", PairText(pair));
  return text;
}

std::string ResultText(const ResultPair& pair) {
  std::string text = fmt::format("    result {}: ", Printable(pair.metric));
  if (pair.IsSame()) return text + fmt::format("{} in both\n", *pair.a);
  text += fmt::format("{} in A, {} in B", NumberText(pair.a), NumberText(pair.b));
  if (pair.a && pair.b) text += ByText(*pair.b - *pair.a);
  return text + "\n";
}

std::string AnswersText(const AnswerDifference& answers, const DifferenceStyle& style) {
  const std::string task = Printable(answers.task);
  if (!answers.refused.empty()) {
    return fmt::format("    answers to {}: not compared, since {}\n", task, answers.refused);
  }
  std::string text = fmt::format(
      "    answers to {}: of {} questions both get {} right, only A {}, only B {}, neither {}; "
      "McNemar's exact p = {}; log-likelihoods differ in {}\n",
      task, answers.asked, answers.both, answers.only_a.size(), answers.only_b.size(),
      answers.neither, ProbabilityText(answers.p), answers.likelihoods);
  if (!style.items) return text;
  text += fmt::format("      only A: {}\n", fmt::join(answers.only_a, " "));
  text += fmt::format("      only B: {}\n", fmt::join(answers.only_b, " "));
  return text;
}

bool CameToTheSame(const StageDifference& stage) {
  const auto same_answers = [](const AnswerDifference& one) {
    return one.refused.empty() && one.only_a.empty() && one.only_b.empty() && one.likelihoods == 0;
  };
  return std::ranges::all_of(stage.series, &SeriesDifference::IsSame) &&
         std::ranges::all_of(stage.results, &ResultPair::IsSame) &&
         std::ranges::all_of(stage.answers, same_answers);
}

// In one sentence, what to make of it.
std::string StageTitle(const StageDifference& stage) {
  const std::string name = NameOf(stage.place);
  if (!stage.only.empty()) return fmt::format("  {}: only in {}\n", name, stage.only);
  if (stage.same) return fmt::format("  {}: the same stage\n", name);
  std::string text = fmt::format("  {}: ", name);
  text += stage.same_fingerprint   ? "asked for the same"
          : stage.settings.empty() ? "asked for the same of other inputs"
                                   : "asked for something else";
  text += CameToTheSame(stage) ? ", and recorded the same bits" : ", and recorded something else";
  if (stage.state_a != stage.state_b) {
    text += fmt::format("; {} in A, {} in B", NameOf(stage.state_a), NameOf(stage.state_b));
  }
  return text + "\n";
}

std::string StageText(const StageDifference& stage, const DifferenceStyle& style) {
  std::string text = StageTitle(stage);
  text += ChangeLines("    ", "setting ", stage.settings);
  text += ChangeLines("    ", "made by ", stage.provenance);
  for (const SeriesDifference& series : stage.series) text += SeriesText(series, style);
  for (const ResultPair& pair : stage.results) text += ResultText(pair);
  for (const AnswerDifference& answers : stage.answers) text += AnswersText(answers, style);
  return text;
}

std::string ArmText(const ArmDifference& arm) {
  const std::string name = arm.a == arm.b
                               ? Printable(arm.a)
                               : fmt::format("{} and {}", Printable(arm.a), Printable(arm.b));
  if (arm.settings.empty()) return fmt::format("\n{}: equal settings\n", name);
  const auto settings = static_cast<int64_t>(arm.settings.size());
  return fmt::format("\n{}: {} differ{}\n{}", name, Plural(settings, "setting"),
                     settings == 1 ? "s" : "", ChangeLines("  ", "", arm.settings));
}

}  // namespace

std::string DifferenceText(const Difference& difference, const DifferenceStyle& style) {
  std::string text =
      fmt::format("A: {}\nB: {}\n", Printable(difference.a), Printable(difference.b));
  for (const std::string& one : difference.unpaired) text += Printable(one) + "\n";
  for (const ArmDifference& arm : difference.arms) text += ArmText(arm);
  for (const RunDifference& run : difference.runs) {
    const std::string a = fmt::format("{}/{}", Printable(run.arm_a), run.seed_a);
    const std::string b = fmt::format("{}/{}", Printable(run.arm_b), run.seed_b);
    text += a == b ? fmt::format("\n{}\n", a) : fmt::format("\n{} and {}\n", a, b);
    for (const StageDifference& stage : run.stages) text += StageText(stage, style);
  }
  return text;
}

}  // namespace upcycle
