#include "tests/experiments/bundle/bundle_fixture.h"

#include <nlohmann/json.hpp>

#include "core/archive.h"
#include "core/checksums.h"
#include "core/journal.h"
#include "experiments/run/stage.h"
#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/stage_follower.h"
#include "results/ledger/root_journal.h"
#include "tests/results/fixture.h"

namespace upcycle {

StudyRecord RecordOfRoot() {
  StudyRecord study = StudyOf({"dense", "routed"}, {0});
  for (StageRecord& stage : study.stages) {
    if (stage.kind == "parent") stage.kind = "train";
  }
  return study;
}

void Attempt(const fs::path& root, const Fingerprint& stage, StageState outcome, double loss,
             int64_t launch) {
  JournalWriter writer(StageFolder(root, stage).journal());
  writer.Event(EventOf(AttemptStart{.host = "lab", .pid = 7, .time = 10.0, .launch = launch}));
  for (int step = 1; step <= 3; ++step) writer.Point("train/loss", step, loss / step);
  writer.Point("system/tokens_per_second", 3, 1000.0 * static_cast<double>(launch));
  if (outcome == StageState::kComplete) {
    writer.Event({{"event", "result"}, {"metric", "validation/loss"}, {"value", loss}});
  }
  writer.Event(EventOf(AttemptEnd{.outcome = outcome, .exit_code = 0, .time = 11.0}));
}

void MakeRoot(const fs::path& root, double loss) {
  MakeDirectories(root);
  const StudyRecord study = RecordOfRoot();
  LedgerWriter ledger(root / "ledger.sqlite");
  RootJournal journal(root, ledger);
  journal.RecordStudy(study);
  journal.StartLaunch({.study = study.name, .host = "lab", .pid = 5, .time = 9.0});
  journal.EndLaunch({.launch = 1, .time = 12.0});
  for (const StageRecord& record : study.stages) {
    const StageFolder folder(root, record.fingerprint);
    MakeDirectories(folder.path());
    const Stage stage = {*ValueNamed<StageKind>(record.kind),
                         nlohmann::json::parse(record.settings), record.inputs,
                         nlohmann::json::object()};
    Put(folder.description(), stage.ToJson().dump(2));
    Put(folder.log(), "what " + record.kind + " printed\n");
    Attempt(root, record.fingerprint, StageState::kComplete, loss);
    if (HasOutput(stage.kind)) {
      Put(folder.output(stage.kind) / "weights", std::string(100, 'w'));
      Put(folder.output(stage.kind) / "more" / "of it", "m");
      WriteChecksums(folder.output(stage.kind));
    }
    StageFollower(record.fingerprint, folder, ledger).Follow();
  }
}

BundleFiles ReadBundle(const fs::path& bundle, Manifest* manifest) {
  BundleFiles files;
  ArchiveReader archive(bundle);
  while (const auto entry = archive.Next()) {
    std::string content(entry->bytes, '\0');
    for (size_t at = 0; at < content.size();) {
      at += archive.Read(content.data() + at, content.size() - at);
    }
    files[entry->name] = std::move(content);
  }
  const std::string text = files.at(kManifestName);
  files.erase(kManifestName);
  if (manifest != nullptr) *manifest = ParseManifest(text);
  return files;
}

void WriteBundle(const fs::path& bundle, const std::string& study, const BundleFiles& files) {
  Manifest manifest = {.program = "0.1.0", .study = study, .files = {}};
  for (const auto& [name, content] : files) {
    const Fingerprint checksum = Hasher().AddBytes(content.data(), content.size()).Finish();
    manifest.files.push_back({name, content.size(), checksum});
  }
  ArchiveWriter archive(bundle);
  archive.Add(kManifestName, ToJson(manifest));
  for (const auto& [name, content] : files) archive.Add(name, content);
  archive.Commit();
}

BundleFiles ContentOf(const fs::path& root) {
  BundleFiles files;
  if (!fs::exists(root)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).native();
    const bool is_left_out = name.starts_with("ledger.sqlite") || name.ends_with("lock");
    if (entry.is_regular_file() && !is_left_out) files[name] = ReadTextFile(entry.path());
  }
  return files;
}

}  // namespace upcycle
