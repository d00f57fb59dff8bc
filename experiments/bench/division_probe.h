// How the machine is best divided among trainings that run at once: a few real steps in each way.
//
// Jobs are processes, as workers are: each with its own pool of threads and its own memory, so that
// what they take from one another (cores, caches, the way to memory) is what a study's runs take.
// They warm up, wait for one another, and begin at the same moment.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/files.h"
#include "experiments/run/stage.h"
#include "kernels/gpus.h"

namespace upcycle {

struct Division {
  int jobs = 1;
  int threads = 1;  // of each
  bool operator==(const Division&) const = default;
};

// Jobs in powers of two, and one for each core; the cores are shared among them.
std::vector<Division> DivisionsOf(int cores);

struct DivisionRate {
  Division division;
  double steps_per_second = 0;  // whole batches of all jobs together; 0: not measured
  std::string problem = {};     // why not
};

// What is measured: steps of a train stage, on these GPUs or, without any, on the CPU.
struct DivisionProbe {
  const Stage& stage;
  std::vector<Gpu> gpus = {};  // jobs take them in turn
  double seconds = 2;          // of one measurement, and two steps at least
  double limit_seconds = 120;  // after which one is given up
  int rounds = 2;  // of each; the faster counts, as what other programs do only slows it down
  std::vector<std::string> program = {};  // that AnswerProbe runs in; a job's options follow
  std::function<bool()> is_stopped = [] { return false; };
};

// One rate for each division, in their order. `scratch` is a folder for a file that is removed
// again. A job that fails leaves its division without a rate; a stop leaves all the rest without.
std::vector<DivisionRate> MeasureDivisions(const DivisionProbe& probe,
                                           const std::vector<Division>& divisions,
                                           const fs::path& scratch);

// The fastest; nothing where none has a rate.
const DivisionRate* BestOf(const std::vector<DivisionRate>& rates);

// "-j 2 with 1 thread each: 41.2 steps/s"
std::string DescribeRate(const DivisionRate& rate);

struct ProbeAnswer {
  std::string device = "cpu";
  int threads = 1;
  double seconds = 2;
};

// A job's part: makes the training, warms it up, writes "ready" to `output`, waits until `input`
// ends, steps for so long, and writes "BATCHES SECONDS".
void AnswerProbe(const Stage& stage, const ProbeAnswer& answer, int input, int output);

}  // namespace upcycle
