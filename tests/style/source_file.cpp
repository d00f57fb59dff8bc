#include "tests/style/source_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

namespace upcycle::style {
namespace {

namespace fs = std::filesystem;

bool IsText(std::string_view content) { return content.find('\0') == std::string_view::npos; }

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// Walks over C++ text and copies it with its comments and literals blanked.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), result_(text) {}

  std::string Run() {
    while (at_ < text_.size()) {
      if (Next("//")) {
        BlankTo(text_.find('\n', at_));
      } else if (Next("/*")) {
        BlankBehind("*/", at_ + 2);
      } else if (Next("R\"") && !FollowsWord()) {
        const size_t open = text_.find('(', at_);
        if (open == std::string_view::npos) break;
        BlankBehind(fmt::format("){}\"", text_.substr(at_ + 2, open - at_ - 2)), open);
      } else if (Next("\"") || (Next("'") && !FollowsWord())) {
        BlankLiteral(text_[at_]);
      } else {
        ++at_;
      }
    }
    return result_;
  }

 private:
  bool Next(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }

  // A quote behind a digit separates digits; an R behind a letter ends a word.
  bool FollowsWord() const {
    return at_ > 0 && std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0;
  }

  void BlankTo(size_t end) {
    end = std::min(end, text_.size());
    for (; at_ < end; ++at_) {
      if (text_[at_] != '\n') result_[at_] = ' ';
    }
  }

  void BlankBehind(std::string_view mark, size_t from) {
    const size_t found = text_.find(mark, from);
    BlankTo(found == std::string_view::npos ? found : found + mark.size());
  }

  // A literal keeps its quotes, and ends with its line if nothing else ends it.
  void BlankLiteral(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    ++at_;
    BlankTo(end);
    ++at_;
  }

  std::string_view text_;
  std::string result_;
  size_t at_ = 0;
};

// What `git ls-files` names, in the current folder; nothing outside a checkout.
std::vector<std::string> TrackedFiles() {
  std::vector<std::string> names;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("git ls-files -z 2>/dev/null", "r"),
                                                   pclose);
  if (pipe == nullptr) return names;
  std::string output;
  std::array<char, 4096> block;
  while (const size_t size = fread(block.data(), 1, block.size(), pipe.get())) {
    output.append(block.data(), size);
  }
  for (size_t at = 0; at < output.size(); at = output.find('\0', at) + 1) {
    names.emplace_back(output.c_str() + at);
  }
  return names;
}

bool IsProduced(const fs::path& top_entry) {
  const std::string name = top_entry.filename();
  return name == ".git" || name == ".cache" || name.starts_with("build") ||
         name.starts_with("runs");
}

std::vector<std::string> EveryFile() {
  std::vector<std::string> names;
  for (fs::recursive_directory_iterator entry("."), end; entry != end; ++entry) {
    if (entry.depth() == 0 && entry->is_directory() && IsProduced(entry->path())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      names.push_back(entry->path().lexically_normal().generic_string());
    }
  }
  return names;
}

}  // namespace

SourceFile::SourceFile(std::string file_path, std::string_view text)
    : path(std::move(file_path)), lines(SplitLines(IsText(text) ? text : "")) {
  code = IsCpp() ? SplitLines(BlankCommentsAndLiterals(text)) : lines;
}

bool SourceFile::IsScript() const {
  if (HasExtension("CMakeLists.txt") || HasExtension(".cmake") || HasExtension(".sh")) return true;
  return path.find('.', path.rfind('/') + 1) == std::string::npos && (IsIn("tools") || IsIn(".ci"));
}

bool SourceFile::IsIn(std::string_view folder) const {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

std::string BlankCommentsAndLiterals(std::string_view text) { return Blanker(text).Run(); }

Tree ReadTree(const fs::path& top) {
  const fs::path before = fs::current_path();
  fs::current_path(top);
  std::vector<std::string> names = TrackedFiles();
  if (names.empty()) names = EveryFile();
  Tree tree;
  for (const std::string& name : names) {
    if (!fs::is_regular_file(name)) continue;
    std::ifstream file(name, std::ios::binary);
    tree.emplace_back(name, std::string(std::istreambuf_iterator<char>(file), {}));
  }
  fs::current_path(before);
  return tree;
}

}  // namespace upcycle::style
