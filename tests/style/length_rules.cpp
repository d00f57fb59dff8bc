#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "tests/style/rules.h"

namespace upcycle::style {
namespace {

bool IsMeasured(const SourceFile& file) { return file.IsCpp() || file.IsScript(); }

// Columns of UTF-8 text: every byte that does not continue a character begins one.
size_t Columns(std::string_view line) {
  return static_cast<size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view TrimFront(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text;
}

// `text` without the `template <…>` clauses at its front.
std::string_view WithoutTemplates(std::string_view text) {
  text = TrimFront(text);
  while (text.starts_with("template")) {
    int depth = 0;
    size_t at = text.find('<');
    for (; at < text.size(); ++at) {
      depth += text[at] == '<' ? 1 : text[at] == '>' ? -1 : 0;
      if (depth == 0) break;
    }
    text = TrimFront(at < text.size() ? text.substr(at + 1) : "");
  }
  return text;
}

// Whether an equals sign outside parentheses makes this a definition of a value.
bool HasAssignment(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == '=' && depth == 0) return true;
  }
  return false;
}

// Whether what stands before a brace is the head of a function.
bool IsFunctionHead(std::string_view head) {
  head = WithoutTemplates(head);
  const std::string_view first = head.substr(0, head.find_first_of(" (\n"));
  for (std::string_view scope : {"namespace", "class", "struct", "union", "enum"}) {
    if (first == scope) return false;
  }
  if (head.find('(') == std::string_view::npos) return false;
  if (head.find("operator") != std::string_view::npos) return true;
  return !HasAssignment(head) || head.find("](") != std::string_view::npos;
}

// Counts braces over the code of one file and measures what lies between those of functions.
class FunctionMeter {
 public:
  explicit FunctionMeter(const SourceFile& file) : file_(file) {}

  Violations Run() {
    bool continued = false;
    for (line_ = 1; line_ <= file_.code.size(); ++line_) {
      const std::string& code = file_.code[line_ - 1];
      const bool directive = continued || TrimFront(code).starts_with('#');
      continued = directive && code.ends_with('\\');
      if (directive) continue;
      for (char c : code) Take(c);
      Take('\n');
    }
    if (closed_) EndFunction();
    if (depth_ != 0 || parentheses_ != 0) {
      found_.push_back({file_.path, 0, "its braces do not pair, so its functions have no length"});
    }
    return found_;
  }

 private:
  void Take(char c) {
    if (IsSpace(c)) {
      head_ += c;
    } else if (body_depth_ > 0) {
      TakeInBody(c);
    } else if (closed_ && (c == ',' || c == '{')) {
      closed_ = false;  // it was the braces of a member's initial value: the function goes on
      if (c == '{') OpenBody();
    } else {
      if (closed_) EndFunction();
      TakeOutside(c);
    }
  }

  void TakeInBody(char c) {
    if (c == '{') ++depth_, ++body_depth_;
    if (c != '}') return;
    --depth_, --body_depth_;
    if (body_depth_ == 0) closed_ = true, last_line_ = line_;
  }

  void TakeOutside(char c) {
    if (c == '(') ++parentheses_;
    if (c == ')') --parentheses_;
    const bool plain = parentheses_ == 0;  // else braces and semicolons belong to an argument
    if (plain && c == '{' && (in_head_of_function_ || IsFunctionHead(head_))) return OpenBody();
    if (plain && (c == '{' || c == '}')) depth_ += c == '{' ? 1 : -1;
    if (plain && (c == '{' || c == '}' || c == ';' || EndsAccess(c))) {
      head_.clear();
      in_head_of_function_ = false;
      return;
    }
    if (TrimFront(head_).empty()) first_line_ = line_;
    head_ += c;
  }

  // The colon of `public:` begins a new declaration.
  bool EndsAccess(char c) const {
    const std::string_view head = TrimFront(head_);
    return c == ':' && (head == "public" || head == "private" || head == "protected");
  }

  void OpenBody() {
    in_head_of_function_ = true;
    ++depth_, ++body_depth_;
  }

  void EndFunction() {
    const bool kernel = head_.find("__global__") != std::string::npos;
    const size_t limit = kernel ? kLongestKernel : kLongestFunction;
    const size_t length = last_line_ - first_line_ + 1;
    if (length > limit) {
      found_.push_back({file_.path, first_line_,
                        fmt::format("a function of {} lines, the longest may be {}: {}", length,
                                    limit, file_.lines[first_line_ - 1])});
    }
    closed_ = in_head_of_function_ = false;
    head_.clear();
  }

  const SourceFile& file_;
  Violations found_;
  size_t line_ = 0, first_line_ = 0, last_line_ = 0;
  int depth_ = 0, body_depth_ = 0, parentheses_ = 0;
  bool closed_ = false;               // the braces of a function's body were closed just now
  bool in_head_of_function_ = false;  // a brace opened behind what `head_` holds
  std::string head_;                  // what was read since the last declaration ended
};

}  // namespace

Violations LongFiles(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!IsMeasured(file) || file.lines.size() <= kLongestFile) continue;
    found.push_back({file.path, 0,
                     fmt::format("a file of {} lines, the longest may be {}", file.lines.size(),
                                 kLongestFile)});
  }
  return found;
}

Violations LongLines(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!IsMeasured(file)) continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const size_t columns = Columns(file.lines[i]);
      if (columns <= kLongestLine) continue;
      found.push_back(
          {file.path, i + 1, fmt::format("a line of {} columns: {}", columns, file.lines[i])});
    }
  }
  return found;
}

Violations LongFunctions(const Tree& tree) {
  Violations found;
  for (const SourceFile& file : tree) {
    if (!file.IsCpp()) continue;
    const Violations in_file = FunctionMeter(file).Run();
    found.insert(found.end(), in_file.begin(), in_file.end());
  }
  return found;
}

}  // namespace upcycle::style
