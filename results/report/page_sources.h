// What lies beside this file as page.css and page.js, as it was when the program was built.
#pragma once

#include <string_view>

namespace upcycle {

struct PageSource {
  std::string_view text;
  std::string_view sha256;  // of the text, in 64 hexadecimal digits
};

PageSource ReportStyle();
PageSource ReportScript();

}  // namespace upcycle
