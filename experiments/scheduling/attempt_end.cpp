#include "experiments/scheduling/attempt_end.h"

#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/journal.h"
#include "core/stopwatch.h"
#include "experiments/run/worker_exit.h"

namespace upcycle {
namespace {

constexpr int kCannotExecute = 127;  // LocalExecutor's, and a shell's

std::string SignalName(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

AttemptEnd Failed(Cause cause, std::string message) {
  return {.outcome = OutcomeOf(cause),
          .cause = std::string(CauseName(cause)),
          .message = std::move(message)};
}

// Whether the signal is what a process gets for its own mistakes.
bool IsCrash(int signal) {
  switch (signal) {
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
      return true;
    default:
      return false;
  }
}

// Ends that tell nothing but for what the log has to say.
class Inquest {
 public:
  Inquest(const StageFolder& folder, uint64_t log_begin, const std::vector<LogPolicy>& policies)
      : log_(folder.log()),
        sign_(FindSign(log_, log_begin, policies)),
        last_line_(LastLine(log_, log_begin)) {}

  // `what` happened, for which `cause` is to be named where the log does not name another.
  AttemptEnd Find(Cause cause, const std::string& what) const {
    if (sign_) {
      return Failed(sign_->cause, fmt::format("{}; its log says \"{}\"{}", what, sign_->line,
                                              sign_->advice.empty() ? "" : ": " + sign_->advice));
    }
    return Keep(cause, what);
  }

  // The same where the cause is known, whatever the log says.
  AttemptEnd Keep(Cause cause, const std::string& what) const {
    return Failed(cause, last_line_.empty()
                             ? fmt::format("{}, and left nothing in {}", what, log_.native())
                             : fmt::format("{}; the last line of {} is \"{}\"", what, log_.native(),
                                           last_line_));
  }

 private:
  fs::path log_;
  std::optional<LogSign> sign_;
  std::string last_line_;
};

AttemptEnd JudgeSignal(int signal, const Inquest& inquest) {
  const std::string name = SignalName(signal);
  if (signal == SIGXCPU) {
    return Failed(Cause::kTimeout, fmt::format("ended by {}: a limit on processor time (ulimit -t) "
                                               "was reached",
                                               name));
  }
  if (signal == SIGXFSZ) {
    return Failed(Cause::kDisk, fmt::format("ended by {}: a limit on the size of files (ulimit -f) "
                                            "was reached",
                                            name));
  }
  if (IsCrash(signal)) return inquest.Find(Cause::kBug, fmt::format("crashed with {}", name));
  return inquest.Find(Cause::kKilled, fmt::format("killed from outside by {}", name));
}

AttemptEnd JudgeExit(int code, bool begun, const Inquest& inquest) {
  if (code == kCannotExecute) {
    return Failed(Cause::kInput,
                  "the program could not be started: was it replaced or removed meanwhile? Run "
                  "the same command again with the program that is to be used");
  }
  if (const auto cause = CauseOfExit(code)) {
    return inquest.Keep(
        *cause, begun ? "it could not write its end into its journal" : "it could not begin");
  }
  return inquest.Find(Cause::kBug, fmt::format("its process exited with {} without a word", code));
}

// Whether somebody else asked the worker to stop: it cannot tell who.
bool IsStopByAnother(const JobEnd& job, const AttemptCircumstances& known) {
  return known.own_word->outcome == StageState::kStopped && !known.asked_to_stop &&
         job.known_cause && job.known_cause->cause == Cause::kKilled;
}

AttemptEnd Judge(const JobEnd& job, const AttemptCircumstances& known, const StageFolder& folder,
                 const std::vector<LogPolicy>& policies) {
  const bool completed = known.own_word && known.own_word->outcome == StageState::kComplete;
  if (known.sentence && !completed) return *known.sentence;
  if (known.own_word && !IsStopByAnother(job, known)) return *known.own_word;
  if (known.asked_to_stop && job.exit_code.value_or(0) == 0) {
    return Failed(Cause::kInterrupted,
                  job.signal == 0 ? "it ended before it could write a checkpoint"
                                  : fmt::format("ended by {} before it could write a checkpoint",
                                                SignalName(job.signal)));
  }
  if (job.known_cause) return Failed(job.known_cause->cause, job.known_cause->message);
  if (job.for_want_of_memory) {
    return Failed(Cause::kMemory,
                  "killed by the system for want of memory: run fewer at once (-j) "
                  "or a smaller micro-batch");
  }
  const Inquest inquest(folder, known.log_begin, policies);
  if (job.signal != 0) return JudgeSignal(job.signal, inquest);
  if (job.exit_code) return JudgeExit(*job.exit_code, known.begun, inquest);
  return inquest.Find(Cause::kKilled, "its process is gone and left no word");
}

}  // namespace

AttemptEnd JudgeEnd(const JobEnd& job, const AttemptCircumstances& circumstances,
                    const StageFolder& folder, const std::vector<LogPolicy>& policies) {
  AttemptEnd end = Judge(job, circumstances, folder, policies);
  end.exit_code = job.exit_code;
  if (job.signal != 0) end.signal = job.signal;
  if (!end.peak_memory_bytes) end.peak_memory_bytes = job.peak_memory_bytes;
  if (!end.time) end.time = UnixSeconds();
  return end;
}

bool RecordJudgement(const StageFolder& folder, const JobEnd& job,
                     const AttemptCircumstances& circumstances, const AttemptEnd& end) {
  const auto& own = circumstances.own_word;
  const bool said = own && own->outcome == end.outcome && own->cause == end.cause;
  if (said && job.signal == 0) return true;
  const auto lock = FileLock::TryAcquire(folder.lock());
  if (!lock) return false;
  JournalWriter journal(folder.journal());
  journal.Event(EventOf(AttemptJudgement{.begun = circumstances.begun, .end = end}));
  journal.Sync();
  return true;
}

}  // namespace upcycle
