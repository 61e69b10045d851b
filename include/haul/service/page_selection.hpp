#ifndef HAUL_SERVICE_PAGE_SELECTION_HPP
#define HAUL_SERVICE_PAGE_SELECTION_HPP

#include <haul/config.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace haul::service {

/// The pages, counted from 1, that a SelectPage such as `1,3-5,LAST` names of so many; in order,
/// each once. An empty one and `ALL` name all; `LAST`, `LATEST` and `NEW` the last, also as the end
/// of a range. Pages past the last one are passed over. Nothing for a text that is no selection.
HAUL_DECL std::optional<std::vector<std::size_t>> select_pages(std::string_view text,
                                                               std::size_t pages);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/page_selection.ipp>
#endif

#endif
