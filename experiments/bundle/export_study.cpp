#include "experiments/bundle/export_study.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>

#include "core/archive.h"
#include "core/build_info.h"
#include "core/plural.h"
#include "core/temporary_name.h"
#include "experiments/bundle/stage_journal.h"
#include "experiments/bundle/study_events.h"
#include "experiments/run/stage_folder.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {
namespace {

// A file on its way into the bundle.
struct Source {
  fs::path path;
  uint64_t bytes = 0;
};

constexpr uint64_t kPartBytes = 1 << 20;

Fingerprint ChecksumOf(const Source& source) {
  const FileDescriptor file = OpenFile(source.path, O_RDONLY, "read");
  Hasher hasher;
  for (uint64_t at = 0; at < source.bytes;) {
    const std::string part =
        ReadAt(file.get(), at, std::min<uint64_t>(kPartBytes, source.bytes - at), source.path);
    if (part.empty()) break;  // the archive refuses a file that became shorter
    hasher.AddBytes(part.data(), part.size());
    at += part.size();
  }
  return hasher.Finish();
}

// A file beside the bundle that is gone when that is written.
class PassingFile {
 public:
  explicit PassingFile(const fs::path& target) : path_(TemporaryName(target)) { Remove(); }
  ~PassingFile() { Remove(); }
  PassingFile(const PassingFile&) = delete;
  PassingFile& operator=(const PassingFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void Remove() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  fs::path path_;
};

// What exports that were killed left beside the bundle.
void RemoveLeftovers(const fs::path& bundle) {
  std::error_code ignored;
  for (const fs::path& target : {bundle, fs::path(bundle.native() + ".journal")}) {
    for (const fs::path& leftover : LeftoversOf(target)) fs::remove(leftover, ignored);
  }
}

class Exporter {
 public:
  Exporter(const fs::path& root, const ExportOptions& options) : root_(root), options_(options) {
    LedgerReader ledger(root / "ledger.sqlite");
    const StudyRecord last = ledger.ReadStudyRecord(options.study);
    events_ = ReadStudyEvents(root / "journal", options.study);
    // A study that is older than the root's journal is in the ledger alone.
    if (events_.history.empty()) events_.history.push_back(last);
    for (const StudyRecord& study : events_.history) {
      for (const StageRecord& stage : study.stages) kinds_[stage.fingerprint] = stage.kind;
    }
    for (const ArmRecord& arm : events_.history.back().arms) {
      for (const RunRecord& run : arm.runs) {
        const auto trained = run.stages.find(StageRole::kTrain);
        if (trained != run.stages.end()) trained_.insert(trained->second);
      }
    }
  }

  ExportedStudy Write(const fs::path& target) {
    RemoveLeftovers(target);
    for (const auto& [stage, kind] : kinds_) AddStage(stage);
    if (unsettled_ > 0) {
      exported_.notes.push_back(
          fmt::format("left out: {} that the process which works on this root is at; export again "
                      "once it has ended",
                      Plural(unsettled_, "stage")));
    }
    const PassingFile journal(target.native() + ".journal");
    events_.KeepLaunchesOf(options_.study, launches_);
    {
      JournalWriter writer(journal.path());
      WriteStudyEvents(events_, writer);
    }
    files_["journal"] = {journal.path(), fs::file_size(journal.path())};
    WriteBundle(target);
    return std::move(exported_);
  }

 private:
  void AddStage(const Fingerprint& stage) {
    const StageFolder folder(root_, stage);
    if (!fs::exists(folder.description()) || !fs::exists(folder.journal())) return;
    const StageJournal journal = ReadStageJournal(folder.journal());
    if (options_.complete_only && !IsSettled(journal)) {
      ++unsettled_;
      return;
    }
    const std::set<int64_t> launches = journal.Launches();
    launches_.insert(launches.begin(), launches.end());
    const std::string name = FolderNameOf(stage);
    files_[name + "stage.json"] = {folder.description(), fs::file_size(folder.description())};
    files_[name + "journal"] = {folder.journal(), journal.bytes};
    if (options_.logs && fs::exists(folder.log())) {
      files_[name + "log.txt"] = {folder.log(), fs::file_size(folder.log())};
    }
    ++exported_.stages;
    if (!journal.IsComplete() || !IsWanted(stage)) return;
    const auto kind = ValueNamed<StageKind>(kinds_.at(stage));
    if (kind && HasOutput(*kind)) AddOutput(stage, folder, *kind);
  }

  // Whether its last attempt is complete, and no launch made it that began after the root's journal
  // was read.
  bool IsSettled(const StageJournal& journal) const {
    return journal.IsComplete() && std::ranges::all_of(journal.Launches(), [&](int64_t launch) {
             return events_.launches.contains(launch);
           });
  }

  void AddOutput(const Fingerprint& stage, const StageFolder& folder, StageKind kind) {
    const fs::path output = folder.output(kind);
    const std::string damage = folder.FindOutputDamage(kind);
    if (!damage.empty()) {
      exported_.notes.push_back(
          fmt::format("the output of stage {} is left out: {}", stage.Short(), damage));
      return;
    }
    for (const auto& entry : fs::recursive_directory_iterator(output)) {
      if (!entry.is_regular_file()) continue;
      const std::string inside = entry.path().lexically_relative(folder.path()).native();
      files_[FolderNameOf(stage) + inside] = {entry.path(), entry.file_size()};
    }
    ++exported_.outputs;
  }

  bool IsWanted(const Fingerprint& stage) const {
    if (options_.models == BundledModels::kLast) return trained_.contains(stage);
    return options_.models == BundledModels::kAll;
  }

  static std::string FolderNameOf(const Fingerprint& stage) {
    return fmt::format("stages/{}/", stage.Hex());
  }

  void WriteBundle(const fs::path& target) {
    Manifest& manifest = exported_.manifest;
    manifest = {.program = kVersion,
                .study = options_.study,
                .models = options_.models,
                .logs = options_.logs,
                .files = {}};
    for (const auto& [name, source] : files_) {
      PlaceOf(name);  // what import would refuse is refused here
      manifest.files.push_back({name, source.bytes, ChecksumOf(source)});
    }
    ArchiveWriter archive(target);
    archive.Add(kManifestName, ToJson(manifest));
    for (const auto& [name, source] : files_) archive.AddFile(name, source.path, source.bytes);
    archive.Commit();
    exported_.bytes = fs::file_size(target);
  }

  fs::path root_;
  const ExportOptions& options_;
  StudyEvents events_;
  std::map<Fingerprint, std::string> kinds_;  // of every stage that the study ever had
  std::set<Fingerprint> trained_;             // what each run's own training is, as it is now
  std::set<int64_t> launches_;                // that attempts at its stages belong to
  std::map<std::string, Source> files_;       // by name
  int64_t unsettled_ = 0;                     // stages left out, as they may still change
  ExportedStudy exported_;
};

}  // namespace

ExportedStudy ExportStudy(const fs::path& root, const ExportOptions& options,
                          const fs::path& target) {
  return Exporter(root, options).Write(target);
}

}  // namespace upcycle
