#include "experiments/run/checkpoint.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksums.h"
#include "core/directory_transaction.h"
#include "core/error.h"
#include "core/foreign_json.h"
#include "experiments/formats/model_folder.h"
#include "experiments/run/optimizer_file.h"

namespace upcycle {
namespace {

using nlohmann::json;

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
  WriteMoments(folder, parameters, backend);
  WriteFileAtomically(folder / "trainer.json", state.dump());
  WriteChecksums(folder);
  transaction.Commit();
  for (const fs::path& path : older) {
    if (path != FolderOf(step)) fs::remove_all(path);
  }
}

bool Checkpoints::Restore(ModelParameters& parameters, Backend& backend, const StateReader& reader,
                          std::vector<std::string>& passed_over) {
  const auto pass_over = [&](const fs::path& folder, const std::string& reason) {
    passed_over.push_back(fmt::format("{}: {}", folder.native(), reason));
  };
  for (const fs::path& folder : NewestFirst()) {
    try {
      const std::string damage = FindDamage(folder);
      if (!damage.empty()) throw Error(Cause::kInput, damage);
      const auto restore_state = reader(json::parse(ReadTextFile(folder / "trainer.json")));
      ModelFolder(folder).CopyTo(parameters, backend);
      ReadMoments(folder, parameters, backend);
      restore_state();
      return true;
    } catch (const Error& error) {
      // A device without memory, say, is no fault of the checkpoint's.
      if (error.cause() != Cause::kInput) throw;
      pass_over(folder, error.what());
    } catch (const json::exception& error) {
      pass_over(folder, "trainer.json cannot be understood: " + JsonProblem(error));
    }
  }
  return false;
}

void Checkpoints::Clear() {
  std::error_code ignored;  // a leftover costs space and nothing else
  fs::remove_all(folder_, ignored);
}

}  // namespace upcycle
