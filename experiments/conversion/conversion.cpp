#include "experiments/conversion/conversion.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checkpoints/safetensors.h"
#include "core/checkpoints/tensor_folder.h"
#include "core/error.h"
#include "core/recipe/canonical.h"
#include "experiments/conversion/carried_files.h"
#include "experiments/conversion/piece_writer.h"
#include "experiments/conversion/unfinished_folder.h"
#include "experiments/formats/config_writer.h"
#include "experiments/formats/stored_values.h"
#include "experiments/upcycling/upcycle.h"

namespace upcycle {
namespace {

using nlohmann::json;

// So many numbers are computed and written at a time.
constexpr int64_t kPieceElements = 4 << 20;
// So many bytes of a source stay mapped.
constexpr int64_t kMappedBytes = 128 << 20;

// Rows of a source, whose pages go back to the system as they are left behind.
class PassingReader {
 public:
  explicit PassingReader(const ModelSource& source) : source_(source) {}
  ~PassingReader() { Release(); }
  PassingReader(const PassingReader&) = delete;
  PassingReader& operator=(const PassingReader&) = delete;

  void Read(const Part& part, int64_t begin, std::span<float> out) {
    if (last_ != part || mapped_ > kMappedBytes) Release();
    last_ = part;
    mapped_ += static_cast<int64_t>(out.size_bytes());
    source_.ReadRows(part, begin, out);
  }

 private:
  void Release() {
    if (last_) source_.Release(*last_);
    mapped_ = 0;
  }

  const ModelSource& source_;
  std::optional<Part> last_;
  int64_t mapped_ = 0;
};

// The rows of the target's parts: a source's own, or upcycled from the sources'.
class TargetRows {
 public:
  TargetRows(const std::vector<std::unique_ptr<ModelSource>>& sources,
             const ConversionSettings& settings, const Architecture& target) {
    for (const auto& source : sources) {
      readers_.push_back(std::make_unique<PassingReader>(*source));
      parents_.push_back(
          [reader = readers_.back().get()](const Part& part, int64_t begin, std::span<float> out) {
            reader->Read(part, begin, out);
          });
    }
    if (settings.mixture) upcycler_.emplace(target, settings.mixture->upcycle, settings.seed);
  }

  void Read(const Part& part, int64_t begin, std::span<float> out) {
    if (!upcycler_) return parents_.front()(part, begin, out);
    if (!made_ || !(made_of_ == part)) {
      made_.emplace(*upcycler_, part, parents_);
      made_of_ = part;
    }
    made_->Fill(begin, out);
  }

