#include "experiments/run/worker.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file_lock.h"
#include "core/files.h"
#include "core/heartbeat.h"
#include "core/process_identity.h"
#include "core/stopwatch.h"
#include "experiments/run/device.h"
#include "experiments/run/provenance.h"
#include "experiments/run/stage_file.h"
#include "kernels/checked_backend.h"
#include "results/ledger/journal_events.h"

namespace upcycle {
namespace {

using nlohmann::json;

rusage UsageOfProcess() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

// A flipped bit in the weights that a stage reads must not become a result. Tokens are verified
// where a dataset is opened.
void RequireWholeInputs(const StageContext& context) {
  for (size_t i = 0; i < context.stage.inputs.size(); ++i) {
    const StageFolder input = context.Input(i);
    const StageKind kind = ReadStage(input.description()).kind;
    const std::string damage = kind == StageKind::kTokens ? "" : input.FindOutputDamage(kind);
    if (damage.empty()) continue;
    throw Error(Cause::kInput,
                fmt::format("{}; run the same command again, which makes it anew", damage));
  }
}

// An attempt, framed by its two events.
class Attempt {
 public:
  Attempt(JournalWriter& journal, const AttemptStart& start) : journal_(journal) {
    journal_.Event(EventOf(start));
    journal_.Sync();
  }

  void Complete() { End({.outcome = StageState::kComplete, .exit_code = 0}); }

  void Fail(Cause cause, const std::string& message) {
    End({.outcome = OutcomeOf(cause),
         .cause = std::string(CauseName(cause)),
         .message = message,
         .exit_code = static_cast<int>(ExitOf(cause))});
  }

 private:
  void End(AttemptEnd end) {
    const rusage usage = UsageOfProcess();
    end.peak_memory_bytes = int64_t{usage.ru_maxrss} * 1024;
    end.wall_seconds = wall_.Seconds();
    end.cpu_seconds = SecondsOf(usage.ru_utime) + SecondsOf(usage.ru_stime);
    end.time = UnixSeconds();
    journal_.Event(EventOf(end));
    journal_.Sync();
  }

