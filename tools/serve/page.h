// The page of the live server, whole: no other file belongs to it.
#pragma once

#include <string>
#include <string_view>

#include "core/embedded_text.h"

namespace upcycle {

// The sources in tools/serve/page/, which the build puts into the program.
EmbeddedText LiveHtml();
EmbeddedText LiveStyle();
EmbeddedText LiveScript();

// With style and script in it, both marked with `nonce`.
std::string LivePage(std::string_view nonce);

}  // namespace upcycle
