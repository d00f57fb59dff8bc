#include "experiments/scheduling/slurm_executor.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/process_identity.h"
#include "core/program_run.h"
#include "experiments/run/worker_exit.h"

namespace upcycle {
namespace {

// An array's highest number is below MaxArraySize, which is 1001 where no cluster says otherwise.
constexpr size_t kLargestArray = 1000;

// What no other array is called, of whichever process.
std::string ArrayName(int number) {
  Hasher hasher;
  hasher.Add(TextOf(ThisProcess())).Add(static_cast<uint64_t>(number));
  return "upcycle-" + hasher.Finish().Short();
}

}  // namespace

SlurmExecutor::SlurmExecutor(fs::path program, fs::path root, const SlurmSettings& settings)
    : program_(std::move(program)), root_(std::move(root)), settings_(settings) {
  for (const char* command : {"sbatch", "squeue", "scancel"}) {
    const ProgramEnd end = RunToEnd({command, "--version"});
    if (end.Succeeded()) continue;
    throw Error(
        Cause::kInput,
        fmt::format("--executor slurm needs Slurm's {}, and `{} --version` ends with {} {}; "
                    "start it where jobs are submitted, or use --executor local",
                    command, command, end.exit_code, FirstLine(end.err)));
  }
  MakeDirectories(root_ / "slurm");
}

void SlurmExecutor::Start(const Job& job) { started_.push_back(job); }

bool SlurmExecutor::Adopt(const Fingerprint& stage, const fs::path& folder) {
  const std::optional<SlurmTask> task = ReadTask(folder);
  if (!task) return false;
  const std::optional<SlurmState> state = FindInQueue(*task);
  const bool has_ended = state ? state->HasEnded() : seen_.contains(task->name);
  if (has_ended) {
    ForgetTask(root_, folder, *task);
    return false;
  }
  submitted_[stage] = {.job = {.stage = stage, .folder = folder},
                       .task = *task,
                       .state = state.value_or(SlurmState{})};
  return true;
}

std::optional<SlurmState> SlurmExecutor::FindInQueue(const SlurmTask& task) {
  if (since_seen_.Seconds() > settings_.poll_seconds) {
    seen_.clear();
    since_seen_.Restart();
  }
  if (!seen_.contains(task.name)) {
    trouble_.clear();
    auto queue = AskQueue({task.name}, &trouble_);
    if (!queue) return std::nullopt;
    seen_[task.name] = std::move(*queue);
  }
  const auto& queue = seen_.at(task.name);
  const auto found = queue.find(task);
  return found == queue.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::string> SlurmExecutor::WhyItWaits(const Fingerprint& stage) const {
  const auto found = submitted_.find(stage);
  if (found == submitted_.end()) {
    const bool is_new = std::any_of(started_.begin(), started_.end(),
                                    [&](const Job& job) { return job.stage == stage; });
    return is_new ? std::optional<std::string>("for a place in Slurm's queue") : std::nullopt;
  }
  const SlurmState& state = found->second.state;
  if (state.Runs()) return std::nullopt;
  if (!trouble_.empty()) return "for Slurm, which gives no answer: " + trouble_;
  if (state.word.empty()) return "in Slurm's queue";
  return fmt::format("in Slurm's queue as {}: {}", state.id,
                     state.word == "PENDING" ? state.reason : state.word);
}

std::optional<JobEnd> SlurmExecutor::Wait(std::chrono::milliseconds timeout) {
  // What several ends make ready is submitted together.
  if (ended_.empty()) Submit();
  const bool is_due = look_now_ || since_look_.Seconds() >= settings_.poll_seconds;
  if (ended_.empty() && !submitted_.empty() && is_due) Look();
  if (ended_.empty()) {
    std::this_thread::sleep_for(timeout);
    return std::nullopt;
  }
  const JobEnd end = ended_.front();
  ended_.pop_front();
  return end;
}

std::vector<Fingerprint> SlurmExecutor::Followed() const {
  std::vector<Fingerprint> stages;
  for (const Job& job : started_) stages.push_back(job.stage);
  for (const auto& [stage, submitted] : submitted_) stages.push_back(stage);
  for (const JobEnd& end : ended_) stages.push_back(end.stage);
  return stages;
}

void SlurmExecutor::Submit() {
  std::map<SlurmRequest, std::vector<Job>> alike;
  for (const Job& job : std::exchange(started_, {})) {
    alike[RequestOf(job, settings_)].push_back(job);
  }
  for (auto& [request, jobs] : alike) {
    for (size_t begin = 0; begin < jobs.size(); begin += kLargestArray) {
      const size_t end = std::min(jobs.size(), begin + kLargestArray);
      SubmitArray(request, {jobs.begin() + begin, jobs.begin() + end});
    }
  }
}

// The folders name the array before it is submitted: whatever happens then, the jobs are found.
void SlurmExecutor::SubmitArray(const SlurmRequest& request, std::vector<Job> jobs) {
  const std::string name = ArrayName(arrays_++);
  std::vector<fs::path> folders;
  for (const Job& job : jobs) {
    WriteTask(job.folder, {name, static_cast<int>(folders.size())});
    folders.push_back(job.folder);
  }
  const ProgramEnd answer = RunToEnd(SubmitWords(name, jobs.size(), root_, request, settings_),
                                     ScriptOf(name, program_, folders, request));
  const std::optional<std::string> number = ParseSubmitted(answer.out);
  const bool is_refused = !number && !answer.timed_out && !MayPass(answer.err);
  if (!number) trouble_ = answer.timed_out ? "sbatch gave no answer" : FirstLine(answer.err);
  for (size_t i = 0; i < jobs.size(); ++i) {
    const SlurmTask task = {name, static_cast<int>(i)};
    if (is_refused) {
      ForgetTask(root_, jobs[i].folder, task);
      ended_.push_back({.stage = jobs[i].stage,
                        .known_cause = KnownCause{
                            Cause::kInput, fmt::format("Slurm refuses the job: {}; site.yaml says "
                                                       "what is asked for",
                                                       FirstLine(answer.err))}});
      continue;
    }
    Submitted& submitted = submitted_[jobs[i].stage] = {};
    submitted.job = jobs[i];
    submitted.task = task;
    submitted.confirmed = number.has_value();
    if (number) submitted.state = {"PENDING", "submitted", fmt::format("{}_{}", *number, i)};
  }
}

void SlurmExecutor::Look() {
  since_look_.Restart();
  look_now_ = false;
  std::set<std::string> names;
  for (const auto& [stage, submitted] : submitted_) names.insert(submitted.task.name);
  trouble_.clear();
  const auto queue = AskQueue(names, &trouble_);
  if (!queue) return;
  Hear(*queue);
  EndThoseAsked();
}

void SlurmExecutor::Hear(const std::map<SlurmTask, SlurmState>& queue) {
  for (auto next = submitted_.begin(); next != submitted_.end();) {
    const auto current = next++;
    Submitted& submitted = current->second;
    const auto found = queue.find(submitted.task);
    if (found != queue.end()) {
      submitted.state = found->second;
      submitted.confirmed = true;
      if (!submitted.state.HasEnded()) continue;
    } else if (!submitted.confirmed && submitted.asked == Asked::kNothing) {
      started_.push_back(submitted.job);
      submitted_.erase(current);
      continue;
    } else {
      const std::string& id = submitted.state.id;
      submitted.state.word = id.empty() ? "" : AskAccounting(id).value_or("");
    }
    ended_.push_back(EndOf(submitted));
    ForgetTask(root_, submitted.job.folder, submitted.task);
    submitted_.erase(current);
  }
}

JobEnd SlurmExecutor::EndOf(const Submitted& submitted) const {
  const auto& [job, task, state, confirmed, asked] = submitted;
  constexpr int kSignals = 128;  // a shell's status beyond it
  JobEnd end = {.stage = job.stage};
  const std::optional<ScriptEnd> script = ReadScriptEnd(job.folder, task);
  if (script && script->status > kSignals &&
      script->status != static_cast<int>(WorkerExit::kStopped)) {
    end.signal = script->status - kSignals;
  } else if (script) {
    end.exit_code = script->status;
  }
  end.known_cause = KnownCauseOf(state.word, script, state.id, program_);
  return end;
}

void SlurmExecutor::Ask(const Fingerprint& stage, Asked asked) {
  look_now_ = true;
  const auto found = submitted_.find(stage);
  if (found != submitted_.end()) {
    found->second.asked = asked;
    return;
  }
  if (std::erase_if(started_, [&](const Job& job) { return job.stage == stage; }) > 0) {
    ended_.push_back({.stage = stage});
  }
}

// Again after each look: the controller may not have heard, or may have put the job back.
void SlurmExecutor::EndThoseAsked() {
  std::vector<std::string> to_stop, to_cancel;
  for (const auto& [stage, submitted] : submitted_) {
    if (submitted.asked == Asked::kNothing) continue;
    const bool writes_checkpoint = submitted.asked == Asked::kStop && submitted.state.Runs();
    (writes_checkpoint ? to_stop : to_cancel).push_back(submitted.state.id);
  }
  AskToStop(to_stop);
  Cancel(to_cancel);
}

}  // namespace upcycle
