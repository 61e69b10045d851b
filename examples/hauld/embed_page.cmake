# cmake -DOUT=FILE.cpp -DFOLDER=DIR -P embed_page.cmake
#
# Writes the files of the page as a C++ source. As numbers: no text of theirs can end a literal.
set(arrays "")
set(rows "")
function(embed file type path)
  string(MAKE_C_IDENTIFIER "${file}" name)
  file(READ "${FOLDER}/${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  set(arrays "${arrays}constexpr unsigned char ${name}[] = {${bytes}};\n" PARENT_SCOPE)
  set(row "      {\"${path}\", \"${type}; charset=utf-8\",")
  string(APPEND row " {reinterpret_cast<const char*>(${name}), sizeof ${name}}},\n")
  set(rows "${rows}${row}" PARENT_SCOPE)
endfunction()
embed(index.html text/html /ui/)
embed(page.css text/css /ui/page.css)
embed(page.js text/javascript /ui/page.js)

file(WRITE "${OUT}" "// Made by examples/hauld/embed_page.cmake.
#include \"hauld/page.hpp\"

namespace hauld {
namespace {
${arrays}
}  // namespace

std::vector<page_file> page_files() {
  return {
${rows}  };
}

}  // namespace hauld
")
