#include "core/checkpoints/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/error.h"
#include "core/foreign_json.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr uint64_t kPrefixBytes = 8;
constexpr uint64_t kLargestHeader = 100'000'000;  // as the reference implementation has it
constexpr uint64_t kAlignment = 8;
constexpr char kMetadata[] = "__metadata__";

struct TypeInfo {
  SafetensorsType type;
  std::string_view name;
  int64_t size;
  std::optional<DataType> tensor;
};

constexpr std::array<TypeInfo, 15> kTypes = {{
    {SafetensorsType::kBool, "BOOL", 1, std::nullopt},
    {SafetensorsType::kU8, "U8", 1, DataType::kUInt8},
    {SafetensorsType::kI8, "I8", 1, std::nullopt},
    {SafetensorsType::kF8E5M2, "F8_E5M2", 1, std::nullopt},
    {SafetensorsType::kF8E4M3, "F8_E4M3", 1, std::nullopt},
    {SafetensorsType::kI16, "I16", 2, std::nullopt},
    {SafetensorsType::kU16, "U16", 2, DataType::kUInt16},
    {SafetensorsType::kF16, "F16", 2, DataType::kFloat16},
    {SafetensorsType::kBF16, "BF16", 2, DataType::kBFloat16},
    {SafetensorsType::kI32, "I32", 4, DataType::kInt32},
    {SafetensorsType::kU32, "U32", 4, std::nullopt},
    {SafetensorsType::kF32, "F32", 4, DataType::kFloat32},
    {SafetensorsType::kF64, "F64", 8, std::nullopt},
    {SafetensorsType::kI64, "I64", 8, DataType::kInt64},
    {SafetensorsType::kU64, "U64", 8, std::nullopt},
}};

const TypeInfo& InfoOf(SafetensorsType type) { return kTypes[static_cast<size_t>(type)]; }

// The bytes of a tensor, or nothing where they do not fit in 63 bits.
std::optional<uint64_t> CheckedBytes(const SafetensorsEntry& entry) {
  uint64_t bytes = static_cast<uint64_t>(SizeOf(entry.type));
  for (const int64_t extent : entry.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) return std::nullopt;
  }
  if (bytes >> 63 != 0) return std::nullopt;
  return bytes;
}

std::optional<Shape> ShapeOf(const std::vector<int64_t>& extents) {
  switch (extents.size()) {
    case 0:
      return Shape();
    case 1:
      return Shape{extents[0]};
    case 2:
      return Shape{extents[0], extents[1]};
    case 3:
      return Shape{extents[0], extents[1], extents[2]};
    case 4:
      return Shape{extents[0], extents[1], extents[2], extents[3]};
    default:
      return std::nullopt;
  }
}

struct Span {
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct Placed {
  SafetensorsEntry entry;
  Span span;
};

// Reads and checks one header. Every complaint names the file.
class HeaderReader {
 public:
  HeaderReader(const fs::path& path, std::string_view file) : path_(path), file_(file) {}

