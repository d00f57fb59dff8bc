#include "experiments/bundle/stage_journal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/foreign_json.h"
#include "results/ledger/journal_events.h"

namespace upcycle {
namespace {

using nlohmann::json;

// A series' name and step, or the name of a result or of a question, and its values.
using Key = std::tuple<std::string, int64_t>;
using Values = std::map<Key, std::vector<double>>;

Values ValuesOf(const StageJournal& journal) {
  Values values;
  constexpr int64_t kFinal = -1;
  for (const JournalRecord& record : journal.records) {
    if (const auto* point = std::get_if<JournalPoint>(&record)) {
      if (!IsSystemMetric(point->metric)) values[{point->metric, point->step}] = {point->value};
      continue;
    }
    const StageEvent event = ParseStageEvent(std::get<JournalEvent>(record).json);
    if (const auto* result = std::get_if<Result>(&event)) {
      if (!IsSystemMetric(result->metric)) values[{result->metric, kFinal}] = {result->value};
    } else if (const auto* item = std::get_if<Item>(&event)) {
      values[{"the answer to " + item->task, item->number}] = item->log_likelihoods;
    }
  }
  return values;
}

// Bit by bit: a loss that was no number is the same as itself.
bool IsSameRecord(const JournalRecord& a, const JournalRecord& b) {
  const auto* point = std::get_if<JournalPoint>(&a);
  const auto* other = std::get_if<JournalPoint>(&b);
  if (point == nullptr || other == nullptr) return a == b;
  return point->metric == other->metric && point->step == other->step &&
         std::bit_cast<uint64_t>(point->value) == std::bit_cast<uint64_t>(other->value);
}

bool AreEqual(const std::vector<double>& a, const std::vector<double>& b) {
  return std::ranges::equal(
      a, b, [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

bool StageJournal::IsComplete() const {
  bool complete = false, judged = false;
  for (const JournalRecord& record : records) {
    const auto* text = std::get_if<JournalEvent>(&record);
    if (text == nullptr) continue;
    const StageEvent event = ParseStageEvent(text->json);
    if (std::holds_alternative<AttemptStart>(event)) complete = judged = false;
    if (std::holds_alternative<AttemptJudgement>(event)) {
      complete = false;
      judged = true;
    }
    const auto* end = std::get_if<AttemptEnd>(&event);
    if (end != nullptr && !judged) complete = end->outcome == StageState::kComplete;
  }
  return complete;
}

std::set<int64_t> StageJournal::Launches() const {
  std::set<int64_t> launches;
  for (const JournalRecord& record : records) {
    const auto* text = std::get_if<JournalEvent>(&record);
    if (text == nullptr) continue;
    const StageEvent event = ParseStageEvent(text->json);
    const auto* start = std::get_if<AttemptStart>(&event);
    if (start != nullptr && start->launch) launches.insert(*start->launch);
  }
  return launches;
}

bool StageJournal::GoesOnFrom(const StageJournal& other) const {
  return records.size() >= other.records.size() &&
         std::equal(other.records.begin(), other.records.end(), records.begin(), IsSameRecord);
}

StageJournal ReadStageJournal(const fs::path& path) {
  StageJournal journal;
  JournalReader reader(path);
  for (auto records = reader.ReadNext(); !records.empty(); records = reader.ReadNext()) {
    for (JournalRecord& record : records) {
      if (const auto* event = std::get_if<JournalEvent>(&record)) {
        const std::string mistake = MistakeInJson(event->json);
        if (!mistake.empty()) {
          throw Error(Cause::kInput, fmt::format("the journal {} has an event that no program "
                                                 "wrote: {}",
                                                 path.native(), mistake));
        }
      }
      journal.records.push_back(std::move(record));
    }
  }
  journal.bytes = reader.offset();
  return journal;
}

void Renumber(const LaunchNumbers& numbers, StageJournal& journal) {
  for (JournalRecord& record : journal.records) {
    auto* text = std::get_if<JournalEvent>(&record);
    if (text == nullptr) continue;
    json event = json::parse(text->json);
    if (event.at("event") != "attempt_started" || !event.contains("launch")) continue;
    const auto number = numbers.find(event.at("launch").get<int64_t>());
    if (number == numbers.end()) {
      event.erase("launch");
    } else {
      event["launch"] = number->second;
    }
    text->json = event.dump();
  }
}

void WriteStageJournal(const StageJournal& journal, const fs::path& path) {
  JournalWriter writer(path);
  for (const JournalRecord& record : journal.records) {
    if (const auto* point = std::get_if<JournalPoint>(&record)) {
      writer.Point(point->metric, point->step, point->value);
    } else {
      writer.Event(json::parse(std::get<JournalEvent>(record).json));
    }
  }
  writer.Sync();
}

std::string FindDisagreement(const StageJournal& here, const StageJournal& there) {
  const Values values = ValuesOf(here), others = ValuesOf(there);
  for (const auto& [key, value] : values) {
    const auto other = others.find(key);
    if (other == others.end() || AreEqual(value, other->second)) continue;
    const auto& [name, step] = key;
    return fmt::format("{}{} is {:.17g} here and {:.17g} in the bundle", name,
                       step < 0 ? "" : fmt::format(" at {}", step), fmt::join(value, ", "),
                       fmt::join(other->second, ", "));
  }
  return "";
}

}  // namespace upcycle
