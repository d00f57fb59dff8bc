#include "experiments/bundle/unpacked.h"

#include <algorithm>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/checksums.h"
#include "core/error.h"
#include "core/foreign_json.h"
#include "experiments/bundle/stage_journal.h"
#include "experiments/run/stage_folder.h"
#include "experiments/scheduling/rebuild.h"
#include "results/ledger/ledger_reader.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr uint64_t kLargestManifest = 256 << 20;
constexpr size_t kPartBytes = 1 << 20;

[[noreturn]] void Refuse(const std::string& why) { throw Error(Cause::kInput, why); }

std::string ReadManifest(ArchiveReader& archive) {
  const auto entry = archive.Next();
  if (!entry || entry->name != kManifestName) {
    Refuse(fmt::format("it does not begin with {}: it is no bundle of a study", kManifestName));
  }
  if (entry->bytes > kLargestManifest) Refuse(fmt::format("its {} is too large", kManifestName));
  std::string text(entry->bytes, '\0');
  for (size_t at = 0; at < text.size();) {
    const size_t count = archive.Read(text.data() + at, text.size() - at);
    if (count == 0) Refuse(fmt::format("its {} is cut short", kManifestName));
    at += count;
  }
  return text;
}

// A stage's description says what the study's record says of it.
bool Describes(const Stage& stage, const StageRecord& record) {
  std::vector<Fingerprint> inputs = stage.inputs, recorded = record.inputs;
  std::ranges::sort(inputs);
  std::ranges::sort(recorded);
  return NameOf(stage.kind) == record.kind && stage.settings == json::parse(record.settings) &&
         inputs == recorded;
}

Stage ReadDescription(const fs::path& path) {
  try {
    return Stage::FromJson(ParseForeignJson(ReadTextFile(path), path.native()));
  } catch (const json::exception& error) {
    Refuse(fmt::format("{} cannot be understood: {}", path.native(), JsonProblem(error)));
  }
}

}  // namespace

UnpackedBundle::UnpackedBundle(const fs::path& bundle, const fs::path& root)
    : folder_(root / "import") {
  try {
    Unpack(bundle);
    CheckStages();
    CheckLedger();
  } catch (const Error& error) {
    if (error.cause() == Cause::kDisk || error.cause() == Cause::kMemory) throw;
    throw Error(Cause::kInput, fmt::format("{} is not taken over: {}; nothing was changed",
                                           bundle.native(), error.what()));
  } catch (const json::exception& error) {
    throw Error(Cause::kInput, fmt::format("{} is not taken over: {}; nothing was changed",
                                           bundle.native(), JsonProblem(error)));
  }
}

void UnpackedBundle::Unpack(const fs::path& bundle) {
  ArchiveReader archive(bundle);
  manifest_ = ParseManifest(ReadManifest(archive));
  RequireRoom();
  for (const BundleFile& file : manifest_.files) Unpack(archive, file);
  if (const auto more = archive.Next()) {
    Refuse(fmt::format("it holds {:?}, of which its manifest says nothing", more->name));
  }
}

void UnpackedBundle::RequireRoom() const {
  std::error_code error;
  const fs::space_info space = fs::space(root(), error);
  if (error || space.available > manifest_.Bytes()) return;
  throw Error(Cause::kDisk,
              fmt::format("the bundle holds {} bytes, and only {} are free under {}; free some "
                          "space or choose another --root",
                          manifest_.Bytes(), space.available, root().parent_path().native()));
}