  void Read() {
    const json header = ParseJson(HeaderText());
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadata) {
        ReadMetadata(value);
      } else {
        tensors.push_back(ReadEntry(name, value));
      }
    }
    std::stable_sort(tensors.begin(), tensors.end(), [](const Placed& a, const Placed& b) {
      return std::pair(a.span.begin, a.span.end) < std::pair(b.span.begin, b.span.end);
    });
    RequireNoGaps();
  }

  std::vector<Placed> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
  uint64_t data_begin = 0;

 private:
  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(Cause::kInput, fmt::format("{} is not a whole safetensors file: {}; fetch or write "
                                           "it again",
                                           path_.native(), what));
  }

  std::string_view HeaderText() {
    if (file_.size() < kPrefixBytes) Refuse(fmt::format("it has only {} bytes", file_.size()));
    uint64_t bytes;
    std::memcpy(&bytes, file_.data(), sizeof bytes);
    if (bytes > kLargestHeader) Refuse(fmt::format("its header claims {} bytes", bytes));
    if (bytes > file_.size() - kPrefixBytes) {
      Refuse(fmt::format("its header claims {} bytes, the file has {}", bytes, file_.size()));
    }
    data_begin = kPrefixBytes + bytes;
    return file_.substr(kPrefixBytes, bytes);
  }

  json ParseJson(std::string_view text) const {
    const std::string mistake = MistakeInJson(text);
    if (!mistake.empty()) Refuse(fmt::format("its header is no sound JSON: {}", mistake));
    json header = json::parse(text);
    if (!header.is_object()) Refuse("its header is not a JSON object");
    return header;
  }

  void ReadMetadata(const json& value) {
    if (!value.is_object()) Refuse("its __metadata__ is not an object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) Refuse("its __metadata__ holds something other than text");
      metadata[key] = text.get<std::string>();
    }
  }

  Placed ReadEntry(const std::string& name, const json& value) const {
    const auto refuse = [&](std::string_view what) { Refuse(fmt::format("{} {}", name, what)); };
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
        !value.contains("shape") || !value.contains("data_offsets")) {
      refuse("is not {dtype, shape, data_offsets}");
    }
    Placed placed;
    placed.entry.name = name;
    placed.entry.type = ReadType(name, value["dtype"]);
    for (const uint64_t extent : ReadNumbers(name, value["shape"])) {
      placed.entry.shape.push_back(static_cast<int64_t>(extent));
    }
    const auto offsets = ReadNumbers(name, value["data_offsets"]);
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      refuse("has data_offsets that are no range");
    placed.span = {offsets[0], offsets[1]};
    if (CheckedBytes(placed.entry) != offsets[1] - offsets[0]) {
      refuse("has data_offsets that do not fit its shape and dtype");
    }
    return placed;
  }

  SafetensorsType ReadType(const std::string& name, const json& value) const {
    for (const TypeInfo& info : kTypes) {
      if (value.is_string() && value.get_ref<const std::string&>() == info.name) return info.type;
    }
    Refuse(fmt::format("{} has the unknown dtype {}", name, ShortDump(value)));
  }

  std::vector<uint64_t> ReadNumbers(const std::string& name, const json& value) const {
    std::vector<uint64_t> numbers;
    if (!value.is_array()) Refuse(fmt::format("{} lacks a list of numbers", name));
    for (const json& number : value) {
      if (!number.is_number_unsigned() || number.get<uint64_t>() >> 62 != 0) {
        Refuse(fmt::format("{} has the number {}", name, ShortDump(number)));
      }
      numbers.push_back(number.get<uint64_t>());
    }
    return numbers;
  }

  static std::string ShortDump(const json& value) {
    return value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 80);
  }

  void RequireNoGaps() const {
    uint64_t at = 0;
    for (const Placed& tensor : tensors) {
      if (tensor.span.begin != at) {
        Refuse(
            fmt::format("{} begins at byte {} of the data where {} is due: tensors overlap or "
                        "leave a gap",
                        tensor.entry.name, tensor.span.begin, at));
      }
      at = tensor.span.end;
    }
    const uint64_t data = file_.size() - data_begin;
    if (at != data) {
      Refuse(
          fmt::format("its tensors take {} bytes, the file holds {}: it is truncated or "
                      "something was added to it",
                      at, data));
    }
  }

  const fs::path& path_;
  std::string_view file_;
};

}  // namespace

std::string_view NameOf(SafetensorsType type) { return InfoOf(type).name; }

int64_t SizeOf(SafetensorsType type) { return InfoOf(type).size; }

int64_t BytesOf(const SafetensorsEntry& entry) {
  const auto bytes = CheckedBytes(entry);
  UPCYCLE_CHECK(bytes.has_value());
  return static_cast<int64_t>(*bytes);
}

int64_t ElementsOf(const SafetensorsEntry& entry) { return BytesOf(entry) / SizeOf(entry.type); }

SafetensorsReader::SafetensorsReader(const fs::path& path) : path_(path), file_(path) {
  HeaderReader header(path, file_.text());
  header.Read();
  metadata_ = std::move(header.metadata);
  for (Placed& tensor : header.tensors) {
    data_.push_back(file_.bytes().subspan(header.data_begin + tensor.span.begin,
                                          tensor.span.end - tensor.span.begin));
    index_.emplace(tensor.entry.name, entries_.size());
    entries_.push_back(std::move(tensor.entry));
  }
}

