// The groups of the table, each in both element types: the parameters of the backend's tests.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "tests/kernels/op_cases.h"

namespace upcycle {

struct TestedOps {
  OpCaseGroup group;
  DataType type;

  std::string Name() const {
    return std::string(group.name) + (type == DataType::kBFloat16 ? "BFloat16" : "Float32");
  }
  std::vector<OpCase> Cases() const { return group.cases(type); }
};

inline void PrintTo(const TestedOps& tested, std::ostream* out) { *out << tested.Name(); }

inline std::vector<TestedOps> AllTestedOps() {
  std::vector<TestedOps> all;
  for (const DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
    for (const OpCaseGroup& group : kOpCaseGroups) all.push_back({group, type});
  }
  return all;
}

}  // namespace upcycle
