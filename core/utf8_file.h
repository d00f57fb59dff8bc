// Files of text are UTF-8 wherever one is read.
#pragma once

#include <string_view>

#include "core/files.h"

namespace upcycle {

// Throws Error(kInput) with the line and the byte of what is not UTF-8. `path` is for the message.
void RequireUtf8(const fs::path& path, std::string_view text);

}  // namespace upcycle
