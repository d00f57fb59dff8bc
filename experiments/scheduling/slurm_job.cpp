#include "experiments/scheduling/slurm_job.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/shell_word.h"

namespace upcycle {
namespace {

using nlohmann::json;

constexpr const char* kTaskFile = "slurm.json";
constexpr const char* kEndFile = "slurm_end.json";

constexpr double kBytesPerMib = 1 << 20;
// Of what is no planned buffer: code, texts, the system's own.
constexpr double kMemoryBesideBuffersMib = 1024;
// Jobs whose needs are about equal ask for the same, and share an array.
constexpr double kMemoryStepMib = 512;

// How long before a time limit or a preemption a worker is asked for its checkpoint.
constexpr int kNoticeSeconds = 60;

// How much longer than its stage a job may take, in minutes: that notice, and as much for whoever
// looks at the stage's own limit, who can say more about it.
constexpr int64_t kMinutesAfter = 2;

// Of a time as sbatch takes it: M, M:S, H:M:S, D-H, D-H:M or D-H:M:S.
double MinutesOf(const std::string& time) {
  const size_t dash = time.find('-');
  const bool has_days = dash != time.npos;
  std::vector<double> parts;
  std::istringstream words(has_days ? time.substr(dash + 1) : time);
  for (std::string word; std::getline(words, word, ':');) parts.push_back(std::stod(word));
  if (!has_days && parts.size() < 3) parts.insert(parts.begin(), 0);  // it has no hours
  parts.resize(3);
  const double days = has_days ? std::stod(time) : 0;
  return 60 * (24 * days + parts[0]) + parts[1] + parts[2] / 60;
}

// The shorter of what the stage and the site allow.
std::string TimeLimitOf(const SlurmRequest& request, const SlurmSettings& settings) {
  const bool is_open = settings.time_limit.empty();
  if (request.minutes == 0) return settings.time_limit;
  const auto minutes = static_cast<double>(request.minutes);
  return is_open || minutes < MinutesOf(settings.time_limit) ? std::to_string(request.minutes)
                                                             : settings.time_limit;
}

// Null where there is no such file, or one that is damaged.
json ReadJson(const fs::path& path) {
  std::error_code absent;
  if (!fs::exists(path, absent)) return nullptr;
  const json content = json::parse(ReadTextFile(path), nullptr, /*allow_exceptions=*/false);
  return content.is_object() ? content : json();
}

std::optional<SlurmTask> TaskIn(const json& content) {
  if (!content.is_object() || !content.contains("name") || !content.contains("index") ||
      !content["name"].is_string() || !content["index"].is_number_integer()) {
    return std::nullopt;
  }
  return SlurmTask{content["name"], content["index"]};
}

// The script behind the list of folders. A shell that waits runs its trap at once and then waits
// again; how its child ended is remembered. What it would itself say about that is no news.
constexpr const char* kScriptBody = R"sh(
folder=${{folders[SLURM_ARRAY_TASK_ID]}}
if ! cd "$folder"; then
  echo "$(hostname) does not see $folder: the root must lie on a folder that all nodes share"
  exit 1
fi
rm -f {end_file}
asked= worker=
trap 'asked=yes; [ -z "$worker" ] || kill -TERM "$worker"' TERM
{program} worker "$folder" {options} >>log.txt 2>&1 </dev/null &
worker=$!
[ -z "$asked" ] || kill -TERM "$worker"
{{ while wait "$worker"; kill -0 "$worker"; do :; done; wait "$worker"; }} 2>/dev/null
status=$?
printf '{{"name": "{name}", "index": %d, "status": %d, "node": "%s"}}\n' \
  "$SLURM_ARRAY_TASK_ID" "$status" "$(hostname)" >{end_file}.new
mv {end_file}.new {end_file}
exit "$status"
)sh";

}  // namespace

void WriteTask(const fs::path& folder, const SlurmTask& task) {
  const json content = {{"name", task.name}, {"index", task.index}};
  WriteFileAtomically(folder / kTaskFile, content.dump() + "\n");
}

std::optional<SlurmTask> ReadTask(const fs::path& folder) {
  return TaskIn(ReadJson(folder / kTaskFile));
}

std::optional<ScriptEnd> ReadScriptEnd(const fs::path& folder, const SlurmTask& task) {
  const json content = ReadJson(folder / kEndFile);
  if (TaskIn(content) != task) return std::nullopt;
  return ScriptEnd{content.value("status", 0), content.value("node", "")};
}

fs::path OutputOf(const fs::path& root, const SlurmTask& task) {
  return root / "slurm" / fmt::format("{}_{}.txt", task.name, task.index);
}

void ForgetTask(const fs::path& root, const fs::path& folder, const SlurmTask& task) {
  const fs::path output = OutputOf(root, task);
  std::error_code absent;
  if (fs::exists(output, absent)) {
    const std::string words = ReadTextFile(output);
    const fs::path log = folder / "log.txt";
    const FileDescriptor file = OpenFile(log, O_WRONLY | O_CREAT | O_APPEND, "write");
    WriteAll(file.get(), words.data(), words.size(), log);
  }
  for (const fs::path& path : {output, folder / kTaskFile, folder / kEndFile}) {
    fs::remove(path, absent);
  }
}

