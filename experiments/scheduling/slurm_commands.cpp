#include "experiments/scheduling/slurm_commands.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/program_run.h"

namespace upcycle {
namespace {

// What comes before each separator, and after the last.
std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> ParseNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

bool SlurmState::HasEnded() const {
  constexpr std::array<std::string_view, 10> kEnds = {
      "BOOT_FAIL", "CANCELLED",     "COMPLETED", "DEADLINE", "FAILED",
      "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED",  "TIMEOUT"};
  return std::find(kEnds.begin(), kEnds.end(), word) != kEnds.end();
}

std::map<SlurmTask, SlurmState> ParseQueue(std::string_view text) {
  std::map<SlurmTask, SlurmState> queue;
  for (const std::string& line : Split(text, '\n')) {
    const std::vector<std::string> parts = Split(line, '|');
    if (parts.size() != 5) continue;
    const std::optional<int> task = ParseNumber(parts[2]);
    if (!task) continue;
    queue[{parts[0], *task}] = {parts[3], parts[4], fmt::format("{}_{}", parts[1], *task)};
  }
  return queue;
}

std::optional<std::string> ParseSubmitted(std::string_view text) {
  const std::string_view number = text.substr(0, text.find_first_of(";\n"));
  if (!ParseNumber(number)) return std::nullopt;
  return std::string(number);
}

std::optional<std::string> ParseAccounting(std::string_view text) {
  const std::string_view word = text.substr(0, text.find_first_of(" |+\n"));
  if (word.empty()) return std::nullopt;
  return std::string(word);
}

bool MayPass(std::string_view message) {
  constexpr std::array<std::string_view, 10> kSigns = {"Unable to contact slurm controller",
                                                       "Socket timed out",
                                                       "Connection refused",
                                                       "Communication connection failure",
                                                       "Zero Bytes were transmitted",
                                                       "Resource temporarily unavailable",
                                                       "temporarily unable to accept job",
                                                       "job submit limit",
                                                       "SubmitJobs",
                                                       "authentication error"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
    return message.find(sign) != std::string_view::npos;
  });
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

std::optional<std::map<SlurmTask, SlurmState>> AskQueue(const std::set<std::string>& names,
                                                        std::string* trouble) {
  const ProgramEnd answer =
      RunToEnd({"squeue", "--noheader", "--array", "--states=all", "--format=%j|%F|%K|%T|%r",
                fmt::format("--name={}", fmt::join(names, ","))});
  if (answer.Succeeded()) return ParseQueue(answer.out);
  *trouble = answer.timed_out ? "squeue gave no answer" : FirstLine(answer.err);
  return std::nullopt;
}

std::optional<std::string> AskAccounting(const std::string& id) {
  const ProgramEnd answer = RunToEnd(
      {"sacct", "--noheader", "--parsable2", "--allocations", "--format=State", "--jobs=" + id});
  return answer.Succeeded() ? ParseAccounting(answer.out) : std::nullopt;
}

// Those that have ended meanwhile make scancel complain, and those that it could not reach are
// asked again: its own end says nothing.
void Cancel(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  std::vector<std::string> words = {"scancel", "--quiet"};
  words.insert(words.end(), ids.begin(), ids.end());
  RunToEnd(words);
}

void AskToStop(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  std::vector<std::string> words = {"scancel", "--quiet", "--signal=TERM", "--batch"};
  words.insert(words.end(), ids.begin(), ids.end());
  RunToEnd(words);
}

}  // namespace upcycle
