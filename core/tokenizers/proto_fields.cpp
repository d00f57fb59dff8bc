#include "core/tokenizers/proto_fields.h"

#include <cstring>

#include "core/error.h"

namespace upcycle {
namespace {

[[noreturn]] void Refuse() {
  throw Error(Cause::kInput, "a message of protocol buffers is damaged");
}

std::string_view TakeBytes(std::string_view& rest, uint64_t size) {
  if (size > rest.size()) Refuse();
  const std::string_view bytes = rest.substr(0, size);
  rest.remove_prefix(size);
  return bytes;
}

template <typename T>
T TakeFixed(std::string_view& rest) {
  T value;
  std::memcpy(&value, TakeBytes(rest, sizeof(T)).data(), sizeof(T));
  return value;
}

// Seven bits a byte, the lowest first; the highest bit says that more follow.
uint64_t TakeVarint(std::string_view& rest) {
  constexpr int kBits = 64;
  uint64_t value = 0;
  for (int shift = 0; shift < kBits; shift += 7) {
    const auto byte = static_cast<unsigned char>(TakeBytes(rest, 1)[0]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  Refuse();
}

}  // namespace

void ReadProtoFields(std::string_view message, FunctionRef<void(const ProtoField&)> take) {
  constexpr uint64_t kGroupBegin = 3, kGroupEnd = 4;
  int64_t groups = 0;
  while (!message.empty()) {
    const uint64_t tag = TakeVarint(message);
    const uint64_t wire = tag & 7;
    if (wire == kGroupBegin || wire == kGroupEnd) {
      groups += wire == kGroupBegin ? 1 : -1;
      continue;
    }
    ProtoField field = {.number = tag >> 3, .wire = static_cast<ProtoWire>(wire), .bytes = {}};
    switch (field.wire) {
      case ProtoWire::kInteger:
        field.integer = TakeVarint(message);
        break;
      case ProtoWire::kFixed64:
        field.integer = TakeFixed<uint64_t>(message);
        break;
      case ProtoWire::kBytes:
        field.bytes = TakeBytes(message, TakeVarint(message));
        break;
      case ProtoWire::kFixed32:
        field.integer = TakeFixed<uint32_t>(message);
        break;
      default:
        Refuse();
    }
    if (groups == 0) take(field);
  }
}

}  // namespace upcycle
