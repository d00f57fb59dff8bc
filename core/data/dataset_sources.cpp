#include "core/data/dataset_sources.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/data/dataset.h"
#include "core/data/file_mistakes.h"
#include "core/error.h"

namespace upcycle {
namespace {

void RequireFileName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (plain && name.front() != '.' && name.size() <= 100) return;
  throw Error(Cause::kInput, fmt::format("the source name \"{}\" names files and columns: use at "
                                         "most 100 letters, digits, - _ and dots, and no dot first",
                                         name));
}

NamedSource Open(const SourceSettings& source) {
  if (source.kind != SourceKind::kTokens) return {NameOf(source), OpenCorpus(source), nullptr};
  return {NameOf(source), nullptr, std::make_unique<TokenSource>(TokenSource::Find(source))};
}

std::vector<NamedSource> OpenAll(const std::vector<SourceSettings>& settings,
                                 std::string_view list) {
  std::vector<NamedSource> sources;
  std::set<std::string> names;
  for (const SourceSettings& source : settings) {
    const std::string name = NameOf(source);
    RequireFileName(name);
    if (!names.insert(name).second) {
      throw Error(Cause::kInput, fmt::format("data.{} has two sources called \"{}\"; give each a "
                                             "`name` of its own",
                                             list, name));
    }
    sources.push_back(Open(source));
  }
  return sources;
}

// Validating on what was trained on measures nothing.
void RequireApart(const DatasetSources& sources) {
  std::set<Fingerprint> trained;
  for (const NamedSource& source : sources.train) {
    for (const CorpusFile& file : source.Files()) trained.insert(file.content);
  }
  for (const NamedSource& source : sources.validation) {
    for (const CorpusFile& file : source.Files()) {
      if (!trained.contains(file.content)) continue;
      throw Error(Cause::kInput, TrainedOnAsWell(file.path.native(), source.name));
    }
  }
}

}  // namespace

DatasetSources OpenSources(const DataSettings& settings) {
  if (settings.train.empty()) {
    throw Error(Cause::kInput, "data.train names no source; list at least one");
  }
  DatasetSources sources;
  sources.train = OpenAll(settings.train, "train");
  sources.validation = OpenAll(settings.validation, "validation");
  sources.held_out = settings.validation.empty() ? settings.held_out : 0;
  sources.deduplicate = settings.deduplicate;
  RequireApart(sources);
  return sources;
}

}  // namespace upcycle