SlurmRequest RequestOf(const Job& job, const SlurmSettings& settings) {
  SlurmRequest request = {.threads = job.threads,
                          .device = job.device,
                          .until_step = job.until_step,
                          .launch = job.launch,
                          .checked = job.checked};
  const bool names_gpu = job.device.starts_with("cuda");
  if (names_gpu) request.device = "cuda";  // its number is for Slurm to choose
  request.gpu = names_gpu || (job.device == "auto" && settings.gpus);
  if (job.time_limit_hours > 0) {
    request.minutes = static_cast<int64_t>(std::ceil(60 * job.time_limit_hours)) + kMinutesAfter;
  }
  double mib = kMemoryBesideBuffersMib +
               settings.memory_margin * static_cast<double>(job.memory_bytes) / kBytesPerMib;
  if (job.wanted_memory) mib *= 2;
  if (settings.memory_margin > 0) {
    request.memory_mib = static_cast<int64_t>(std::ceil(mib / kMemoryStepMib) * kMemoryStepMib);
  }
  return request;
}

std::vector<std::string> SubmitWords(const std::string& name, size_t count, const fs::path& root,
                                     const SlurmRequest& request, const SlurmSettings& settings) {
  std::vector<std::string> words = {"sbatch",
                                    "--parsable",
                                    "--requeue",
                                    "--open-mode=append",
                                    "--nodes=1",
                                    "--ntasks=1",
                                    "--job-name=" + name,
                                    fmt::format("--array=0-{}", count - 1),
                                    fmt::format("--output={}/slurm/%x_%a.txt", root.native()),
                                    "--chdir=" + root.native(),
                                    fmt::format("--signal=B:TERM@{}", kNoticeSeconds),
                                    fmt::format("--cpus-per-task={}", request.threads)};
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("--{}={}", option, value));
  };
  if (request.memory_mib > 0) add("mem", fmt::format("{}M", request.memory_mib));
  if (request.gpu) add("gres", settings.gres);
  add("partition", settings.partition);
  add("account", settings.account);
  add("qos", settings.qos);
  add("time", TimeLimitOf(request, settings));
  words.insert(words.end(), settings.options.begin(), settings.options.end());
  return words;
}

std::string ScriptOf(const std::string& name, const fs::path& program,
                     const std::vector<fs::path>& folders, const SlurmRequest& request) {
  std::string script = "#!/bin/bash\n# Job number i does the stage of folder i.\nfolders=(\n";
  for (const fs::path& folder : folders) script += ShellWord(folder.native()) + "\n";
  script += ")";
  std::string options = fmt::format("--threads {} --device {}", request.threads, request.device);
  if (request.until_step > 0) options += fmt::format(" --until-step {}", request.until_step);
  if (request.launch > 0) options += fmt::format(" --launch {}", request.launch);
  if (request.checked) options += " --checked";
  return script + fmt::format(kScriptBody, fmt::arg("end_file", kEndFile), fmt::arg("name", name),
                              fmt::arg("program", ShellWord(program.native())),
                              fmt::arg("options", options));
}

std::optional<KnownCause> KnownCauseOf(const std::string& state,
                                       const std::optional<ScriptEnd>& script,
                                       const std::string& id, const fs::path& program) {
  constexpr int kNotExecutable = 126, kNotFound = 127;
  if (script && (script->status == kNotExecutable || script->status == kNotFound)) {
    return KnownCause{
        Cause::kInput,
        fmt::format("{} could not start {}: the program must lie on a folder that all "
                    "nodes share, or at the same path on each",
                    script->node, program.native())};
  }
  if (state == "OUT_OF_MEMORY") {
    return KnownCause{Cause::kMemory,
                      fmt::format("Slurm ended job {} for want of memory; slurm.memory_margin in "
                                  "site.yaml lets jobs ask for more",
                                  id)};
  }
  if (state == "TIMEOUT" || state == "DEADLINE") {
    return KnownCause{Cause::kTimeout,
                      fmt::format("job {} reached its time limit and left no checkpoint; "
                                  "slurm.time_limit in site.yaml and execution.time_limit_hours "
                                  "give it longer",
                                  id)};
  }
  if (state == "NODE_FAIL" || state == "BOOT_FAIL") {
    return KnownCause{Cause::kLost, fmt::format("the node of job {} failed ({})", id, state)};
  }
  if (state == "PREEMPTED" || state == "REVOKED" || state == "CANCELLED") {
    return KnownCause{Cause::kKilled,
                      fmt::format("job {} was taken from its node ({})", id, state)};
  }
  if (!script && !state.empty()) {
    return KnownCause{
        Cause::kLost,
        fmt::format("job {} ended ({}) before its script could say how: nodes must see "
                    "the root, and may write there",
                    id, state)};
  }
  return std::nullopt;
}

}  // namespace upcycle