 private:
  std::vector<std::unique_ptr<PassingReader>> readers_;
  std::vector<RowReader> parents_;
  std::optional<Upcycler> upcycler_;
  std::optional<UpcycledPart> made_;
  Part made_of_ = {};
};

// Whether a file of an earlier attempt is there. It appeared under its name when it was whole.
bool IsWritten(const fs::path& path, const Shard& shard) {
  if (!fs::exists(path)) return false;
  std::map<std::string, SafetensorsEntry> expected;
  for (const SafetensorsEntry& entry : shard.entries) expected.emplace(entry.name, entry);
  const SafetensorsReader reader(path);
  return reader.entries().size() == expected.size() &&
         std::ranges::all_of(reader.entries(), [&](const SafetensorsEntry& entry) {
           const auto found = expected.find(entry.name);
           return found != expected.end() && found->second == entry;
         });
}

std::string_view TypeName(SafetensorsType type) {
  switch (type) {
    case SafetensorsType::kBF16:
      return "bfloat16";
    case SafetensorsType::kF16:
      return "float16";
    case SafetensorsType::kF64:
      return "float64";
    default:
      return "float32";
  }
}

const StoredTensor& TensorNamed(const StoredTensors& tensors, const std::string& name) {
  const auto found = std::ranges::find(tensors.all(), name, &StoredTensor::name);
  return *found;
}

json SettingsJson(const ConversionSettings& settings, const ConversionPlan& plan) {
  json made = {{"format", NameOf(plan.format)}, {"type", NameOf(plan.type)}};
  if (settings.mixture) {
    made["moe"] = AllSettings(settings.mixture->moe);
    made["upcycle"] = AllSettings(settings.mixture->upcycle);
    made["seed"] = settings.seed;
  }
  return made;
}

}  // namespace

Conversion::Conversion(const std::vector<std::unique_ptr<ModelSource>>& sources,
                       const ConversionSettings& settings)
    : sources_(sources),
      settings_(settings),
      plan_(PlanConversion(sources.front()->architecture(), sources.front()->type(), settings)) {
  for (const auto& source : sources) {
    const Architecture& one = source->architecture();
    const Architecture& first = sources.front()->architecture();
    if (AllSettings(one.model) == AllSettings(first.model) && one.vocabulary == first.vocabulary) {
      continue;
    }
    throw Error(Cause::kInput,
                fmt::format("{} and {} are of different sizes or families: branches "
                            "of one model are equal in both",
                            sources.front()->path().native(), source->path().native()));
  }
}

Fingerprint Conversion::Identity() const {
  Hasher hasher;
  hasher.Add(SettingsJson(settings_, plan_).dump());
  hasher.Add(static_cast<uint64_t>(settings_.shard_bytes));
  for (const auto& source : sources_) {
    for (const fs::path& file : source->files()) {
      hasher.Add(fs::absolute(file).native()).Add(static_cast<uint64_t>(fs::file_size(file)));
      const auto changed = fs::last_write_time(file).time_since_epoch().count();
      hasher.Add(static_cast<uint64_t>(changed));
    }
  }
  for (const ConvertedFolder& folder : plan_.folders) hasher.Add(folder.name);
  return hasher.Finish();
}

void Conversion::Run(const fs::path& output, const ConversionObserver& observe) const {
  UnfinishedFolder unfinished(output, Identity());
  int64_t done = 0;
  for (const ConvertedFolder& folder : plan_.folders) {
    const fs::path path = folder.name.empty() ? unfinished.path() : unfinished.path() / folder.name;
    MakeDirectories(path);
    WriteFolder(folder, path, observe, done);
    WriteDescription(path, folder);
  }
  unfinished.Commit();
}

void Conversion::WriteFolder(const ConvertedFolder& folder, const fs::path& path,
                             const ConversionObserver& observe, int64_t& done) const {
  TargetRows target(sources_, settings_, plan_.target);
  const RowReader whole = [&](const Part& part, int64_t begin, std::span<float> out) {
    target.Read(part, begin, out);
  };
  const RowReader rows = folder.share ? folder.share->Cut(whole) : whole;
  const StoredValues values(folder.tensors, rows);
  // What stays what it is keeps its bits: a norm less 1 would lose some on its way through.
  const ModelSource& source = *sources_.front();
  const bool is_copied = !settings_.mixture && !folder.share;
  for (const Shard& shard : folder.shards) {
    if (IsWritten(path / shard.file, shard)) {
      done += shard.bytes;
      observe(done);
      continue;
    }
    PieceWriter writer(path / shard.file, shard.entries);
    for (const SafetensorsEntry& entry : shard.entries) {
      const StoredTensor& tensor = TensorNamed(folder.tensors, entry.name);
      const std::vector<int64_t> shape = tensor.FileShape();
      const int64_t columns = shape.size() == 1 ? 1 : shape[1];
      const int64_t at_a_time = std::max<int64_t>(1, kPieceElements / columns);
      for (int64_t row = 0; row < shape[0]; row += at_a_time) {
        const int64_t count = std::min(at_a_time, shape[0] - row);
        const std::span<float> piece = writer.Next(count * columns);
        if (is_copied && source.Holds(tensor)) {
          source.ReadStoredRows(tensor, row, piece);
        } else {
          values.Read(tensor, row, piece);
        }
        done += writer.Append(entry);
        observe(done);
      }
    }
    writer.Commit();
  }
  if (folder.shards.size() > 1) {
    WriteFileAtomically(path / kIndexFile, IndexText(folder.shards));
  }
}

void Conversion::WriteDescription(const fs::path& path, const ConvertedFolder& folder) const {
  const ModelSource& source = *sources_.front();
  CarryFiles(source.path(), settings_.tokenizer, path);
  json config = ConfigJson(plan_.target, plan_.format, TypeName(plan_.type));
  CarryTokens(source.path(), config);
  WriteFileAtomically(path / "config.json", config.dump(2) + "\n");
  json made = SettingsJson(settings_, plan_);
  if (folder.share) made["share"] = folder.share->ToJson();
  for (const auto& from : sources_) made["from"].push_back(from->path().filename().native());
  WriteFileAtomically(path / "upcycle.json", made.dump(2) + "\n");
}

}  // namespace upcycle
