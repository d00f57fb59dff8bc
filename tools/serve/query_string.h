// The path and the parameters of what was asked for: "/api/curves?study=a&arm=b&arm=c".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace upcycle {

struct Target {
  std::string path;  // as it was written: no path of ours needs an escape
  std::map<std::string, std::vector<std::string>> parameters;  // decoded

  // The value of one that is given once.
  std::optional<std::string> Only(const std::string& name) const;
};

// Empty where an escape is none, a parameter has no "=", or what it decodes to is not UTF-8.
std::optional<Target> ParseTarget(std::string_view target);

}  // namespace upcycle
