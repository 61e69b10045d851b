#ifndef HAUL_SERVICE_IMPL_BBDOWN_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_IPP

#include <haul/service/bbdown.hpp>
#include <haul/service/bbdown_core.hpp>
#include <haul/service/bbdown_routes.hpp>

#include <utility>

namespace haul::service {

HAUL_DECL bbdown::bbdown(asio::any_io_executor executor, downloads& in, records& kept,
                         bbdown_options options)
    : core_(std::make_shared<bbdown_detail::bbdown_core>(std::move(executor), in, kept,
                                                         std::move(options))) {}

HAUL_DECL bbdown::~bbdown() { core_->stop(); }

HAUL_DECL void bbdown::recover() { core_->recover(); }

HAUL_DECL bool bbdown::knows(std::string_view path) const {
  return find_bbdown_route("GET", path, core_->extended()).action != bbdown_action::none;
}

HAUL_DECL response bbdown::answer(const request& r) { return core_->answer(r); }

HAUL_DECL awaitable<response> bbdown::operator()(request r) { co_return core_->answer(r); }

HAUL_DECL void bbdown::stop() { core_->stop(); }

}  // namespace haul::service

#endif
