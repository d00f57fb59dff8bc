#include "tools/serve/page.h"

#include "core/check.h"

namespace upcycle {
namespace {

void Replace(std::string_view mark, std::string_view text, std::string* page) {
  const size_t place = page->find(mark);
  UPCYCLE_CHECK(place != std::string::npos);
  page->replace(place, mark.size(), text);
}

}  // namespace

std::string LivePage(std::string_view nonce) {
  const std::string open = " nonce=\"" + std::string(nonce) + "\">";
  std::string page(LiveHtml().text);
  Replace("<!-- style -->", "<style" + open + std::string(LiveStyle().text) + "</style>", &page);
  Replace("<!-- script -->", "<script" + open + std::string(LiveScript().text) + "</script>",
          &page);
  return page;
}

}  // namespace upcycle
