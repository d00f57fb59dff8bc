#include "core/site/site.h"

#include <deque>
#include <optional>
#include <regex>

#include <fmt/format.h>

#include "core/files.h"
#include "core/recipe/document.h"
#include "core/recipe/reader.h"
#include "core/setting_paths.h"

namespace upcycle {
namespace {

class SiteReader {
 public:
  void Read(const fs::path& file) {
    sources_.push_back({.name = file.native(),
                        .text = ReadTextFile(file),
                        .directory = FolderOf(file),
                        .order = static_cast<int>(sources_.size())});
    const std::optional<Node> root = ParseDocument(sources_.back(), diagnostics_);
    if (root) ReadMapping(*root, site_, "", reading());
  }

  Site Finish() {
    for (size_t i = 0; i < site_.log_policies.size(); ++i) {
      CheckPolicy(site_.log_policies[i], fmt::format("log_policies.{}", i));
    }
    for (size_t i = 0; i < site_.slurm.options.size(); ++i) {
      CheckOption(site_.slurm.options[i], fmt::format("slurm.options.{}", i));
    }
    diagnostics_.ThrowIfErrors();
    return std::move(site_);
  }

 private:
  Reading reading() { return {diagnostics_, places_, known_paths_, "a site's settings"}; }

  void CheckPolicy(const LogPolicySettings& policy, const std::string& path) {
    for (const char* key : {"pattern", "cause"}) {
      if (places_.Has(JoinPath(path, key)) || places_.IsWrong(JoinPath(path, key))) continue;
      diagnostics_.Error(*places_.Find(path), fmt::format("a log policy without {}", key),
                         "{pattern: …, cause: …, advice: …}");
    }
    if (policy.pattern.empty()) return;
    try {
      const std::regex known(policy.pattern);
    } catch (const std::regex_error& error) {
      diagnostics_.Error(
          *places_.Find(JoinPath(path, "pattern")),
          fmt::format("\"{}\" is no regular expression: {}", policy.pattern, error.what()),
          "ECMAScript's, as grep -P reads the usual ones");
    }
  }

  // What does not begin so is a file for sbatch to run in place of ours.
  void CheckOption(const std::string& option, const std::string& path) {
    if (option.starts_with('-') && option.find(' ') == std::string::npos) return;
    diagnostics_.Error(*places_.Find(path),
                       fmt::format("\"{}\" is not one option of sbatch", option),
                       "--name=value, each an item of the list");
  }

  const std::vector<std::string> known_paths_ = PathsOf<Site>();
  std::deque<SourceText> sources_;  // which places point to
  Diagnostics diagnostics_;
  Places places_;
  Site site_;
};

}  // namespace

Site LoadSite(const std::vector<fs::path>& files) {
  SiteReader reader;
  for (const fs::path& file : files) {
    std::error_code absent;
    if (fs::exists(file, absent)) reader.Read(file);
  }
  return reader.Finish();
}

}  // namespace upcycle
