#include "experiments/bench/division_probe.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/plural.h"
#include "core/stopwatch.h"
#include "experiments/bench/step_benchmark.h"
#include "experiments/run/device.h"

namespace upcycle {
namespace {

constexpr int kWarmupSteps = 2;
constexpr int kGpuWarmupSteps = 4;  // recorded work is done plainly, then recorded, then replayed
constexpr int kLeastSteps = 2;

struct Pipe {
  FileDescriptor read, write;
};

Pipe MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw SystemError("make", "a pipe", errno);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Runs in the child between vfork and exec: only async-signal-safe calls.
[[noreturn]] void BecomeJob(char* const* arguments, int input, int output) {
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

// The jobs of one measurement. They share what they read, whose end is their sign to begin, and
// what they write, of which a line is never torn. Those that are still there at the end are killed.
class Jobs {
 public:
  Jobs() : begin_(MakePipe()), said_(MakePipe()) {}
  ~Jobs() {
    for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
    for (const pid_t pid : pids_) ::waitpid(pid, nullptr, 0);
  }
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  void Start(std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t pid = ::vfork();
    if (pid < 0) throw SystemError("start", words.front(), errno);
    if (pid == 0) BecomeJob(arguments.data(), begin_.read.get(), said_.write.get());
    pids_.push_back(pid);
  }
  void AllAreStarted() { said_.write = FileDescriptor(); }
  void Begin() { begin_.write = FileDescriptor(); }

  // The next line that any of them says; nothing once all have ended, or when it is too late.
  std::optional<std::string> NextLine(const std::function<bool()>& is_too_late) {
    while (true) {
      const size_t end = text_.find('\n');
      if (end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      if (is_too_late()) return std::nullopt;
      pollfd look = {said_.read.get(), POLLIN, 0};
      if (::poll(&look, 1, /*milliseconds=*/100) <= 0) continue;
      char part[512];
      const ssize_t size = ::read(look.fd, part, sizeof part);
      if (size <= 0) return std::nullopt;
      text_.append(part, static_cast<size_t>(size));
    }
  }

 private:
  Pipe begin_, said_;
  std::vector<pid_t> pids_;
  std::string text_;  // that they said, behind the lines that were taken
};

std::vector<std::string> WordsFor(const DivisionProbe& probe, int job, int threads,
                                  const fs::path& order) {
  const std::string device =
      probe.gpus.empty()
          ? "cpu"
          : fmt::format("cuda:{}", probe.gpus[static_cast<size_t>(job) % probe.gpus.size()].number);
  std::vector<std::string> words = probe.program;
  for (std::string word :
       {order.native(), std::string("--threads"), std::to_string(threads), std::string("--device"),
        device, std::string("--milliseconds"), fmt::format("{:.0f}", 1000 * probe.seconds)}) {
    words.push_back(std::move(word));
  }
  return words;
}

DivisionRate MeasureOnce(const DivisionProbe& probe, const Division& division,
                         const fs::path& order) {
  DivisionRate rate{.division = division};
  const Stopwatch clock;
  const auto is_too_late = [&] {
    return probe.is_stopped() || clock.Seconds() > probe.limit_seconds;
  };
  Jobs jobs;
  for (int job = 0; job < division.jobs; ++job) {
    jobs.Start(WordsFor(probe, job, division.threads, order));
  }
  jobs.AllAreStarted();
  int ready = 0, done = 0;
  while (ready < division.jobs && jobs.NextLine(is_too_late) == "ready") ++ready;
  if (ready == division.jobs) jobs.Begin();
  while (ready == division.jobs && done < division.jobs) {
    const auto line = jobs.NextLine(is_too_late);
    double batches = 0, seconds = 0;
    if (!line || std::sscanf(line->c_str(), "%lf %lf", &batches, &seconds) != 2) break;
    if (seconds > 0) rate.steps_per_second += batches / seconds;
    ++done;
  }
  if (done == division.jobs) return rate;
  rate.steps_per_second = 0;
  rate.problem = probe.is_stopped() ? "stopped on request"
                 : is_too_late()    ? fmt::format("not done within {:g} s", probe.limit_seconds)
                                    : "a process of it failed";
  return rate;
}

}  // namespace

std::vector<Division> DivisionsOf(int cores) {
  std::vector<Division> divisions;
  for (int jobs = 1; jobs < cores; jobs *= 2) divisions.push_back({jobs, cores / jobs});
  divisions.push_back({cores, 1});
  return divisions;
}

std::vector<DivisionRate> MeasureDivisions(const DivisionProbe& probe,
                                           const std::vector<Division>& divisions,
                                           const fs::path& scratch) {
  const fs::path order = scratch / fmt::format("probe-{}.json", ::getpid());
  WriteFileAtomically(order, probe.stage.ToJson().dump());
  std::vector<DivisionRate> best;
  for (const Division& division : divisions) best.push_back({.division = division});
  // In turn, so that what slows the machine for a while does not meet one of them alone.
  for (int round = 0; round < probe.rounds; ++round) {
    for (DivisionRate& known : best) {
      if (!known.problem.empty()) continue;
      const DivisionRate rate = MeasureOnce(probe, known.division, order);
      if (!rate.problem.empty() || rate.steps_per_second > known.steps_per_second) known = rate;
    }
  }
  fs::remove(order);
  return best;
}

const DivisionRate* BestOf(const std::vector<DivisionRate>& rates) {
  const auto best = std::max_element(rates.begin(), rates.end(), [](const auto& a, const auto& b) {
    return a.steps_per_second < b.steps_per_second;
  });
  return best == rates.end() || best->steps_per_second == 0 ? nullptr : &*best;
}

std::string DescribeRate(const DivisionRate& rate) {
  const Division& division = rate.division;
  const std::string what =
      fmt::format("-j {} with {}{}", division.jobs, Plural(division.threads, "thread"),
                  division.jobs == 1 ? "" : " each");
  if (!rate.problem.empty()) return what + ": " + rate.problem;
  return fmt::format("{}: {:.3g} steps/s", what, rate.steps_per_second);
}

void AnswerProbe(const Stage& stage, const ProbeAnswer& answer, int input, int output) {
  const TrainOrder order = ReadTrainOrder(stage);
  const auto backend = MakeBackend(answer.device, order.train.precision, answer.threads);
  ModelBuild build = BuildOf(order);
  build.masks_documents = false;
  build.activation_type = backend->ActivationType();
  build.on_gpu = backend->OnGpu();
  TrainSettings settings = order.train;
  settings.batch_ramp = {};
  settings.learning_rate = {};
  BenchmarkTraining training(*backend, order.architecture, build, settings, TokenDraw::kZipf);
  for (int i = 0; i < (build.on_gpu ? kGpuWarmupSteps : kWarmupSteps); ++i) training.Step();

  WriteAll(output, "ready\n", 6, "a pipe");
  char nothing = 0;
  while (::read(input, &nothing, 1) > 0) continue;
  const Stopwatch clock;
  int64_t steps = 0;
  while (steps < kLeastSteps || clock.Seconds() < answer.seconds) {
    training.Step();
    ++steps;
  }
  const std::string line = fmt::format("{} {:.6f}\n", steps, clock.Seconds());
  WriteAll(output, line.data(), line.size(), "a pipe");
}

}  // namespace upcycle
