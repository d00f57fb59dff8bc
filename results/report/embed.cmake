# Writes OUTPUT, C++ that defines the functions of results/report/page_sources.h.
#
#   cmake -D OUTPUT=… -D STYLE=page.css -D SCRIPT=page.js -P embed.cmake
set(definitions "")
function(embed function file)
  file(READ "${file}" bytes HEX)
  file(SHA256 "${file}" hash)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  # Lines that an editor can open.
  string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
  set(definitions "${definitions}
PageSource ${function}() {
  static constexpr unsigned char kBytes[] = {\n${bytes}};
  return {{reinterpret_cast<const char*>(kBytes), sizeof(kBytes)},
          \"${hash}\"};
}
" PARENT_SCOPE)
endfunction()
embed(ReportStyle "${STYLE}")
embed(ReportScript "${SCRIPT}")
file(WRITE "${OUTPUT}" "#include \"results/report/page_sources.h\"

namespace upcycle {
${definitions}
}  // namespace upcycle
")
