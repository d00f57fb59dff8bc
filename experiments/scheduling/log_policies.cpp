#include "experiments/scheduling/log_policies.h"

#include <algorithm>

#include <fcntl.h>

namespace upcycle {
namespace {

constexpr uint64_t kTailBytes = 64 << 10;
constexpr size_t kLineBytes = 500;

// The last lines of the file, the last one first; what is longer than a line should be is cut.
std::vector<std::string> LinesFromTheEnd(const fs::path& log, uint64_t begin) {
  std::error_code absent;
  const uint64_t size = fs::file_size(log, absent);
  if (absent || size <= begin) return {};
  begin = std::max(begin, size - std::min(size, kTailBytes));
  const FileDescriptor file = OpenFile(log, O_RDONLY, "read");
  const std::string text = ReadAt(file.get(), begin, size - begin, log);
  std::vector<std::string> lines;
  size_t end = text.size();
  while (end > 0) {
    const size_t newline = text.rfind('\n', end - 1);
    const size_t first = newline == std::string::npos ? 0 : newline + 1;
    if (first < end) lines.push_back(text.substr(first, std::min(end - first, kLineBytes)));
    end = newline == std::string::npos ? 0 : newline;
  }
  return lines;
}

}  // namespace

std::vector<LogPolicy> BuiltInLogPolicies() {
  const auto kind = std::regex::ECMAScript | std::regex::icase;
  return {
      {std::regex("cuda.*(out of memory|alloc)", kind), Cause::kDeviceMemory,
       "use a smaller micro-batch, or run fewer workers on the GPU"},
      {std::regex("std::bad_alloc|cannot allocate memory|out of memory", kind), Cause::kMemory,
       "run fewer workers at once (-j) or a smaller micro-batch"},
      {std::regex("no space left on device|disk quota exceeded", kind), Cause::kDisk,
       "free some space, then run the same command again"},
      {std::regex("CUDA error|\\bXid\\b|fallen off the bus|NVML", kind), Cause::kDevice,
       "`upcycle doctor` says how the GPU is"},
  };
}

std::vector<LogPolicy> LogPoliciesOf(const Site& site) {
  std::vector<LogPolicy> policies;
  for (const LogPolicySettings& said : site.log_policies) {
    policies.push_back({std::regex(said.pattern), said.cause, said.advice});
  }
  for (LogPolicy& policy : BuiltInLogPolicies()) policies.push_back(std::move(policy));
  return policies;
}

std::optional<LogSign> FindSign(const fs::path& log, uint64_t begin,
                                const std::vector<LogPolicy>& policies) {
  for (const std::string& line : LinesFromTheEnd(log, begin)) {
    for (const LogPolicy& policy : policies) {
      if (std::regex_search(line, policy.pattern))
        return LogSign{policy.cause, line, policy.advice};
    }
  }
  return std::nullopt;
}

std::string LastLine(const fs::path& log, uint64_t begin) {
  const std::vector<std::string> lines = LinesFromTheEnd(log, begin);
  return lines.empty() ? "" : lines.front();
}

}  // namespace upcycle
