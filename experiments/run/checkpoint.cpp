#include "experiments/run/checkpoint.h"

#include <algorithm>

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

constexpr const char* kMoments[] = {"m.", "v."};

Tensor MomentOf(const ModelParameters::Piece& piece, int which) {
  return which == 0 ? piece.m : piece.v;
}

void WriteMoments(const fs::path& path, const ModelParameters& parameters, Backend& backend) {
  const Architecture& architecture = parameters.architecture();
  std::vector<SafetensorsEntry> entries;
  for (const char* prefix : kMoments) {
    const auto more = EntriesOf(architecture, prefix);
    entries.insert(entries.end(), more.begin(), more.end());
  }
  SafetensorsWriter writer(path, entries);
  std::vector<float> values;
  for (int which = 0; which < 2; ++which) {
    for (const ModelParameters::Piece& piece : parameters.pieces()) {
      const Tensor moment = MomentOf(piece, which);
      values.resize(static_cast<size_t>(moment.size()));
      const Tensor host(values.data(), moment.shape());
      backend.CopyToHost(host, moment);
      writer.Write(kMoments[which] + PartName(piece.part, architecture), ConstTensor(host));
    }
  }
  writer.Commit();
}

void ReadMoments(const fs::path& path, ModelParameters& parameters, Backend& backend) {
  const SafetensorsReader reader(path);
  for (int which = 0; which < 2; ++which) {
    for (const ModelParameters::Piece& piece : parameters.pieces()) {
      const std::string name = kMoments[which] + PartName(piece.part, parameters.architecture());
      const ConstTensor values = reader.View(name);
      if (!(values.shape() == piece.value.shape()) || values.type() != DataType::kFloat32) {
        throw Error(Cause::kInput,
                    fmt::format("{}: {} has another shape than the model", path.native(), name));
      }
      backend.CopyFromHost(MomentOf(piece, which), values);
    }
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

bool Checkpoints::Restore(ModelParameters& parameters, Backend& backend,
                          const std::function<void(const json&)>& restore_state,
                          std::vector<std::string>& passed_over) {
  for (const fs::path& folder : NewestFirst()) {
    try {
      const std::string damage = FindDamage(folder);
      if (!damage.empty()) throw Error(Cause::kInput, damage);
      const json state = json::parse(ReadTextFile(folder / "trainer.json"));
      restore_state(state);
      ModelFolder(folder).CopyTo(parameters, backend);
      ReadMoments(folder / "optimizer.safetensors", parameters, backend);
      return true;
    } catch (const std::exception& error) {
      passed_over.push_back(fmt::format("{}: {}", folder.native(), error.what()));
    }
  }
  return false;
}

void Checkpoints::Clear() {
  std::error_code ignored;  // a leftover costs space and nothing else
  fs::remove_all(folder_, ignored);
}

}  // namespace upcycle
