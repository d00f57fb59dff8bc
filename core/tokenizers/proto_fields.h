// The fields of a protocol buffers message as it lies in a file, for the few that we read.
// Format: https://protobuf.dev/programming-guides/encoding
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tokenizers/function_ref.h"

namespace upcycle {

// How a field's value is written.
enum class ProtoWire { kInteger = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct ProtoField {
  uint64_t number = 0;
  ProtoWire wire = ProtoWire::kInteger;
  uint64_t integer = 0;    // 0 where it is bytes
  std::string_view bytes;  // a text, or a message within; empty where it is a number

  bool Is(uint64_t its_number, ProtoWire its_wire) const {
    return number == its_number && wire == its_wire;
  }
};

// Gives each field of `message` in its order, but for groups, which nobody has used in a long time.
// Throws Error(kInput) where it is damaged.
void ReadProtoFields(std::string_view message, FunctionRef<void(const ProtoField&)> take);

}  // namespace upcycle
