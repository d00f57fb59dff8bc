// The weights of a Hugging Face folder: model.safetensors, or the shards that
// model.safetensors.index.json names.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/checkpoints/tensor_source.h"
#include "core/files.h"

namespace upcycle {

inline constexpr const char* kWeightsFile = "model.safetensors";
inline constexpr const char* kIndexFile = "model.safetensors.index.json";

class TensorFolder : public TensorSource {
 public:
  // Maps every shard and checks that index and shards agree about which tensor lies where. Throws
  // Error(kInput) where they do not, where a shard lies outside the folder, or where there are
  // weights in another format only.
  explicit TensorFolder(const fs::path& folder);

  const std::vector<SafetensorsEntry>& entries() const override { return entries_; }
  const SafetensorsEntry* Find(std::string_view name) const override;
  void Read(std::string_view name, int64_t begin, std::span<float> out) const override;
  std::span<const std::byte> Bytes(std::string_view name, int64_t begin,
                                   int64_t count) const override;
  void Prefetch(std::string_view name) const override;
  void Release(std::string_view name) const override;

  // The files that hold the weights, in order.
  const std::vector<fs::path>& files() const { return files_; }

 private:
  void Add(const fs::path& file);
  void RequireIndexed(const std::map<std::string, std::string>& shard_of) const;
  size_t IndexOf(std::string_view name) const;

  fs::path folder_;
  std::vector<fs::path> files_;
  std::vector<std::unique_ptr<SafetensorsReader>> shards_;
  std::vector<SafetensorsEntry> entries_;
  std::vector<size_t> shard_;  // of each entry
  std::map<std::string, size_t, std::less<>> index_;
};

}  // namespace upcycle
