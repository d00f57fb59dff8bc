#include "experiments/run/checkpoint.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/check.h"
#include "core/checksums.h"
#include "core/data/safetensors.h"
#include "core/directory_transaction.h"
#include "core/error.h"
#include "experiments/run/model_folder.h"

namespace upcycle {
namespace {

using nlohmann::json;

// How the moments of a part are named in front of the part's name.
constexpr std::pair<Moment, const char*> kMoments[] = {{Moment::kFirst, "m."},
                                                       {Moment::kSecond, "v."}};

// In float32 whatever holds them, so that a training may go on elsewhere.
void WriteMoments(const fs::path& path, const ModelParameters& parameters, Backend& backend) {
  const Architecture& architecture = parameters.architecture();
  std::vector<SafetensorsEntry> entries;
  for (const auto& [which, prefix] : kMoments) {
    const auto more = EntriesOf(architecture, prefix);
    entries.insert(entries.end(), more.begin(), more.end());
  }
  SafetensorsWriter writer(path, entries);
  std::vector<float> values;
  for (const auto& [which, prefix] : kMoments) {
    for (const ModelParameters::Piece& piece : parameters.pieces()) {
      values.resize(static_cast<size_t>(piece.value.size()));
      parameters.LoadMoment(backend, which, piece.begin, values);
      writer.Write(prefix + PartName(piece.part, architecture),
                   ConstTensor(values.data(), piece.value.shape()));
    }
  }
  writer.Commit();
}

// The moments of every piece in a file, by where the piece begins.
std::map<int64_t, ConstTensor> MomentsIn(const SafetensorsReader& reader, const fs::path& path,
                                         const char* prefix, const ModelParameters& parameters) {
  std::map<int64_t, ConstTensor> moments;
  for (const ModelParameters::Piece& piece : parameters.pieces()) {
    const std::string name = prefix + PartName(piece.part, parameters.architecture());
    const ConstTensor values = reader.View(name);
    if (!(values.shape() == piece.value.shape()) || values.type() != DataType::kFloat32) {
      throw Error(Cause::kInput,
                  fmt::format("{}: {} has another shape than the model", path.native(), name));
    }
    moments[piece.begin] = values;
  }
  return moments;
}

// The elements from `begin` on, 0 between pieces.
void FillFrom(const std::map<int64_t, ConstTensor>& pieces, int64_t begin,
              std::span<float> values) {
  std::fill(values.begin(), values.end(), 0.0f);
  const int64_t end = begin + static_cast<int64_t>(values.size());
  auto piece = pieces.upper_bound(begin);
  if (piece != pieces.begin()) --piece;
  for (; piece != pieces.end() && piece->first < end; ++piece) {
    const int64_t from = std::max(begin, piece->first);
    const int64_t to = std::min(end, piece->first + piece->second.size());
    for (int64_t i = from; i < to; ++i) {
      values[static_cast<size_t>(i - begin)] = piece->second.floats()[i - piece->first];
    }
  }
}

void ReadMoments(const fs::path& path, ModelParameters& parameters, Backend& backend) {
  const SafetensorsReader reader(path);
  for (const auto& [which, prefix] : kMoments) {
    const auto moments = MomentsIn(reader, path, prefix, parameters);
    parameters.StoreMoment(backend, which, [&](int64_t begin, std::span<float> values) {
      FillFrom(moments, begin, values);
    });
  }
}

}  // namespace

Checkpoints::Checkpoints(fs::path folder, fs::path tokenizer, int64_t end_of_text)
    : folder_(std::move(folder)), tokenizer_(std::move(tokenizer)), end_of_text_(end_of_text) {}

fs::path Checkpoints::FolderOf(int64_t step) const {
  return folder_ / fmt::format("step_{:08}", step);
}

std::vector<fs::path> Checkpoints::NewestFirst() const {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder_)) return found;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().native();
    if (name.starts_with("step_") && entry.path().extension().empty())
      found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

void Checkpoints::Write(int64_t step, const json& state, const ModelParameters& parameters,
                        Backend& backend) {
  MakeDirectories(folder_);
  const std::vector<fs::path> older = NewestFirst();
  DirectoryTransaction transaction(FolderOf(step));
  const fs::path& folder = transaction.path();
  WriteModel(folder, parameters, backend, tokenizer_, end_of_text_);
  WriteMoments(folder / "optimizer.safetensors", parameters, backend);
  WriteFileAtomically(folder / "trainer.json", state.dump());
  WriteChecksums(folder);
  transaction.Commit();
  for (const fs::path& path : older) {
    if (path != FolderOf(step)) fs::remove_all(path);
  }
}

bool Checkpoints::Restore(ModelParameters& parameters, Backend& backend, const StateReader& reader,
                          std::vector<std::string>& passed_over) {
  const auto pass_over = [&](const fs::path& folder, const char* reason) {
    passed_over.push_back(fmt::format("{}: {}", folder.native(), reason));
  };
  for (const fs::path& folder : NewestFirst()) {
    try {
      const std::string damage = FindDamage(folder);
      if (!damage.empty()) throw Error(Cause::kInput, damage);
      const auto restore_state = reader(json::parse(ReadTextFile(folder / "trainer.json")));
      ModelFolder(folder).CopyTo(parameters, backend);
      ReadMoments(folder / "optimizer.safetensors", parameters, backend);
      restore_state();
      return true;
    } catch (const Error& error) {
      // A device without memory, say, is no fault of the checkpoint's.
      if (error.cause() != Cause::kInput) throw;
      pass_over(folder, error.what());
    } catch (const json::exception& error) {
      pass_over(folder, error.what());
    }
  }
  return false;
}

void Checkpoints::Clear() {
  std::error_code ignored;  // a leftover costs space and nothing else
  fs::remove_all(folder_, ignored);
}

}  // namespace upcycle
