#include "experiments/conversion/conversion.h"

#include <algorithm>
#include <cmath>
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
#include "core/tokenizers/tokenizer.h"
#include "experiments/conversion/carried_files.h"
#include "experiments/conversion/piece_writer.h"
#include "experiments/conversion/target_parts.h"
#include "experiments/conversion/unfinished_folder.h"
#include "experiments/formats/config_writer.h"
#include "experiments/formats/stored_values.h"

namespace upcycle {
namespace {

using nlohmann::json;

// So many numbers are computed and written at a time.
constexpr int64_t kPieceElements = 4 << 20;

// Whether a file of an earlier attempt is there. It appeared under its name when it was whole; one
// that is no longer of this size, or has another header, is written again.
bool IsWritten(const fs::path& path, const Shard& shard) {
  if (!fs::exists(path)) return false;
  std::map<std::string, SafetensorsEntry> expected;
  for (const SafetensorsEntry& entry : shard.entries) expected.emplace(entry.name, entry);
  try {
    const SafetensorsReader reader(path);
    return reader.entries().size() == expected.size() &&
           std::ranges::all_of(reader.entries(), [&](const SafetensorsEntry& entry) {
             const auto found = expected.find(entry.name);
             return found != expected.end() && found->second == entry;
           });
  } catch (const Error&) {
    return false;
  }
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

// Rows of a tensor as its file will have them.
struct Piece {
  const StoredTensor& tensor;
  int64_t begin = 0;
  int64_t rows = 0;
};

// A number that becomes infinite would make another model.
void RequireHeld(std::span<const float> values, const SafetensorsEntry& entry) {
  constexpr float kBeyondF16 = 65520;  // rounds to infinity, as all beyond it
  if (entry.type != SafetensorsType::kF16) return;
  for (const float value : values) {
    if (std::abs(value) < kBeyondF16 || !std::isfinite(value)) continue;
    throw Error(Cause::kInput, fmt::format("{} holds the number {:g}, which is beyond float16; "
                                           "write another --type",
                                           entry.name, value));
  }
}

// Gives how many bytes it has written. What is copied is copied as bytes where the types are equal,
// and otherwise as the source's file has it: a norm less 1 would lose bits on its way to the factor
// and back.
int64_t WritePiece(PieceWriter& writer, const SafetensorsEntry& entry, const Piece& piece,
                   const StoredValues& values, const std::optional<Original>& original) {
  if (original) {
    const std::span<const std::byte> bytes =
        original->source->StoredBytes(*original->tensor, entry.type, piece.begin, piece.rows);
    if (!bytes.empty()) {
      const int64_t written = writer.AppendBytes(entry, bytes);
      original->source->Release(original->tensor->parts.front());
      return written;
    }
  }
  const std::span<float> room = writer.Next(piece.rows * piece.tensor.FileColumns());
  if (original) {
    original->source->ReadStored(*original->tensor, piece.begin, room);
  } else {
    values.Read(piece.tensor, piece.begin, room);
  }
  RequireHeld(room, entry);
  return writer.Append(entry);
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
  // What is wrong with it is better said before all weights are written than after.
  if (!settings.tokenizer.empty()) Tokenizer::Load(settings.tokenizer);
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
  for (const ConvertedFolder& folder : plan_.folders) {
    hasher.Add(folder.name).Add(folder.share ? folder.share->ToJson().dump() : "");
  }
  hasher.Add(settings_.tokenizer.empty() ? "" : fs::absolute(settings_.tokenizer).native());
  return hasher.Finish();
}

void Conversion::Run(const fs::path& output, const ConversionObserver& observe) const {
  const Fingerprint identity = Identity();
  UnfinishedFolder unfinished(output, identity);
  int64_t done = 0;
  for (const ConvertedFolder& folder : plan_.folders) {
    const fs::path path = folder.name.empty() ? unfinished.path() : unfinished.path() / folder.name;
    MakeDirectories(path);
    WriteFolder(folder, path, observe, done);
    WriteDescription(path, folder);
  }
  if (Identity() != identity) {
    throw Error(Cause::kInput,
                fmt::format("{} was changed while it was read; remove {} and begin again",
                            sources_.front()->path().native(), unfinished.path().native()));
  }
  unfinished.Commit();
}

void Conversion::WriteFolder(const ConvertedFolder& folder, const fs::path& path,
                             const ConversionObserver& observe, int64_t& done) const {
  TargetParts target(sources_, settings_, plan_.target);
  const RowReader whole = [&](const Part& part, int64_t begin, std::span<float> out) {
    target.Read(part, begin, out);
  };
  const RowReader rows = folder.share ? folder.share->Cut(whole) : whole;
  const StoredValues values(folder.tensors, rows);
  auto tensor = folder.tensors.all().begin();  // files hold the tensors in this order
  for (const Shard& shard : folder.shards) {
    const auto end = tensor + static_cast<std::ptrdiff_t>(shard.entries.size());
    if (IsWritten(path / shard.file, shard)) {
      tensor = end;
      done += shard.bytes;
      observe(done);
      continue;
    }
    PieceWriter writer(path / shard.file, shard.entries);
    for (size_t i = 0; tensor != end; ++i, ++tensor) {
      if (tensor + 1 != end) target.Prefetch(*(tensor + 1));
      const std::optional<Original> original =
          folder.share ? std::nullopt : target.OriginalOf(*tensor);
      const int64_t at_a_time = std::max<int64_t>(1, kPieceElements / tensor->FileColumns());
      for (int64_t row = 0; row < tensor->FileRows(); row += at_a_time) {
        const int64_t count = std::min(at_a_time, tensor->FileRows() - row);
        done += WritePiece(writer, shard.entries[i], {*tensor, row, count}, values, original);
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
