#include "experiments/scheduling/control.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {
namespace {

using Json = nlohmann::json;

fs::path FolderIn(const fs::path& root) { return root / "control"; }

// In the order in which they were left.
std::vector<fs::path> RequestFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Nothing where the file is none of ours: it is removed like any other.
std::optional<Request> ReadRequest(const fs::path& file) {
  try {
    const Json json = Json::parse(ReadTextFile(file, 64 << 10));
    const auto kind = ValueNamed<RequestKind>(json.at("request").get<std::string>());
    if (!kind) return std::nullopt;
    Request request = {
        *kind, {.study = json.at("study"), .arm = json.at("arm")}, json.value("by", "")};
    if (json.contains("seed")) request.scope.seed = json.at("seed").get<int64_t>();
    return request;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool CoversScope(const HoldScope& wide, const HoldScope& narrow) {
  if (wide.study != narrow.study) return false;
  if (wide.arm.empty()) return true;
  return wide.arm == narrow.arm && (!wide.seed || wide.seed == narrow.seed);
}

}  // namespace

fs::path LeaveRequest(const fs::path& root, const Request& request) {
  MakeDirectories(FolderIn(root));
  Json json = {{"request", NameOf(request.kind)},
               {"study", request.scope.study},
               {"arm", request.scope.arm},
               {"by", request.by}};
  if (request.scope.seed) json["seed"] = *request.scope.seed;
  static int number = 0;  // of several within the clock's resolution
  const fs::path file =
      FolderIn(root) / fmt::format("{:020.6f}-{}-{:06}.json", UnixSeconds(), ::getpid(), number++);
  WriteFileAtomically(file, json.dump() + "\n");
  return file;
}

void ApplyToHolds(const Request& request, const std::vector<HoldSet>& holds, RootJournal& journal) {
  if (request.kind != RequestKind::kResume) {
    const HoldKind kind =
        request.kind == RequestKind::kPause ? HoldKind::kPaused : HoldKind::kCancelled;
    return journal.SetHold(
        {.scope = request.scope, .kind = kind, .by = request.by, .time = UnixSeconds()});
  }
  for (const HoldSet& hold : holds) {
    if (CoversScope(request.scope, hold.scope)) journal.LiftHold({hold.scope});
  }
}

Control::Control(const Study& study, const fs::path& root, LedgerWriter& ledger,
                 RootJournal& journal)
    : study_(study.recipe.name), folder_(FolderIn(root)), ledger_(ledger), journal_(journal) {
  for (const Study::Run& run : study.runs) {
    for (const auto& [place, stage] : run.stages) {
      runs_[stage].push_back({study.recipe.arms[run.arm].name, run.seed});
    }
  }
  ReadHolds();
  Look();
  old_holds_ = holds_;
}

Control::News Control::Look() {
  News news;
  for (const fs::path& file : RequestFiles(folder_)) {
    if (const auto request = ReadRequest(file)) {
      if (request->kind == RequestKind::kStop || request->kind == RequestKind::kKill) {
        const std::string& study = request->scope.study;
        const int requests = request->kind == RequestKind::kStop ? 1 : 2;
        if (study.empty() || study == study_)
          news.stop_requests = std::max(news.stop_requests, requests);
      } else {
        ApplyToHolds(*request, LedgerReader(ledger_.path()).ReadHolds(), journal_);
        news.holds_changed = true;
      }
    }
    std::error_code gone;
    fs::remove(file, gone);
  }
  if (news.holds_changed) ReadHolds();
  return news;
}

void Control::ReadHolds() {
  holds_ = LedgerReader(ledger_.path()).ReadHolds();
  std::erase_if(holds_, [&](const HoldSet& hold) { return hold.scope.study != study_; });
}

std::optional<HoldSet> Control::HoldOf(const Fingerprint& stage) const {
  if (holds_.empty()) return std::nullopt;
  std::optional<HoldSet> found;
  for (const StageRun& run : runs_.at(stage)) {
    const auto hold = std::find_if(holds_.begin(), holds_.end(), [&](const HoldSet& candidate) {
      return candidate.scope.Covers(run.arm, run.seed);
    });
    if (hold == holds_.end()) return std::nullopt;
    // One that waits for a resume says more than one that nobody wants any more.
    if (!found || hold->kind == HoldKind::kPaused) found = *hold;
  }
  return found;
}

bool Control::IsOfThisLaunch(const HoldSet& hold) const {
  return std::none_of(old_holds_.begin(), old_holds_.end(), [&](const HoldSet& old) {
    return old.scope == hold.scope && old.time == hold.time;
  });
}

}  // namespace upcycle
