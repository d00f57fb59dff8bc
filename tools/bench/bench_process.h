#pragma once

#include <string>
#include <vector>

namespace upcycle {

struct ProcessEnd {
  std::string problem;  // empty where it ended well
};

// Runs this program again with other arguments and waits for it; after `limit_seconds` it is
// killed. Dies with this process. Its output goes to standard error.
ProcessEnd RunSelf(const std::vector<std::string>& arguments, double limit_seconds);

// This process's, to tell its files apart.
int ProcessNumber();

}  // namespace upcycle
