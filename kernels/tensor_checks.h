// What an op's checked front says of its tensors. Each throws Error(Cause::kBug) with the caller's
// place and the tensor's name.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <source_location>

#include "core/tensor.h"

namespace upcycle {

// `x` has this type and shape, and memory.
void CheckTensor(const char* name, ConstTensor x, DataType type, const Shape& shape,
                 const std::source_location& where = std::source_location::current());
void CheckFloats(const char* name, ConstTensor x, const Shape& shape,
                 const std::source_location& where = std::source_location::current());
void CheckInts(const char* name, ConstTensor x, const Shape& shape,
               const std::source_location& where = std::source_location::current());

void CheckRank(const char* name, ConstTensor x, int rank,
               const std::source_location& where = std::source_location::current());

// `out` shares no memory with inputs that are still read while it is written. Empty inputs pass.
void CheckApart(const char* name, ConstTensor out, std::initializer_list<ConstTensor> inputs,
                const std::source_location& where = std::source_location::current());

// Equal shapes and types, both with memory.
void CheckSame(ConstTensor a, ConstTensor b,
               const std::source_location& where = std::source_location::current());

}  // namespace upcycle
