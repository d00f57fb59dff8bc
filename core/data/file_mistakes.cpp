#include "core/data/file_mistakes.h"

#include <set>
#include <system_error>

#include <fmt/format.h>

#include "core/data/dataset.h"
#include "core/data/glob.h"
#include "core/data/text_files.h"
#include "core/data/token_source.h"
#include "core/error.h"

namespace upcycle {
namespace {

// The same for every way to spell a file's path.
fs::path RealPath(const fs::path& path) {
  std::error_code ignored;
  const fs::path real = fs::canonical(path, ignored);
  return real.empty() ? path : real;
}

class Search {
 public:
  std::vector<FileMistake> Find(const DataSettings& settings) {
    if (settings.tokenizer.kind == TokenizerKind::kFile) CheckTokenizer(settings.tokenizer);
    for (size_t i = 0; i < settings.train.size(); ++i) {
      for (const fs::path& file : FilesOf(settings.train[i], Setting("train", i))) {
        trained_.insert(RealPath(file));
      }
    }
    for (size_t i = 0; i < settings.validation.size(); ++i) {
      const SourceSettings& source = settings.validation[i];
      for (const fs::path& file : FilesOf(source, Setting("validation", i))) {
        if (!trained_.contains(RealPath(file))) continue;
        Add(Setting("validation", i), TrainedOnAsWell(file.native(), NameOf(source)));
      }
    }
    return std::move(mistakes_);
  }

 private:
  static std::string Setting(const char* list, size_t source) {
    return fmt::format("data.{}.{}.files", list, source);
  }

  void Add(const std::string& setting, const std::string& message) {
    mistakes_.push_back({setting, message});
  }

  void CheckTokenizer(const TokenizerSettings& settings) {
    try {
      const std::string wrong = WrongVocabulary(settings, *Tokenizer::Load(settings.path));
      if (!wrong.empty()) Add("data.tokenizer.vocabulary", wrong);
    } catch (const Error& error) {
      Add("data.tokenizer.path", error.what());
    }
  }

  std::vector<fs::path> FilesOf(const SourceSettings& source, const std::string& setting) {
    if (source.kind == SourceKind::kAtlas) return {};
    std::vector<GlobMistake> wrong;
    const std::vector<fs::path> files = ExpandGlobs(source.files, wrong);
    for (const GlobMistake& mistake : wrong) {
      Add(fmt::format("{}.{}", setting, mistake.pattern), mistake.message);
    }
    for (const fs::path& file : files) {
      try {
        if (source.kind == SourceKind::kTokens) {
          TokenSource({file}, ElementOf(source.token_type));
        } else {
          OpenText(file);
        }
      } catch (const Error& error) {
        Add(setting, error.what());
      }
    }
    return files;
  }

  std::set<fs::path> trained_;
  std::vector<FileMistake> mistakes_;
};

}  // namespace

std::vector<FileMistake> FindFileMistakes(const DataSettings& settings) {
  return Search().Find(settings);
}

std::string WrongVocabulary(const TokenizerSettings& settings, const Tokenizer& tokenizer) {
  if (tokenizer.Vocabulary() == settings.vocabulary) return "";
  return fmt::format("{} has {} tokens; set data.tokenizer.vocabulary: {}", settings.path,
                     tokenizer.Vocabulary(), tokenizer.Vocabulary());
}

std::string TrainedOnAsWell(const std::string& file, const std::string& validation_source) {
  return fmt::format(
      "{0} of the validation source \"{1}\" is also trained on; take it out of the "
      "training source with \"!{0}\"",
      file, validation_source);
}

}  // namespace upcycle
