// `upcycle gc [STUDY]`: room on the disk, from what nobody wants any more.

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/utf8.h"
#include "experiments/study/cleaning.h"
#include "results/ledger/ledger_reader.h"
#include "results/tables/number_text.h"
#include "results/tables/table.h"
#include "results/tables/terminal_text.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/option_values.h"
#include "tools/terminal/root_lock.h"
#include "tools/terminal/state_options.h"

namespace upcycle {
namespace {

using nlohmann::json;

struct GcOptions {
  std::string study;
  std::string keep = "best,last,baseline,parents,tokens,failed";
  StateOptions state;
  bool orphans = false;
  bool yes = false;
  bool json = false;
};

// A line for each.
std::string RulesText() {
  std::string text;
  for (const auto& rule : EnumNames<KeepRule>::values) {
    text += fmt::format("  {:<11} {}\n", rule.name, rule.help);
  }
  return text;
}

GcOptions ParseOptions(const Arguments& arguments) {
  GcOptions options;
  const std::string summary = fmt::format(
      "Frees disk: removes models, tokens and checkpoints of complete stages that --keep does not\n"
      "name and that nothing still to be done reads. Without --yes it only says what would go.\n"
      "Journals, logs and the ledger always stay; a complete stage stays complete, and is made\n"
      "again where a later one needs its output. --keep names, with commas between them, or none:\n"
      "{}",
      RulesText());
  CommandLine line("gc [STUDY] [options]", summary);
  line.OptionalPositional("STUDY", &options.study, "its name; all studies where it is left out");
  options.state.Declare(line);
  line.Option("keep", &options.keep, "what to keep");
  line.Flag("orphans", &options.orphans, "remove what belongs to no study any more, too");
  line.Flag("yes,y", &options.yes, "do it");
  line.Flag("json", &options.json, "as JSON");
  line.Parse(arguments);
  if (options.orphans && !options.study.empty()) {
    throw Error(Cause::kInput, "--orphans are no study's: leave the study out");
  }
  return options;
}

KeepRules RulesOf(const std::string& words) {
  KeepRules rules;
  if (words == "none") return rules;
  for (size_t begin = 0; begin <= words.size();) {
    const size_t end = std::min(words.find(',', begin), words.size());
    rules.insert(ValueOf<KeepRule>("keep", words.substr(begin, end - begin)));
    begin = end + 1;
  }
  return rules;
}

// Parts that share a line: of one owner, role and kind, and with one reason.
struct Group {
  std::string owner, what, why;
  int64_t stages = 0, bytes = 0;
};

std::vector<Group> GroupsOf(const std::vector<StoredPart>& parts, bool go) {
  std::map<std::tuple<std::string, std::string, std::string>, Group> groups;
  for (const StoredPart& stored : parts) {
    if (stored.goes != go) continue;
    const std::string what = fmt::format("{}{}{}", stored.role, stored.role.empty() ? "" : " ",
                                         NameOf(stored.part.kind));
    Group& group = groups[{stored.owner, what, stored.why}];
    group = {stored.owner, what, stored.why, group.stages + 1, group.bytes + stored.part.bytes};
  }
  std::vector<Group> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  std::ranges::stable_sort(list, std::greater(), &Group::bytes);
  return list;
}

int64_t BytesOf(const std::vector<Group>& groups) {
  int64_t bytes = 0;
  for (const Group& group : groups) bytes += group.bytes;
  return bytes;
}

void PrintGroups(const std::string& title, const std::vector<Group>& groups) {
  if (groups.empty()) return;
  fmt::print("{}\n", title);
  size_t owner = 0, what = 0;
  for (const Group& group : groups) {
    owner = std::max(owner, ColumnsOf(group.owner));
    what = std::max(what, ColumnsOf(group.what));
  }
  for (const Group& group : groups) {
    fmt::print("  {:>9}  {}  {}  {:>4} stage{}  {}\n", BytesText(static_cast<double>(group.bytes)),
               Padded(Printable(group.owner), owner, false), Padded(group.what, what, false),
               group.stages, group.stages == 1 ? " " : "s", Printable(group.why));
  }
  fmt::print("\n");
}

json PartsJson(const std::vector<StoredPart>& parts) {
  json list = json::array();
  for (const StoredPart& stored : parts) {
    list.push_back({{"stage", stored.stage.Hex()},
                    {"owner", stored.owner},
                    {"role", stored.role},
                    {"part", NameOf(stored.part.kind)},
                    {"path", stored.part.path.native()},
                    {"bytes", stored.part.bytes},
                    {"goes", stored.goes},
                    {"why", stored.why}});
  }
  return list;
}

struct Outcome {
  bool done = false;
  int64_t bytes = 0;  // that went, or would go
};

void PrintPlan(const CleaningPlan& plan, const GcOptions& options, const Outcome& outcome) {
  PrintGroups("stays", GroupsOf(plan.parts, false));
  PrintGroups(outcome.done ? "went" : "would go", GroupsOf(plan.parts, true));
  const std::string orphans = options.orphans
                                  ? (outcome.done ? "went, of no study" : "would go, of no study")
                                  : "of no study any more; stays without --orphans";
  PrintGroups(orphans, GroupsOf(plan.orphans, true));
  const std::string bytes = BytesText(static_cast<double>(outcome.bytes));
  if (outcome.done) {
    fmt::print("freed {}\n", bytes);
  } else {
    fmt::print("would free {}{}\n", bytes, outcome.bytes > 0 ? "; --yes does it" : "");
  }
}

}  // namespace

int GcCommand(const Arguments& arguments) {
  const GcOptions options = ParseOptions(arguments);
  CleaningOptions cleaning{.study = std::nullopt, .keep = RulesOf(options.keep)};
  if (!options.study.empty()) cleaning.study = options.study;
  LedgerReader ledger(options.state.Ledger());
  // No run begins between the plan and its end.
  std::optional<FileLock> lock;
  if (options.yes) lock = LockRoot(options.state);
  CleaningPlan plan = PlanCleaning(ledger, options.state.Root(), cleaning);
  Outcome outcome{.done = options.yes, .bytes = BytesOf(GroupsOf(plan.parts, true))};
  if (options.orphans) outcome.bytes += BytesOf(GroupsOf(plan.orphans, true));
  if (options.yes) {
    outcome.bytes = 0;
    for (const auto* parts : {&plan.parts, &plan.orphans}) {
      if (parts == &plan.orphans && !options.orphans) continue;
      const Cleaned cleaned = RemoveParts(*parts, options.state.Root());
      outcome.bytes += cleaned.bytes;
      plan.notes.insert(plan.notes.end(), cleaned.notes.begin(), cleaned.notes.end());
    }
  }
  for (const std::string& note : plan.notes) fmt::print(stderr, "note: {}\n", note);
  if (options.json) {
    fmt::print("{}\n", json({{"done", outcome.done},
                             {"bytes", outcome.bytes},
                             {"parts", PartsJson(plan.parts)},
                             {"orphans", PartsJson(plan.orphans)},
                             {"notes", plan.notes}})
                           .dump(2));
  } else {
    PrintPlan(plan, options, outcome);
  }
  return kExitDone;
}

}  // namespace upcycle
