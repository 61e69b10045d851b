#ifndef HAUL_IMPL_DOWNLOAD_RESULT_IPP
#define HAUL_IMPL_DOWNLOAD_RESULT_IPP

#include <haul/download_result.hpp>

namespace haul {

HAUL_DECL std::string download_result::message() const {
  if (!error) return "complete";
  std::string text{name_of(doing)};
  text += ": ";
  text += error.message();
  if (!detail.empty()) {
    text += " (";
    text += detail;
    text += ')';
  }
  return text;
}

}  // namespace haul

#endif
