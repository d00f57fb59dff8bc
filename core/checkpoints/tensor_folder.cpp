#include "core/checkpoints/tensor_folder.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/checkpoints/elements.h"
#include "core/error.h"
#include "core/foreign_json.h"

namespace upcycle {
namespace {

using nlohmann::json;

// Which file holds each tensor, as the index says.
class IndexFile {
 public:
  explicit IndexFile(const fs::path& path) : path_(path) {
    const json index = ReadForeignJson(path);
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
      Refuse("it has no weight_map");
    }
    for (const auto& [tensor, file] : index["weight_map"].items()) Add(tensor, file);
    if (shard_of.empty()) Refuse("its weight_map is empty");
  }

  std::map<std::string, std::string> shard_of;

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(Cause::kInput,
                fmt::format("{} is no index of shards: {}; fetch it again", path_.native(), what));
  }

  // Shards lie beside the index, so that a folder reads nothing but itself.
  void Add(const std::string& tensor, const json& file) {
    if (!file.is_string()) Refuse(fmt::format("the file of {} is no name", tensor));
    const auto& name = file.get_ref<const std::string&>();
    const bool is_bare = !name.empty() && name != "." && name != ".." &&
                         name.find('/') == name.npos && name.find('\0') == name.npos;
    if (!is_bare) Refuse(fmt::format("the file of {} is not in its folder", tensor));
    shard_of.emplace(tensor, name);
  }

  const fs::path& path_;
};

[[noreturn]] void RefuseFolder(const fs::path& folder) {
  std::string advice = "a Hugging Face folder with model.safetensors is expected";
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().native();
    if (name.starts_with("pytorch_model") && name.ends_with(".bin")) {
      advice = fmt::format(
          "{} is in PyTorch's own format; save the model again with safe_serialization=True", name);
    }
  }
  throw Error(Cause::kInput, fmt::format("{} has no safetensors: {}", folder.native(), advice));
}

}  // namespace

TensorFolder::TensorFolder(const fs::path& folder) : folder_(folder) {
  std::error_code none;
  if (fs::exists(folder / kIndexFile, none)) {
    const IndexFile index(folder / kIndexFile);
    std::set<std::string> shards;
    for (const auto& [tensor, file] : index.shard_of) shards.insert(file);
    for (const std::string& shard : shards) Add(folder / shard);
    RequireIndexed(index.shard_of);
  } else if (fs::exists(folder / kWeightsFile, none)) {
    Add(folder / kWeightsFile);
  } else {
    RefuseFolder(folder);
  }
}

void TensorFolder::Add(const fs::path& file) {
  files_.push_back(file);
  shards_.push_back(std::make_unique<SafetensorsReader>(file));
  for (const SafetensorsEntry& entry : shards_.back()->entries()) {
    const auto [place, is_new] = index_.emplace(entry.name, entries_.size());
    if (!is_new) {
      throw Error(Cause::kInput,
                  fmt::format("{} and {} both hold {}; fetch the folder again", file.native(),
                              files_[shard_[place->second]].native(), entry.name));
    }
    entries_.push_back(entry);
    shard_.push_back(shards_.size() - 1);
  }
}

void TensorFolder::RequireIndexed(const std::map<std::string, std::string>& shard_of) const {
  const auto refuse = [&](const std::string& what) {
    throw Error(Cause::kInput, fmt::format("{}: {} does not fit its shards: {}; fetch the folder "
                                           "again",
                                           folder_.native(), kIndexFile, what));
  };
  for (const auto& [tensor, file] : shard_of) {
    const auto found = index_.find(tensor);
    if (found == index_.end() || files_[shard_[found->second]].filename() != file) {
      refuse(fmt::format("{} is not in {}", tensor, file));
    }
  }
  for (const SafetensorsEntry& entry : entries_) {
    if (!shard_of.contains(entry.name)) refuse(fmt::format("it does not name {}", entry.name));
  }
}

const SafetensorsEntry* TensorFolder::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

size_t TensorFolder::IndexOf(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw Error(Cause::kInput, fmt::format("{} has no tensor named {}; it holds {} others",
                                           folder_.native(), name, entries_.size()));
  }
  return found->second;
}

std::span<const std::byte> TensorFolder::Bytes(std::string_view name, int64_t begin,
                                               int64_t count) const {
  const size_t index = IndexOf(name);
  const auto element = static_cast<size_t>(SizeOf(entries_[index].type));
  const std::span<const std::byte> all = shards_[shard_[index]]->Bytes(name);
  const size_t from = static_cast<size_t>(begin) * element;
  const size_t size = static_cast<size_t>(count) * element;
  UPCYCLE_CHECK(begin >= 0 && count >= 0 && from + size <= all.size());
  return all.subspan(from, size);
}

void TensorFolder::Read(std::string_view name, int64_t begin, std::span<float> out) const {
  const size_t index = IndexOf(name);
  const SafetensorsEntry& entry = entries_[index];
  if (!IsFloatingPoint(entry.type)) {
    throw Error(Cause::kInput,
                fmt::format("{}: {} has elements of type {}; weights are F32, BF16, F16 or F64, so "
                            "undo the model's quantisation first",
                            files_[shard_[index]].native(), name, NameOf(entry.type)));
  }
  WidenElements(out, Bytes(name, begin, static_cast<int64_t>(out.size())), entry.type);
}

void TensorFolder::Prefetch(std::string_view name) const {
  const size_t index = IndexOf(name);
  shards_[shard_[index]]->Prefetch(name);
}

void TensorFolder::Release(std::string_view name) const {
  const size_t index = IndexOf(name);
  shards_[shard_[index]]->Release(name);
}

}  // namespace upcycle
