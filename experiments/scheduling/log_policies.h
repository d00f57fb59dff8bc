// What a line of a worker's log means that died without a word of its own. What every site knows is
// built in; a site adds what it knows of its own machines.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/site/site.h"

namespace upcycle {

struct LogPolicy {
  std::regex pattern;  // searched for in each line (ECMAScript)
  Cause cause;         // what it is a sign of
  std::string advice;  // what to do about it; may be empty
};

struct LogSign {
  Cause cause = Cause::kBug;
  std::string line;
  std::string advice;
};

// The libraries' and the kernel's words for want of memory and of room.
std::vector<LogPolicy> BuiltInLogPolicies();

// What a site says, in front of what is built in.
std::vector<LogPolicy> LogPoliciesOf(const Site& site);

// The first policy that matches one of the last lines of the log, beginning with the last line.
// What was in the log before `begin` is an earlier attempt's.
std::optional<LogSign> FindSign(const fs::path& log, uint64_t begin,
                                const std::vector<LogPolicy>& policies);

// The last line of the log that is not empty; empty where there is none.
std::string LastLine(const fs::path& log, uint64_t begin);

}  // namespace upcycle
