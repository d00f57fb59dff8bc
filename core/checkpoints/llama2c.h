// Dense Llamas in the `.bin` format of karpathy/llama2.c (its "legacy" export, version 0): seven
// int32 (width, FFN width, layers, heads, key-value heads, vocabulary, sequence length; a negative
// vocabulary means that the head is no copy of the embedding), then float32 matrices, all layers'
// of a kind together. Its rotary positions turn neighbouring numbers of a head, where Hugging
// Face's turn its halves; queries and keys are put in the latter order here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/checkpoints/tensor_source.h"
#include "core/files.h"
#include "core/mapped_file.h"
#include "core/recipe/model_settings.h"

namespace upcycle {

// Its tensors have the names that Hugging Face's Llama gives them.
class Llama2cFile : public TensorSource {
 public:
  // Throws Error(kInput) for a file whose size is not that of its header, or whose header describes
  // no model.
  explicit Llama2cFile(const fs::path& path);

  // The sizes of the header, with llama2.c's epsilon and rotary base.
  const ModelSettings& model() const { return model_; }

  const std::vector<SafetensorsEntry>& entries() const override { return entries_; }
  const SafetensorsEntry* Find(std::string_view name) const override;
  void Read(std::string_view name, int64_t begin, std::span<float> out) const override;
  std::span<const std::byte> Bytes(std::string_view, int64_t, int64_t) const override { return {}; }
  void Prefetch(std::string_view name) const override;
  void Release(std::string_view name) const override;

 private:
  struct Place {
    size_t entry = 0;
    uint64_t offset = 0;      // of its first byte
    int64_t turned_head = 0;  // W of a matrix whose rows lie in the other order; 0: none
  };
  void Describe();
  void Add(const std::string& name, std::vector<int64_t> shape, int64_t turned_head = 0);
  void AddLayers(const char* name, std::vector<int64_t> shape, int64_t turned_head = 0);
  const Place& PlaceOf(std::string_view name) const;

  fs::path path_;
  MappedFile file_;
  ModelSettings model_;
  uint64_t described_ = 0;  // bytes that are accounted for
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace upcycle
