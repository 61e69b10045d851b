#ifndef HAUL_SERVICE_BBDOWN_ROUTES_HPP
#define HAUL_SERVICE_BBDOWN_ROUTES_HPP

#include <haul/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace haul::service {

enum class bbdown_action : std::uint8_t {
  none,  ///< not a path of the dialect: 404
  list,
  list_running,
  list_finished,
  show,
  add,
  remove_finished,
  remove_failed,
  remove,
  cancel,  ///< extended mode only, as are the next two
  pause,
  resume,
};

struct bbdown_route {
  bbdown_action action = bbdown_action::none;
  bool allowed = false;    ///< whether it can be had by this method; else 405
  std::string_view allow;  ///< the method that it can be had by
  std::string id;          ///< decoded
};

/// What a method and a path, still percent-encoded and without its query, ask for. The words of the
/// path count in any case, and one slash may follow; `%2F` in an id stays as it is. Methods count
/// in theirs.
HAUL_DECL bbdown_route find_bbdown_route(std::string_view method, std::string_view path,
                                         bool extended);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/bbdown_routes.ipp>
#endif

#endif
