# Writes OUTPUT, C++ that defines EmbeddedPage of tools/serve/page.h: the HTML, the style, and the
# scripts one behind the other.
#
#   cmake -D OUTPUT=… -D HTML=… -D STYLE=… -D "SCRIPTS=a.js,b.js" -P embed.cmake
string(REPLACE "," ";" SCRIPTS "${SCRIPTS}")
set(definitions "")
function(embed name)
  set(bytes "")
  foreach(file IN LISTS ARGN)
    file(READ "${file}" hex HEX)
    string(APPEND bytes "${hex}")
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  # Lines that an editor can open.
  string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
  set(definitions "${definitions}constexpr unsigned char ${name}[] = {\n${bytes}};\n" PARENT_SCOPE)
endfunction()
embed(kHtml "${HTML}")
embed(kStyle "${STYLE}")
embed(kScript ${SCRIPTS})
file(WRITE "${OUTPUT}" "#include \"tools/serve/page.h\"

namespace upcycle {
namespace {

${definitions}
template <size_t N>
std::string_view View(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

}  // namespace

PageSources EmbeddedPage() { return {View(kHtml), View(kStyle), View(kScript)}; }

}  // namespace upcycle
")
