#include "core/tokenizers/pattern.h"

#include "core/error.h"

namespace upcycle {

Pattern::Pattern(const JsonNode& node) {
  if (const auto literal = node.Find("String")) {
    text_ = literal->String();
    if (text_.empty()) regex_ = Regex::FromOniguruma("");  // matches between any two characters
    return;
  }
  const JsonNode regex = node["Regex"];
  text_ = regex.String();
  try {
    regex_ = Regex::FromOniguruma(text_);
  } catch (const Error& error) {
    if (error.cause() != Cause::kInput) throw;
    regex.Refuse(std::string("is not supported: ") + error.what());
  }
}

Pattern::Pattern(std::string_view oniguruma)
    : text_(oniguruma), regex_(Regex::FromOniguruma(oniguruma)) {}

void Pattern::Visit(std::string_view text, FunctionRef<void(size_t, size_t)> take) const {
  if (text.empty()) return;  // not even of a pattern that matches nothing
  if (regex_) {
    RegexSearch search(*regex_, text);
    while (search.Next()) take(search.begin(), search.end());
    return;
  }
  for (size_t at = text.find(text_); at != std::string_view::npos;
       at = text.find(text_, at + text_.size())) {
    take(at, at + text_.size());
  }
}

Replacement::Replacement(const JsonNode& node)
    : pattern_(node["pattern"]), content_(node["content"].String()) {
  const bool refers = node["pattern"].Find("Regex") && content_.find('$') != std::string::npos;
  if (refers) node["content"].RefuseFeature("a $ that may refer to a part of a match");
}

std::string Replacement::In(std::string_view text) const {
  std::string replaced;
  replaced.reserve(text.size() + text.size() / 2);
  size_t taken = 0;
  pattern_.Visit(text, [&](size_t begin, size_t end) {
    replaced.append(text.substr(taken, begin - taken));
    replaced += content_;
    taken = end;
  });
  replaced.append(text.substr(taken));
  return replaced;
}

}  // namespace upcycle
