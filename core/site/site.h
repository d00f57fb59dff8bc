// What is said once for a place of work instead of in every recipe: who runs stages there, what its
// cluster asks of jobs, and what its machines' messages mean. Nothing here changes a result.
//
//   executor: slurm
//   slurm:
//     partition: short
//     account: physics
//     time_limit: "4:00:00"
//     options: ["--exclude=node[07-09]"]
//   log_policies:
//     - {pattern: "lustre.*evicted", cause: lost, advice: wait until the file system is back}
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/cause_names.h"
#include "core/recipe/execution_settings.h"
#include "core/recipe/fields.h"

namespace upcycle {

struct SlurmSettings {
  std::string partition;
  std::string account;
  std::string qos;
  std::string time_limit;
  int64_t threads = 4;
  double memory_margin = 1.5;
  std::string gres = "gpu:1";
  bool gpus = false;
  std::vector<std::string> options;
  int64_t jobs_at_once = 100;
  double poll_seconds = 5;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v);
};

// What a line of a worker's log means that died without a word of its own.
struct LogPolicySettings {
  std::string pattern;
  Cause cause = Cause::kBug;
  std::string advice;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("pattern", s.pattern,
            {.help = "a regular expression (ECMAScript) that is searched for in each line"});
    v.Field("cause", s.cause, {.help = "what such a line is a sign of"});
    v.Field("advice", s.advice, {.help = "what to do about it"});
  }
};

struct Site {
  ExecutorChoice executor = ExecutorChoice::kAuto;
  SlurmSettings slurm;
  std::vector<LogPolicySettings> log_policies;

  template <typename Self, typename Visitor>
  static void Describe(Self& s, Visitor& v) {
    v.Field("executor", s.executor, {.help = "who runs stages where no recipe says it"});
    v.Group("slurm", s.slurm, "what jobs of a cluster under Slurm ask for");
    v.List("log_policies", s.log_policies, "what lines of a log mean, before those built in");
  }
};

// Reads those of the files that there are, each on top of the ones before it. Throws Error(kInput)
// with all mistakes.
Site LoadSite(const std::vector<std::filesystem::path>& files);

template <typename Self, typename Visitor>
void SlurmSettings::Describe(Self& s, Visitor& v) {
  constexpr const char* kNames = "[A-Za-z0-9_.,@+-]{1,200}";
  constexpr const char* kNamesForm = "names of letters, digits, '-', '_', '.', '@' and '+'";
  v.Field("partition", s.partition,
          {.help = "sbatch --partition", .pattern = kNames, .form = kNamesForm});
  v.Field("account", s.account,
          {.help = "sbatch --account", .pattern = kNames, .form = kNamesForm});
  v.Field("qos", s.qos, {.help = "sbatch --qos", .pattern = kNames, .form = kNamesForm});
  v.Field("time_limit", s.time_limit,
          {.help = "sbatch --time; a training that takes longer goes on in another job",
           .pattern = "([0-9]+-)?[0-9]+(:[0-9]+){0,2}",
           .form = "minutes, hours:minutes:seconds or days-hours"});
  v.Field("threads", s.threads,
          {.help = "CPUs of a job whose recipe leaves execution.threads open",
           .minimum = 1,
           .maximum = 1024});
  v.Field("memory_margin", s.memory_margin,
          {.help = "a job asks for so many times the memory that is predicted, and 1 GiB; 0 leaves "
                   "it to the cluster",
           .minimum = 0,
           .maximum = 100});
  v.Field("gres", s.gres,
          {.help = "sbatch --gres of a stage that computes on a GPU", .pattern = "[^ ]{1,200}"});
  v.Field("gpus", s.gpus,
          {.help = "a stage whose device is auto asks for a GPU too; else only those that name "
                   "one do"});
  v.Field("options", s.options, {.help = "more options of sbatch, one an item"});
  v.Field("jobs_at_once", s.jobs_at_once,
          {.help = "jobs of a study that wait or run in the queue; -j says another number",
           .minimum = 1,
           .maximum = 100000});
  v.Field("poll_seconds", s.poll_seconds,
          {.help = "how often the queue is asked", .minimum = 0.2, .maximum = 600, .unit = "s"});
}

}  // namespace upcycle
