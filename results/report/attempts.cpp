// Which attempts did not complete, and what was tried again.

#include <algorithm>

#include <fmt/format.h>

#include "core/plural.h"
#include "results/report/html.h"
#include "results/report/sections.h"
#include "results/report/stage_owners.h"
#include "results/tables/number_text.h"

namespace upcycle {
namespace {

constexpr size_t kMostRows = 100;

bool Completed(const AttemptFacts& attempt) {
  return attempt.end && attempt.end->outcome == StageState::kComplete;
}

std::vector<Cell> RowOf(const std::string& stage, const AttemptFacts& attempt) {
  std::vector<Cell> row = {{.text = stage}, {.text = fmt::format("{}", attempt.number)}};
  const AttemptEnd& end = *attempt.end;
  row.push_back({.text = std::string(NameOf(end.outcome)),
                 .tone = end.outcome == StageState::kFailed ? Tone::kBad : Tone::kPlain});
  row.push_back(
      {.text = end.signal ? fmt::format("{} (signal {})", end.cause, *end.signal) : end.cause});
  row.push_back({.text = end.message});
  row.push_back({.text = attempt.start.host});
  row.push_back({.text = end.wall_seconds ? ClockText(*end.wall_seconds) : ""});
  return row;
}

std::string EndsText(size_t broken, size_t under_way) {
  if (broken == 0 && under_way == 0) return "all completed";
  std::string text = broken == 0 ? "none failed" : fmt::format("{} did not complete", broken);
  if (under_way > 0) text += fmt::format(", {} had not ended", under_way);
  return text;
}

}  // namespace

std::string AttemptsSection(const ReportInput& input) {
  const std::vector<StageOwner> owners = OwnersOf(input.study);
  Table table = html::EmptyTable("Attempts that did not complete",
                                 {{"stage", "stage"},
                                  {.title = "attempt", .key = "attempt", .right = true},
                                  {"outcome", "outcome"},
                                  {"cause", "cause"},
                                  {"message", "message"},
                                  {"host", "host"},
                                  {.title = "after", .key = "after", .right = true}});
  size_t attempts = 0, repeated = 0, broken = 0, under_way = 0;
  for (size_t stage = 0; stage < input.attempts.size(); ++stage) {
    const auto& its = input.attempts[stage];
    attempts += its.size();
    repeated += its.size() > 1 ? 1 : 0;
    for (const AttemptFacts& attempt : its) {
      if (Completed(attempt)) continue;
      if (!attempt.end) {
        ++under_way;
        continue;
      }
      if (++broken <= kMostRows) table.rows.push_back(RowOf(owners[stage].name, attempt));
    }
  }
  if (attempts == 0) return "";
  std::string text = html::Paragraph(fmt::format(
      "{} at {}: {}, and {} took more than one.{}", Plural(attempts, "attempt"),
      Plural(static_cast<size_t>(std::ranges::count_if(
                 input.attempts, [](const auto& its) { return !its.empty(); })),
             "stage"),
      EndsText(broken, under_way), repeated == 0 ? "no stage" : Plural(repeated, "stage"),
      broken > kMostRows ? fmt::format(" The first {} are shown.", kMostRows) : ""));
  if (!table.rows.empty()) text += html::TableOf(table);
  return text;
}

}  // namespace upcycle
