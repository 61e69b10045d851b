#ifndef HAUL_IMPL_ERROR_IPP
#define HAUL_IMPL_ERROR_IPP

#include <haul/error.hpp>

namespace haul {
namespace detail {

inline const char* message_of(errc e) noexcept {
  switch (e) {
    case errc::invalid_url:
      return "not an absolute http or https URL";
    case errc::unsupported_scheme:
      return "the URL's scheme is not http or https";
    case errc::invalid_argument:
      return "an option has a value that cannot be used";
    case errc::target_exists:
      return "the target file exists and overwriting was not asked for";
    case errc::invalid_target:
      return "the target cannot be a file";
    case errc::duplicate_target:
      return "another download is writing the same target";
    case errc::part_locked:
      return "another process is working on this download";
    case errc::stopped:
      return "stopped";
    case errc::sink_failed:
      return "the event sink threw an exception";
    case errc::host_not_found:
      return "no such host";
    case errc::resolve_failed:
      return "the name service failed";
    case errc::resolve_timeout:
      return "the name was not resolved in time";
    case errc::connect_timeout:
      return "no connection in time";
    case errc::handshake_timeout:
      return "the handshake was not finished in time";
    case errc::tls_failed:
      return "the TLS connection failed";
    case errc::certificate_expired:
      return "the certificate has expired or is not yet valid";
    case errc::certificate_untrusted:
      return "the certificate is self-signed or its authority is not trusted";
    case errc::certificate_mismatch:
      return "the certificate is for another host name";
    case errc::certificate_invalid:
      return "the certificate is not valid";
    case errc::proxy_unsupported:
      return "the proxy's scheme is not http, socks5 or socks5h";
    case errc::proxy_refused:
      return "the proxy refused to connect to the host";
    case errc::proxy_unauthorized:
      return "the proxy asks for other credentials";
    case errc::proxy_malformed:
      return "the proxy's answer breaks its protocol";
    case errc::head_timeout:
      return "no reply in time";
    case errc::malformed_head:
      return "the reply is not valid HTTP/1.1";
    case errc::head_too_large:
      return "the reply head is too large";
    case errc::too_many_fields:
      return "the reply head has too many fields";
    case errc::unsupported_version:
      return "the reply is not HTTP/1.x";
    case errc::bad_content_length:
      return "the reply's Content-Length is not valid";
    case errc::bad_framing:
      return "the reply's framing is ambiguous or not understood";
    case errc::malformed_chunk:
      return "a chunk of the reply is not valid";
    case errc::unexpected_encoding:
      return "the reply is in an encoding that was not asked for";
    case errc::connection_closed:
      return "the connection ended before the reply did";
    case errc::stalled:
      return "no byte came for too long";
    case errc::too_slow:
      return "the transfer stayed below the speed floor";
    case errc::unauthorized:
      return "the server asks for other credentials (401)";
    case errc::forbidden:
      return "the server forbids it (403)";
    case errc::not_found:
      return "the server has no such file (404)";
    case errc::gone:
      return "the file is gone from the server (410)";
    case errc::request_refused:
      return "the server refused the request";
    case errc::too_many_requests:
      return "the server asks for fewer requests (429)";
    case errc::server_error:
      return "the server failed";
    case errc::unexpected_status:
      return "the server answered with an unexpected status";
    case errc::too_many_redirects:
      return "too many redirects";
    case errc::bad_redirect:
      return "a redirect without a usable location";
    case errc::insecure_redirect:
      return "a redirect from https to http";
    case errc::bad_content_range:
      return "the reply is for another range than the one asked for";
    case errc::range_ignored:
      return "the server ignored the range asked for";
    case errc::content_changed:
      return "the file on the server has changed";
    case errc::size_mismatch:
      return "the file does not have the expected size";
    case errc::checksum_mismatch:
      return "the file does not match the expected checksum";
    case errc::journal_corrupt:
      return "the journal of the earlier download is damaged";
    case errc::journal_foreign:
      return "the journal belongs to another download";
    case errc::cancelled:
      return "cancelled";
    case errc::batch_too_large:
      return "more files than a batch may have";
    case errc::no_such_batch:
      return "no such batch or file";
    case errc::store_damaged:
      return "the database is damaged";
    case errc::store_failed:
      return "the database could not be written";
    case errc::store_too_new:
      return "the database is of a newer version of haul";
    case errc::malformed_metalink:
      return "the Metalink cannot be read";
  }
  return "unknown haul error";
}

inline bool is_retryable(const std::error_code& ec) noexcept {
  if (ec.category() == category()) {
    switch (static_cast<errc>(ec.value())) {
      case errc::resolve_failed:
      case errc::resolve_timeout:
      case errc::connect_timeout:
      case errc::handshake_timeout:
      case errc::tls_failed:
      case errc::head_timeout:
      case errc::connection_closed:
      case errc::stalled:
      case errc::too_slow:
      case errc::too_many_requests:
      case errc::server_error:
      case errc::malformed_head:
      case errc::malformed_chunk:
      case errc::bad_content_range:
      case errc::range_ignored:
      case errc::content_changed:
        return true;
      default:
        return false;
    }
  }
  return ec == std::errc::connection_reset || ec == std::errc::connection_refused ||
         ec == std::errc::connection_aborted || ec == std::errc::broken_pipe ||
         ec == std::errc::timed_out || ec == std::errc::host_unreachable ||
         ec == std::errc::network_unreachable || ec == std::errc::network_down ||
         ec == std::errc::network_reset || ec == std::errc::not_connected;
}

class haul_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "haul"; }
  std::string message(int value) const override { return message_of(static_cast<errc>(value)); }
};

