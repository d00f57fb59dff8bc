// What lies beside this file as page.css and page.js, as it was when the program was built.
#pragma once

#include "core/embedded_text.h"

namespace upcycle {

EmbeddedText ReportStyle();
EmbeddedText ReportScript();

}  // namespace upcycle
