// The checks that the fronts of every op are made of. What fails is a bug of ours: Error(kBug) that
// names the op's place, the argument, and what is wrong with it.
#pragma once

#include <initializer_list>
#include <source_location>

#include "core/tensor.h"

namespace upcycle {

using Where = std::source_location;

void CheckFloats(const char* name, ConstTensor x, const Shape& shape,
                 const Where& where = Where::current());
void CheckInts(const char* name, ConstTensor x, const Shape& shape,
               const Where& where = Where::current());
void CheckRank(const char* name, ConstTensor x, int rank, const Where& where = Where::current());
// An output that is written while the inputs are still read.
void CheckApart(const char* name, ConstTensor out, std::initializer_list<ConstTensor> inputs,
                const Where& where = Where::current());
void CheckSame(ConstTensor a, ConstTensor b, const Where& where = Where::current());

}  // namespace upcycle
