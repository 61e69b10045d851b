#ifndef HAUL_DETAIL_FAILURE_HPP
#define HAUL_DETAIL_FAILURE_HPP

#include <haul/detail/asio_compat.hpp>

#include <haul/download_result.hpp>
#include <haul/error.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace haul::detail {

/// What the steps of a download throw to each other: an error and its circumstances. It never
/// leaves `run()`.
class failure : public std::exception {
 public:
  failure(std::error_code ec, operation doing, std::string about = {})
      : error(to_system(ec)), what_for(doing), detail(std::move(about)) {}

  const char* what() const noexcept override { return "haul::detail::failure"; }

  std::error_code error;
  operation what_for;
  std::string detail;
  int http_status = 0;
  std::optional<std::chrono::seconds> retry_after;
};

}  // namespace haul::detail

#endif
