// A study of any size: a grid of learning rates and capacity factors, with seeds, matched on FLOPs.
#pragma once

#include <cstdint>
#include <string>

namespace upcycle {

struct SweepSize {
  int64_t rates = 1;
  int64_t capacities = 1;
  int64_t seeds = 1;

  int64_t Runs() const { return rates * capacities * seeds; }
};

// As its user would write it. The text of the study is generated, so no file is read.
std::string SweepRecipe(const SweepSize& size);

}  // namespace upcycle
