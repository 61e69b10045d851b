#ifndef HAULD_PAGE_HPP
#define HAULD_PAGE_HPP

#include "server.hpp"

#include <vector>

namespace hauld {

/// The files of examples/hauld/page, as the build has put them into the program.
std::vector<page_file> page_files();

}  // namespace hauld

#endif
