#include "core/checkpoints/llama2c.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/check.h"
#include "core/checkpoints/elements.h"
#include "core/error.h"

namespace upcycle {
namespace {

constexpr size_t kHeaderNumbers = 7, kLayers = 2, kVocabulary = 5;
// Far above every model in this format; all bytes of such a one are still counted in 63 bits.
constexpr int64_t kLargest = 1 << 20, kMostLayers = 1 << 10;

Error Refusal(const fs::path& path, const std::string& what) {
  return {Cause::kInput, fmt::format("{} is no model in llama2.c's format: {}; its version 0 is "
                                     "expected, as export.py writes it",
                                     path.native(), what)};
}

// Where row `row` of a Hugging Face matrix lies: within a head of width w, row i of the first half
// is number 2i of the file and row i of the second is 2i + 1.
int64_t RowInFile(int64_t row, int64_t head_width) {
  const int64_t head = row / head_width, i = row % head_width, half = head_width / 2;
  return head * head_width + (i < half ? 2 * i : 2 * (i - half) + 1);
}

}  // namespace

Llama2cFile::Llama2cFile(const fs::path& path) : path_(path), file_(path) {
  std::array<int32_t, kHeaderNumbers> header = {};
  if (file_.bytes().size() < sizeof header) throw Refusal(path, "it is shorter than a header");
  std::memcpy(header.data(), file_.bytes().data(), sizeof header);
  described_ = sizeof header;
  for (size_t i = 0; i < header.size(); ++i) {
    const int64_t number = i == kVocabulary ? std::abs(int64_t{header[i]}) : header[i];
    if (number < 1 || number > (i == kLayers ? kMostLayers : kLargest)) {
      throw Refusal(path, fmt::format("number {} of its header is {}", i + 1, header[i]));
    }
  }
  model_.width = header[0];
  model_.ffn_width = header[1];
  model_.layers = header[2];
  model_.heads = header[3];
  model_.kv_heads = header[4];
  model_.vocabulary = std::abs(header[kVocabulary]);
  model_.sequence_length = header[6];
  model_.tied_embeddings = header[kVocabulary] > 0;
  model_.rope_theta = 10000;
  model_.norm_epsilon = 1e-5;
  if (model_.width % model_.heads != 0 || model_.HeadWidth() % 2 != 0 ||
      model_.heads % model_.kv_heads != 0) {
    throw Refusal(path, fmt::format("a width of {} with {} heads and {} key-value heads",
                                    model_.width, model_.heads, model_.kv_heads));
  }
  Describe();
}

void Llama2cFile::Describe() {
  const int64_t width = model_.width, hidden = model_.ffn_width, head = model_.HeadWidth();
  const int64_t keys = model_.kv_heads * head;
  Add("model.embed_tokens.weight", {model_.vocabulary, width});
  AddLayers("input_layernorm.weight", {width});
  AddLayers("self_attn.q_proj.weight", {width, width}, head);
  AddLayers("self_attn.k_proj.weight", {keys, width}, head);
  AddLayers("self_attn.v_proj.weight", {keys, width});
  AddLayers("self_attn.o_proj.weight", {width, width});
  AddLayers("post_attention_layernorm.weight", {width});
  AddLayers("mlp.gate_proj.weight", {hidden, width});
  AddLayers("mlp.down_proj.weight", {width, hidden});
  AddLayers("mlp.up_proj.weight", {hidden, width});
  Add("model.norm.weight", {width});
  // Two tables of rotary angles, which readers compute for themselves.
  described_ += sizeof(float) * static_cast<uint64_t>(model_.sequence_length * head);
  if (!model_.tied_embeddings) Add("lm_head.weight", {model_.vocabulary, width});
  if (described_ != file_.bytes().size()) {
    throw Refusal(path_, fmt::format("its header asks for {} bytes, and it has {}", described_,
                                     file_.bytes().size()));
  }
}

void Llama2cFile::Add(const std::string& name, std::vector<int64_t> shape, int64_t turned_head) {
  places_.emplace(name, Place{entries_.size(), described_, turned_head});
  entries_.push_back({name, SafetensorsType::kF32, std::move(shape)});
  described_ += static_cast<uint64_t>(BytesOf(entries_.back()));
}

void Llama2cFile::AddLayers(const char* name, std::vector<int64_t> shape, int64_t turned_head) {
  for (int64_t layer = 0; layer < model_.layers; ++layer) {
    Add(fmt::format("model.layers.{}.{}", layer, name), shape, turned_head);
  }
}

const SafetensorsEntry* Llama2cFile::Find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : &entries_[found->second.entry];
}

const Llama2cFile::Place& Llama2cFile::PlaceOf(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) {
    throw Error(Cause::kInput, fmt::format("{} has no {}", path_.native(), name));
  }
  return found->second;
}

void Llama2cFile::Read(std::string_view name, int64_t begin, std::span<float> out) const {
  const Place& place = PlaceOf(name);
  const auto read = [&](int64_t from, std::span<float> to) {
    const size_t offset = place.offset + sizeof(float) * static_cast<size_t>(from);
    UPCYCLE_CHECK(from >= 0 && offset + to.size_bytes() <= file_.bytes().size());
    WidenElements(to, file_.bytes().subspan(offset, to.size_bytes()), SafetensorsType::kF32);
  };
  if (place.turned_head == 0) return read(begin, out);
  const int64_t width = entries_[place.entry].shape[1];
  for (int64_t done = 0; done < static_cast<int64_t>(out.size());) {
    const int64_t row = (begin + done) / width, column = (begin + done) % width;
    const int64_t count = std::min(width - column, static_cast<int64_t>(out.size()) - done);
    read(RowInFile(row, place.turned_head) * width + column,
         out.subspan(static_cast<size_t>(done), static_cast<size_t>(count)));
    done += count;
  }
}

void Llama2cFile::Prefetch(std::string_view name) const {
  const Place& place = PlaceOf(name);
  const auto bytes = static_cast<size_t>(BytesOf(entries_[place.entry]));
  file_.Prefetch(file_.bytes().subspan(place.offset, bytes));
}

void Llama2cFile::Release(std::string_view name) const {
  const Place& place = PlaceOf(name);
  const auto bytes = static_cast<size_t>(BytesOf(entries_[place.entry]));
  file_.Release(file_.bytes().subspan(place.offset, bytes));
}

}  // namespace upcycle
