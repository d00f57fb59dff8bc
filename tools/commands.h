// The commands of `upcycle`, one file each. Arguments are those behind the command's name; the
// result is the process's exit code. What a command cannot do is thrown as Error.
#pragma once

#include <string>
#include <vector>

namespace upcycle {

using Arguments = std::vector<std::string>;

// The codes that scripts rely on.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // a run failed; what was compared differs; a fault
inline constexpr int kExitBadInput = 2;
inline constexpr int kExitInterrupted = 130;

int RunCommand(const Arguments& arguments);
int PlanCommand(const Arguments& arguments);
int ValidateCommand(const Arguments& arguments);
int SchemaCommand(const Arguments& arguments);
int StatusCommand(const Arguments& arguments);
int ServeCommand(const Arguments& arguments);
int LogsCommand(const Arguments& arguments);
int ExplainCommand(const Arguments& arguments);
int GcCommand(const Arguments& arguments);
int QueryCommand(const Arguments& arguments);
int CompareCommand(const Arguments& arguments);
int DiffCommand(const Arguments& arguments);
int EvaluateCommand(const Arguments& arguments);
int ExportCommand(const Arguments& arguments);
int VerifyCommand(const Arguments& arguments);
int ImportCommand(const Arguments& arguments);
int PlotCommand(const Arguments& arguments);
int ReportCommand(const Arguments& arguments);
int PublishCommand(const Arguments& arguments);
int ConvertCommand(const Arguments& arguments);
int GenerateCommand(const Arguments& arguments);
int InspectCommand(const Arguments& arguments);
int PaperCommand(const Arguments& arguments);
int StopCommand(const Arguments& arguments);
int PauseCommand(const Arguments& arguments);
int CancelCommand(const Arguments& arguments);
int ResumeCommand(const Arguments& arguments);
int RebuildCommand(const Arguments& arguments);
int DoctorCommand(const Arguments& arguments);
int BenchCommand(const Arguments& arguments);
int WorkerCommand(const Arguments& arguments);
int IdleWorkerCommand(const Arguments& arguments);
int ProbeCommand(const Arguments& arguments);

}  // namespace upcycle
