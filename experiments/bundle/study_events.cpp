#include "experiments/bundle/study_events.h"

#include <algorithm>
#include <variant>

#include <nlohmann/json.hpp>

#include "results/ledger/study_json.h"

namespace upcycle {
namespace {

using nlohmann::json;

void Take(const RootEvent& event, const std::string& study, StudyEvents& events) {
  const auto same_scope = [](const HoldScope& scope) {
    return [&scope](const HoldSet& hold) { return hold.scope == scope; };
  };
  if (const auto* recorded = std::get_if<StudyRecorded>(&event)) {
    if (recorded->study.name == study) events.history.push_back(recorded->study);
  } else if (const auto* start = std::get_if<LaunchStart>(&event)) {
    events.launches[start->launch] = *start;
  } else if (const auto* end = std::get_if<LaunchEnd>(&event)) {
    events.ends[end->launch] = *end;
  } else if (const auto* set = std::get_if<HoldSet>(&event)) {
    if (set->scope.study != study) return;
    std::erase_if(events.holds, same_scope(set->scope));
    events.holds.push_back(*set);
  } else if (const auto* lifted = std::get_if<HoldLifted>(&event)) {
    std::erase_if(events.holds, same_scope(lifted->scope));
  }
}

}  // namespace

void StudyEvents::KeepLaunchesOf(const std::string& study, const std::set<int64_t>& also) {
  std::erase_if(launches, [&](const auto& launch) {
    return launch.second.study != study && !also.contains(launch.first);
  });
  std::erase_if(ends, [&](const auto& end) { return !launches.contains(end.first); });
}

void StudyEvents::Rename(const std::string& from, const std::string& to) {
  for (StudyRecord& study : history) {
    study.name = to;
    json recipe = json::parse(study.recipe);
    if (recipe.contains("name")) recipe["name"] = to;
    study.recipe = recipe.dump();
  }
  for (auto& [number, launch] : launches) {
    if (launch.study == from) launch.study = to;
  }
  for (HoldSet& hold : holds) hold.scope.study = to;
}

StudyEvents ReadStudyEvents(const fs::path& root_journal, const std::string& study) {
  StudyEvents events;
  JournalReader journal(root_journal);
  for (auto records = journal.ReadNext(); !records.empty(); records = journal.ReadNext()) {
    for (const JournalRecord& record : records) {
      const auto* event = std::get_if<JournalEvent>(&record);
      if (event != nullptr) Take(ParseRootEvent(event->json), study, events);
    }
  }
  return events;
}

void WriteStudyEvents(const StudyEvents& events, JournalWriter& journal) {
  for (const auto& [number, launch] : events.launches) {
    journal.Event(EventOf(launch));
    const auto end = events.ends.find(number);
    if (end != events.ends.end()) journal.Event(EventOf(end->second));
  }
  for (const StudyRecord& study : events.history) journal.Event(EventOf(StudyRecorded{study}));
  for (const HoldSet& hold : events.holds) journal.Event(EventOf(hold));
}

Fingerprint FingerprintOf(const StudyRecord& study) {
  return Hasher().Add(JsonOf(study).dump()).Finish();
}

}  // namespace upcycle
