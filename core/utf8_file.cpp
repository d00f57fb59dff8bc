#include "core/utf8_file.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "core/error.h"
#include "core/utf8.h"

namespace upcycle {

void RequireUtf8(const fs::path& path, std::string_view text) {
  const size_t valid = ValidUtf8Prefix(text);
  if (valid == text.size()) return;
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(valid), '\n');
  throw Error(Cause::kInput,
              fmt::format("{}:{}: not UTF-8 (byte {} of the file is 0x{:02X}); convert it, as with "
                          "iconv -f latin1 -t utf-8",
                          path.native(), line, valid, static_cast<unsigned char>(text[valid])));
}

}  // namespace upcycle