  JournalWriter& journal_;
  Stopwatch wall_;
};

// A worker whose scheduler was killed may still be writing its checkpoint when the next scheduler
// starts another for the same stage: that one waits its turn.
constexpr double kPatienceSeconds = 60;

std::optional<FileLock> AcquireInTurn(const StageFolder& folder, StopSignals& stop) {
  const Stopwatch waiting;
  while (true) {
    std::optional<FileLock> lock = FileLock::TryAcquire(folder.lock());
    if (lock || waiting.Seconds() > kPatienceSeconds || stop.Requests() > 0) return lock;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Whether the stage was completed before this worker got its turn.
bool IsComplete(const StageFolder& folder, StageKind kind) {
  bool complete = false;
  JournalReader journal(folder.journal());
  for (auto records = journal.ReadNext(); !records.empty(); records = journal.ReadNext()) {
    for (const JournalRecord& record : records) {
      const auto* event = std::get_if<JournalEvent>(&record);
      if (event == nullptr) continue;
      const json parsed = json::parse(event->json);
      if (parsed.at("event") == "attempt_ended") complete = parsed.at("outcome") == "complete";
    }
  }
  return complete && folder.FindOutputDamage(kind).empty();
}

std::string DeviceOf(const Stage& stage, const WorkerOptions& options) {
  if (!ComputesOnDevice(stage.kind)) return "cpu";
  return options.device.empty() ? ReadExecution(stage).device : options.device;
}

std::unique_ptr<Backend> BackendOf(const Stage& stage, const WorkerOptions& options) {
  std::unique_ptr<Backend> backend =
      MakeBackend(DeviceOf(stage, options), PrecisionOf(stage), options.threads);
  if (!options.checked || !ComputesOnDevice(stage.kind)) return backend;
  if (!backend->OnGpu()) {
    throw Error(Cause::kInput, "--checked compares a GPU with the CPU, and this stage has no GPU");
  }
  return std::make_unique<CheckedBackend>(std::move(backend), options.threads);
}

// One that could not be made is a failure of the attempt, which begins first.
class AwaitedBackend {
 public:
  AwaitedBackend(const Stage& stage, const WorkerOptions& options) {
    try {
      backend_ = BackendOf(stage, options);
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  // Null where there is none.
  const Backend* Look() const { return backend_.get(); }

  Backend& Get() const {
    if (failure_) std::rethrow_exception(failure_);
    return *backend_;
  }

 private:
  std::unique_ptr<Backend> backend_;
  std::exception_ptr failure_;
};

// Runs the stage and puts its end into the journal. An error that keeps the journal from being
// written (a full disk) reaches the log alone; the scheduler then knows by the exit code.
WorkerExit RunAttempt(const Stage& stage, const StageFolder& folder, const WorkerOptions& options,
                      StopSignals& stop, const StageWork& work) {
  const AwaitedBackend awaited(stage, options);
  const Backend* const backend = awaited.Look();
  JournalWriter journal(folder.journal());
  const uint64_t journal_bytes = fs::file_size(folder.journal());
  AttemptStart start = {.host = HostName(),
                        .pid = ::getpid(),
                        .device = backend ? backend->Name() : DeviceOf(stage, options),
                        .time = UnixSeconds(),
                        .provenance = Provenance(backend && backend->OnGpu()).dump()};
  if (options.launch > 0) start.launch = options.launch;
  Attempt attempt(journal, start);
  Cause cause = Cause::kBug;
  std::string message;
  try {
    work({stage, folder, journal, awaited.Get(), stop, start, journal_bytes, options.until_step});
    attempt.Complete();
    return WorkerExit::kComplete;
  } catch (const Error& error) {
    cause = error.cause();
    message = error.what();
  } catch (const std::bad_alloc&) {
    cause = Cause::kMemory;
    message =
        "no memory left on this machine; run fewer workers at once (-j) or smaller micro-batches";
  } catch (const std::exception& error) {
    message = error.what();
  }
  fmt::print(stderr, "{}: {}\n", NameOf(OutcomeOf(cause)), message);
  attempt.Fail(cause, message);
  return ExitOf(cause);
}

}  // namespace

void StageContext::LeaveIfStopped() const {
  if (stop.Requests() > 0)
    throw Error(Cause::kInterrupted, "stopped on request; the same command continues");
}

void PerformStage(const StageContext& context) {
  RequireWholeInputs(context);
  switch (context.stage.kind) {
    case StageKind::kTokens:
      return RunTokensStage(context);
    case StageKind::kImport:
      return RunImportStage(context);
    case StageKind::kUpcycle:
      return RunUpcycleStage(context);
    case StageKind::kTrain:
      return RunTrainStage(context);
    case StageKind::kEvaluate:
      return RunEvaluateStage(context);
    case StageKind::kBenchmark:
      return RunBenchmarkStage(context);
    case StageKind::kText:
      return RunTextStage(context);
  }
}

WorkerExit RunWorker(const fs::path& path, const WorkerOptions& options, const StageWork& work) {
  StopSignals stop;  // before any thread
  const StageFolder folder(path);
  try {
    const std::optional<FileLock> lock = AcquireInTurn(folder, stop);
    if (!lock) {
      fmt::print(stderr, "another process is at this stage\n");
      return WorkerExit::kBusy;
    }
    const Heartbeat heartbeat(folder.heartbeat());
    const Stage stage = ReadStage(folder.description());
    if (IsComplete(folder, stage.kind)) return WorkerExit::kComplete;
    return RunAttempt(stage, folder, options, stop, work);
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return ExitOf(error.cause());
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return WorkerExit::kFailed;
  }
}

}  // namespace upcycle
