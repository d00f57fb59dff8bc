// What must hold between settings, each of which is right by itself.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/recipe/diagnostics.h"
#include "core/recipe/file_readers.h"
#include "core/recipe/settings.h"

namespace upcycle {

// A relation that does not hold.
struct Violation {
  Severity severity = Severity::kError;
  std::vector<std::string> paths;  // the settings that take part, the likeliest culprit first
  std::string message;
  std::string expected = {};
};

// What is in the files that runs read, and what is wrong with them: whoever knows such files says
// it (core/data, experiments/formats). What is empty is not asked.
struct FileKnowledge {
  FileReaders readers = {};
  std::function<std::vector<Violation>(const DataSettings&)> check_data = {};
  std::function<std::vector<Violation>(const ModelSettings&)> check_model = {};
};

// Everything that is wrong between the settings of one run.
std::vector<Violation> FindViolations(const RunSettings& settings);

// A source's name in tables: its own, or its kind where it has none.
std::string SourceName(const SourceSettings& source);

}  // namespace upcycle
