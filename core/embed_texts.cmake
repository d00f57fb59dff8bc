# Puts texts into a target, as functions that a header of its own declares:
#
#   upcycle_embed_texts(TARGET HEADER "results/report/page_sources.h"
#                       TEXTS ReportStyle=page.css "ReportScript=text.js,page.js")
#
# Each text is NAME=FILE or NAME=FILE,FILE: `EmbeddedText NAME();` in namespace upcycle gives the
# files, one behind the other. Paths are relative to the folder of the caller. The build runs this
# same file as a script: OUTPUT is the C++ that it writes then, TEXTS what is listed above.
function(upcycle_embed_texts target)
  cmake_parse_arguments(PARSE_ARGV 1 E "" "HEADER" "TEXTS")
  set(texts "")
  set(sources "")
  foreach(text IN LISTS E_TEXTS)
    string(REGEX MATCH "^([^=]+)=(.+)$" matched "${text}")
    string(REPLACE "," ";" files "${CMAKE_MATCH_2}")
    list(TRANSFORM files PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    list(APPEND sources ${files})
    string(REPLACE ";" "," files "${files}")
    list(APPEND texts "${CMAKE_MATCH_1}=${files}")
  endforeach()
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${target}_texts.cpp")
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D OUTPUT=${output} -D HEADER=${E_HEADER} -D "TEXTS=${texts}"
            -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${sources} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding the texts of ${target}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE)
  return()
endif()

set(definitions "")
foreach(text IN LISTS TEXTS)
  string(REGEX MATCH "^([^=]+)=(.+)$" matched "${text}")
  set(name "${CMAKE_MATCH_1}")
  string(REPLACE "," ";" files "${CMAKE_MATCH_2}")
  set(whole "")
  foreach(file IN LISTS files)
    file(READ "${file}" part)
    string(APPEND whole "${part}")
  endforeach()
  string(SHA256 hash "${whole}")
  string(HEX "${whole}" bytes)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  # Lines that an editor can open.
  string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
  string(APPEND definitions "
EmbeddedText ${name}() {
  static constexpr unsigned char kBytes[] = {\n${bytes}};
  return {{reinterpret_cast<const char*>(kBytes), sizeof(kBytes)},
          \"${hash}\"};
}
")
endforeach()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace upcycle {
${definitions}
}  // namespace upcycle
")
