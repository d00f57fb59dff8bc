#pragma once

#include <string>
#include <string_view>

namespace upcycle {

// As XML and HTML have it between tags and in attributes, on one line: escaped, and with U+FFFD
// for what XML does not allow, for other controls, for what is no UTF-8, and for marks that turn
// the direction of the text around them.
std::string XmlText(std::string_view text);

}  // namespace upcycle