const SafetensorsEntry* SafetensorsReader::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

size_t SafetensorsReader::IndexOf(std::string_view name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw Error(Cause::kInput, fmt::format("{} has no tensor named {}; it holds {} others",
                                           path_.native(), name, entries_.size()));
  }
  return found->second;
}

std::span<const std::byte> SafetensorsReader::Bytes(std::string_view name) const {
  return data_[IndexOf(name)];
}

void SafetensorsReader::Prefetch(std::string_view name) const {
  file_.Prefetch(data_[IndexOf(name)]);
}

void SafetensorsReader::Release(std::string_view name) const {
  file_.Release(data_[IndexOf(name)]);
}

ConstTensor SafetensorsReader::View(std::string_view name) const {
  const size_t index = IndexOf(name);
  const SafetensorsEntry& entry = entries_[index];
  const auto refuse = [&](const std::string& what) {
    return Error(Cause::kInput, fmt::format("{}: {} {}", path_.native(), name, what));
  };
  const auto type = InfoOf(entry.type).tensor;
  if (!type)
    throw refuse(
        fmt::format("has elements of type {}, which no model uses here", NameOf(entry.type)));
  const auto shape = ShapeOf(entry.shape);
  if (!shape) {
    throw refuse(fmt::format("has {} dimensions; at most {} are known", entry.shape.size(),
                             Shape::kMaximumRank));
  }
  const std::byte* data = data_[index].data();
  if (reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(SizeOf(entry.type)) != 0) {
    throw refuse("is not aligned to its elements; write the file again with a recent safetensors");
  }
  return ConstTensor(data, *type, *shape);
}

SafetensorsWriter::SafetensorsWriter(const fs::path& path, std::vector<SafetensorsEntry> entries,
                                     FileFlow flow, std::map<std::string, std::string> metadata)
    : file_(path, flow) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return SizeOf(a.type) > SizeOf(b.type); });
  metadata.emplace("format", "pt");
  json header = json::object();
  header[kMetadata] = metadata;
  uint64_t at = 0;
  for (const SafetensorsEntry& entry : entries) {
    const auto bytes = CheckedBytes(entry);
    UPCYCLE_CHECK(bytes.has_value() && !entry.name.empty() && entry.name != kMetadata);
    UPCYCLE_CHECK(places_.emplace(entry.name, Place{entry.type, at, *bytes}).second);
    header[entry.name] = {
        {"dtype", NameOf(entry.type)}, {"shape", entry.shape}, {"data_offsets", {at, at + *bytes}}};
    at += *bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t size = text.size();
  if (flow == FileFlow::kInOrder) file_.Reserve(kPrefixBytes + size + at);
  file_.Append(&size, sizeof size);
  file_.Append(text.data(), text.size());
  for (auto& [name, place] : places_) place.offset += kPrefixBytes + size;
}

void SafetensorsWriter::Write(std::string_view name, std::span<const std::byte> bytes) {
  const auto found = places_.find(name);
  UPCYCLE_CHECK(found != places_.end() && !found->second.is_begun);
  UPCYCLE_CHECK_EQ(found->second.bytes, bytes.size());
  Append(name, bytes);
}

void SafetensorsWriter::Append(std::string_view name, std::span<const std::byte> bytes) {
  const auto found = places_.find(name);
  UPCYCLE_CHECK(found != places_.end());
  Place& place = found->second;
  UPCYCLE_CHECK(bytes.size() <= place.bytes - place.written);
  file_.WriteAt(place.offset + place.written, bytes.data(), bytes.size());
  place.written += bytes.size();
  place.is_begun = true;
}

void SafetensorsWriter::Write(std::string_view name, ConstTensor tensor) {
  const auto found = places_.find(name);
  UPCYCLE_CHECK(found != places_.end() && InfoOf(found->second.type).tensor == tensor.type());
  Write(name,
        {static_cast<const std::byte*>(tensor.memory()), static_cast<size_t>(tensor.bytes())});
}

void SafetensorsWriter::Commit() {
  for (const auto& [name, place] : places_) UPCYCLE_CHECK_EQ(place.written, place.bytes);
  file_.Commit();
}

}  // namespace upcycle