void UnpackedBundle::Unpack(ArchiveReader& archive, const BundleFile& file) {
  const auto entry = archive.Next();
  if (!entry) Refuse(fmt::format("{:?} is missing", file.name));
  if (entry->name != file.name) {
    Refuse(fmt::format("it holds {:?} where its manifest says {:?}", entry->name, file.name));
  }
  if (entry->bytes != file.bytes) {
    Refuse(fmt::format("{:?} has {} bytes where its manifest says {}", file.name, entry->bytes,
                       file.bytes));
  }
  const fs::path path = root() / file.name;
  MakeDirectories(path.parent_path());
  const FileDescriptor target = OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, "write");
  Hasher hasher;
  std::string part(std::min<uint64_t>(kPartBytes, file.bytes), '\0');
  for (uint64_t at = 0; at < file.bytes;) {
    const size_t wanted = std::min<uint64_t>(part.size(), file.bytes - at);
    const size_t count = archive.Read(part.data(), wanted);
    if (count == 0) Refuse(fmt::format("{:?} is cut short", file.name));
    hasher.AddBytes(part.data(), count);
    WriteAll(target.get(), part.data(), count, path);
    at += count;
  }
  if (hasher.Finish() != file.checksum) {
    Refuse(fmt::format("{:?} is not what was written: its checksum differs", file.name));
  }
}

void UnpackedBundle::CheckStages() {
  ReadStageJournal(root() / "journal");  // refuses events that no program wrote
  events_ = ReadStudyEvents(root() / "journal", manifest_.study);
  if (events_.history.empty()) Refuse(fmt::format("it records no study {:?}", manifest_.study));
  for (const StudyRecord& study : events_.history) {
    for (const StageRecord& stage : study.stages) stages_[stage.fingerprint] = stage;
  }
  std::map<Fingerprint, StageFiles> begun;
  for (const BundleFile& file : manifest_.files) {
    const BundlePlace place = PlaceOf(file.name);
    if (place.stage) begun[*place.stage][place.part].push_back(&file);
  }
  for (const auto& [stage, files] : begun) {
    CheckStage(stage, files);
    begun_.insert(stage);
  }
}

void UnpackedBundle::CheckStage(const Fingerprint& stage, const StageFiles& files) const {
  const std::string name = stage.Hex();
  const auto record = stages_.find(stage);
  if (record == stages_.end()) Refuse(fmt::format("stage {} is no run's of the study", name));
  if (!files.contains("stage.json") || !files.contains("journal")) {
    Refuse(fmt::format("stage {} lacks its stage.json or its journal", name));
  }
  const StageFolder folder(root(), stage);
  const Stage description = ReadDescription(folder.description());
  if (!Describes(description, record->second)) {
    Refuse(fmt::format("the stage.json of stage {} is not what the study records of it", name));
  }
  const bool is_complete = ReadStageJournal(folder.journal()).IsComplete();
  for (const char* part : {"model", "tokens"}) {
    const auto output = files.find(part);
    if (output == files.end()) continue;
    const StageKind kind = description.kind;
    if (!is_complete || !HasOutput(kind) || folder.output(kind).filename() != part) {
      Refuse(fmt::format("stage {} has {} without having made it", name, part));
    }
    CheckOutput(folder.output(kind), output->second);
  }
}

// The output's own checksums name its files, and no other file.
void UnpackedBundle::CheckOutput(const fs::path& output,
                                 const std::vector<const BundleFile*>& files) const {
  std::map<std::string, std::string> held;
  for (const BundleFile* file : files) {
    const std::string name = (root() / file->name).lexically_relative(output).native();
    if (name != kChecksumFile) held[name] = file->checksum.Hex();
  }
  const fs::path path = output / kChecksumFile;
  if (!fs::exists(path)) Refuse(fmt::format("{} is missing", path.native()));
  const json checksums = ParseForeignJson(ReadTextFile(path), path.native());
  if (checksums.at("files").get<std::map<std::string, std::string>>() == held) return;
  Refuse(fmt::format("the files of {} are not those of its {}", output.native(), kChecksumFile));
}

// What `upcycle rebuild` makes of it is what this root would know.
void UnpackedBundle::CheckLedger() {
  const Rebuilt rebuilt = RebuildLedger(root());
  if (!rebuilt.problems.empty()) Refuse(rebuilt.problems.front());
  const auto studies = LedgerReader(root() / "ledger.sqlite").StudyNames();
  if (studies.size() != 1 || studies.front() != manifest_.study) {
    Refuse(fmt::format("it records other studies than {:?}", manifest_.study));
  }
}

}  // namespace upcycle
