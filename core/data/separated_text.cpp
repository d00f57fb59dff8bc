#include "core/data/separated_text.h"

#include "core/utf8_file.h"

namespace upcycle {

void SeparatedText::Visit(const fs::path& path, std::string_view text,
                          const Corpus::Visitor& visit) const {
  RequireUtf8(path, text);
  size_t document = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = text.find('\n', begin);
    const size_t end = newline == text.npos ? text.size() : newline;
    const size_t next = newline == text.npos ? text.size() : newline + 1;
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line == separator_) {
      if (begin > document) visit(text.substr(document, begin - document));
      document = next;
    }
    begin = next;
  }
  if (document < text.size()) visit(text.substr(document));
}

}  // namespace upcycle