class haul_condition_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "haul.condition"; }

  std::string message(int value) const override {
    switch (static_cast<condition>(value)) {
      case condition::retryable:
        return "may heal by itself";
      case condition::stopped:
        return "stopped by the program";
      case condition::refused:
        return "refused by the server";
      case condition::untrusted:
        return "not to be trusted";
      case condition::bad_request:
        return "the request must be changed";
      case condition::local:
        return "a local resource failed";
    }
    return "unknown haul condition";
  }

  bool equivalent(const std::error_code& ec, int value) const noexcept override {
    return classify(ec) == value;
  }

 private:
  static int classify(const std::error_code& ec) noexcept {
    if (!ec) return 0;
    if (is_retryable(ec)) return static_cast<int>(condition::retryable);
    if (ec.category() != category()) {
      // The errors of an optional part say themselves where they belong.
      const std::error_condition own = ec.default_error_condition();
      if (own.category() == condition_category()) return own.value();
      return ec == std::errc::operation_canceled ? static_cast<int>(condition::stopped)
                                                 : static_cast<int>(condition::local);
    }
    switch (static_cast<errc>(ec.value())) {
      case errc::stopped:
      case errc::cancelled:
        return static_cast<int>(condition::stopped);
      case errc::invalid_url:
      case errc::unsupported_scheme:
      case errc::invalid_argument:
      case errc::malformed_metalink:
      case errc::target_exists:
      case errc::invalid_target:
      case errc::duplicate_target:
      case errc::part_locked:
      case errc::host_not_found:
      case errc::batch_too_large:
      case errc::no_such_batch:
      case errc::proxy_unsupported:
        return static_cast<int>(condition::bad_request);
      case errc::certificate_expired:
      case errc::certificate_untrusted:
      case errc::certificate_mismatch:
      case errc::certificate_invalid:
      case errc::insecure_redirect:
      case errc::size_mismatch:
      case errc::checksum_mismatch:
        return static_cast<int>(condition::untrusted);
      case errc::sink_failed:
      case errc::journal_corrupt:
      case errc::journal_foreign:
      case errc::store_damaged:
      case errc::store_failed:
      case errc::store_too_new:
        return static_cast<int>(condition::local);
      default:
        return static_cast<int>(condition::refused);
    }
  }
};

}  // namespace detail

HAUL_DECL const std::error_category& category() noexcept {
  static const detail::haul_category instance;
  return instance;
}

HAUL_DECL const std::error_category& condition_category() noexcept {
  static const detail::haul_condition_category instance;
  return instance;
}

}  // namespace haul

#endif
