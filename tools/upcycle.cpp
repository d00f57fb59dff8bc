// `upcycle COMMAND …`: finds the command, and turns what it throws into a message and an exit code.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/build_info.h"
#include "core/error.h"
#include "core/files.h"
#include "tools/commands.h"
#include "tools/terminal/command_line.h"
#include "tools/terminal/error_line.h"

namespace upcycle {
namespace {

struct Command {
  std::string_view name;
  int (*run)(const Arguments&);
  std::string_view summary;  // empty: not for people
};

constexpr Command kCommands[] = {
    {"run", RunCommand, "train, record and compare what a recipe asks for; go on where it stopped"},
    {"plan", PlanCommand, "every run and why it will or will not run; what it takes"},
    {"validate", ValidateCommand, "check a recipe and report all its mistakes at once"},
    {"schema", SchemaCommand, "a JSON Schema of recipes for editors, or every key in words"},
    {"status", StatusCommand, "what runs, waits and why, and failed"},
    {"serve", ServeCommand, "the same live in a browser, with curves; it only reads"},
    {"stop", StopCommand, "let what runs write checkpoints and end"},
    {"pause", PauseCommand, "let runs wait until they are resumed"},
    {"cancel", CancelCommand, "end runs, and begin them no more"},
    {"resume", ResumeCommand, "let paused and cancelled runs go on"},
    {"explain", ExplainCommand, "why runs will run again, wait, or are skipped; what changed"},
    {"logs", LogsCommand, "what the processes of runs printed, also as it comes"},
    {"compare", CompareCommand, "which arm is better, by how much, and whether that is decided"},
    {"diff", DiffCommand, "where two runs, arms, studies or recipes differ, step by step"},
    {"export", ExportCommand,
     "the comparison as a table; a study as a bundle; its values for TensorBoard, MLflow, CSV"},
    {"import", ImportCommand, "take over a study from another machine's bundle"},
    {"verify", VerifyCommand, "the tables of a document against the ledger, cell by cell"},
    {"plot", PlotCommand, "what was recorded, as figures for papers and pages: SVG, PNG, PDF"},
    {"report", ReportCommand, "a study as one HTML file: findings, table, figures, costs, origin"},
    {"publish", PublishCommand, "a study as files to commit beside its recipe"},
    {"paper", PaperCommand, "a paper's claims, one by one, against runs of our own"},
    {"convert", ConvertCommand,
     "a dense model to a mixture of experts, or to another format, as a Hugging Face folder"},
    {"inspect", InspectCommand,
     "a model's configuration, weights, and how far its experts are apart"},
    {"evaluate", EvaluateCommand, "what models answer to benchmarks; how likely they find texts"},
    {"generate", GenerateCommand, "a text that a model continues, as it comes"},
    {"query", QueryCommand, "SQL that reads the ledger, as a table, CSV or JSON"},
    {"gc", GcCommand, "free disk: what would go, and with --yes its removal"},
    {"rebuild", RebuildCommand, "make the ledger again from the journals"},
    {"doctor", DoctorCommand, "what this machine has to train with, and how to get the rest"},
    {"bench", BenchCommand, "how fast this machine trains, and what orchestration costs"},
    {"worker", WorkerCommand, ""},
    {"idle-worker", IdleWorkerCommand, ""},
    {"probe", ProbeCommand, ""},
};

constexpr std::string_view kBugReport = ". This is a bug in upcycle: please report it";

void PrintUsage(std::FILE* out) {
  fmt::print(
      out,
      "upcycle {}: turn dense language models into mixtures of experts, and know which choice "
      "is better\n\nusage: upcycle COMMAND [arguments]   (COMMAND --help tells more)\n\n",
      kVersion);
  for (const Command& command : kCommands) {
    if (!command.summary.empty()) fmt::print(out, "  {:<10} {}\n", command.name, command.summary);
  }
}

int ExitOf(Cause cause) {
  switch (cause) {
    case Cause::kInterrupted:
      return kExitInterrupted;
    case Cause::kInput:
    case Cause::kDisk:
    case Cause::kDevice:
      return kExitBadInput;
    default:
      return kExitFailed;
  }
}

int Dispatch(const Arguments& arguments) {
  if (arguments.empty()) {
    PrintUsage(stderr);
    return kExitBadInput;
  }
  const std::string& name = arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    PrintUsage(stdout);
    return kExitDone;
  }
  if (name == "--version") {
    fmt::print("upcycle {} (build {}, {})\n", kVersion, BuildFingerprint(), CompilerText());
    return kExitDone;
  }
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run({arguments.begin() + 1, arguments.end()});
  }
  throw Error(Cause::kInput,
              fmt::format("there is no command \"{}\"; `upcycle --help` lists them", name));
}

// Standard error may be gone or full too, and then nobody can be told.
void Complain(const std::string& message) { std::fputs(ErrorLine(message).c_str(), stderr); }

// Whatever a command printed must have arrived before it can claim success. The error of the system
// if it has not, else 0.
int FlushOutput() {
  if (std::fflush(stdout) != 0) return errno;
  return std::ferror(stdout) == 0 ? 0 : EIO;
}

// The exit code of a command whose output met this error of the system.
int ReportLostOutput(int error_number) {
  if (error_number == EPIPE) return 128 + SIGPIPE;  // the reader has all it wanted
  Complain(SystemError("write", "standard output", error_number).what());
  return ExitOf(Cause::kDisk);
}

int Main(const Arguments& arguments) {
  int code = kExitFailed;
  try {
    code = Dispatch(arguments);
  } catch (const HelpShown&) {
    code = kExitDone;
  } catch (const Error& error) {
    Complain(error.what());
    code = ExitOf(error.cause());
  } catch (const std::bad_alloc&) {
    Complain("no memory left");
  } catch (const fs::filesystem_error& error) {
    const Error refused = SystemError("use", error.path1().native(), error.code().value());
    Complain(refused.what());
    code = ExitOf(refused.cause());
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) return ReportLostOutput(error.code().value());
    Complain(fmt::format("{}{}", error.what(), kBugReport));
  } catch (const std::exception& error) {
    Complain(fmt::format("{}{}", error.what(), kBugReport));
  }
  const int lost = FlushOutput();
  return lost == 0 ? code : ReportLostOutput(lost);
}

// Whether the address space of this process has a limit (ulimit -v).
bool HasAddressLimit() {
  rlimit limit = {};
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace
}  // namespace upcycle

int main(int count, char** words) {
  // A file that may not grow any more is then an error that names it, and not a silent death.
  std::signal(SIGXFSZ, SIG_IGN);
  const int code = upcycle::Main({words + 1, words + count});
  // OpenBLAS joins its threads at exit, and where memory is refused to them they ask for it for
  // ever. All output has been written.
  if (upcycle::HasAddressLimit()) _exit(code);
  return code;
}
