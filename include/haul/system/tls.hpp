#ifndef HAUL_SYSTEM_TLS_HPP
#define HAUL_SYSTEM_TLS_HPP

#include <haul/config.hpp>

#include <haul/error.hpp>
#include <haul/system/windows_trust.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

namespace haul::system {

/// What the TLS connections of a session share: the trust anchors and the sessions to resume.
///
/// TLS 1.2 and 1.3; the host's name is always verified.
///
/// @par Thread Safety
/// Safe once constructed.
class tls_context {
 public:
  struct free_ssl {
    void operator()(SSL* s) const noexcept {
      // Else OpenSSL takes this for a connection that broke, and never resumes its session.
      SSL_set_shutdown(s, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
      SSL_free(s);
    }
  };
  using ssl_ptr = std::unique_ptr<SSL, free_ssl>;

  /// @param ca_file  A file of certificates in PEM to trust in place of the system's; empty for the
  ///                 system's.
  ///
  /// Nothing is made before the first connection: it costs more than the download of many a file,
  /// and plain HTTP has no use for it.
  explicit tls_context(std::string ca_file)
      : shared_(std::make_unique<shared>()), ca_file_(std::move(ca_file)) {}

  /// Why no connection can be made with this context, if so.
  const std::error_code& error() {
    std::call_once(shared_->made, [this] { make_context(); });
    return error_;
  }
  const std::string& detail() const noexcept { return detail_; }

  /// A client's side of a connection to `host`, ready to shake hands; `error()` is none.
  ///
  /// @param key  Names the sessions that may be resumed; must live as long as the connection.
  ssl_ptr make(const std::string& host, const std::string* key) {
    if (error()) return ssl_ptr{};
    ssl_ptr ssl{SSL_new(context_.get())};
    if (!ssl) return ssl;
    SSL_set_connect_state(ssl.get());
    X509_VERIFY_PARAM* verify = SSL_get0_param(ssl.get());
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) != 1) {
      SSL_set_tlsext_host_name(ssl.get(), host.c_str());
      if (SSL_set1_host(ssl.get(), host.c_str()) != 1) return ssl_ptr{};
    }
    SSL_set_app_data(ssl.get(), const_cast<std::string*>(key));
    shared_->resume(*key, ssl.get());
    return ssl;
  }

 private:
  static constexpr std::size_t read_buffer = 128 * 1024;

  void make_context() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* c = context_.get();
    if (!c) {
      error_ = errc::tls_failed;
      return;
    }
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Many records for one system call.
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_default_read_buffer_len(c, read_buffer);
    static constexpr unsigned char alpn[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(c, alpn, sizeof alpn - 1);
    if (ca_file_.empty()) {
#ifdef _WIN32
      detail::trust_as_windows_does(c);
#else
      SSL_CTX_set_default_verify_paths(c);
#endif
    } else if (SSL_CTX_load_verify_locations(c, ca_file_.c_str(), nullptr) != 1) {
      error_ = errc::certificate_untrusted;
      detail_ = "no certificates can be read from " + ca_file_;
    }
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(c, shared_.get());
    SSL_CTX_sess_set_new_cb(c, [](SSL* ssl, SSL_SESSION* session) {
      auto* s = static_cast<shared*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      const auto* key = static_cast<const std::string*>(SSL_get_app_data(ssl));
      if (!s || !key) return 0;
      s->put(*key, session);
      return 1;  // the reference is ours now
    });
  }

  struct shared {
    struct free_session {
      void operator()(SSL_SESSION* s) const noexcept { SSL_SESSION_free(s); }
    };
    using session_ptr = std::unique_ptr<SSL_SESSION, free_session>;

    static constexpr std::size_t most_for_each = 8;
    static constexpr std::size_t most_keys = 256;

    void put(const std::string& key, SSL_SESSION* session) {
      const std::lock_guard lock{mutex};
      if (sessions.size() >= most_keys && !sessions.contains(key)) sessions.clear();
      auto& list = sessions[key];
      list.push_back(session_ptr{session});
      if (list.size() > most_for_each) list.pop_front();
    }

    void resume(const std::string& key, SSL* ssl) {
      const std::lock_guard lock{mutex};
      const auto at = sessions.find(key);
      if (at == sessions.end() || at->second.empty()) return;
      SSL_SESSION* newest = at->second.back().get();
      SSL_set_session(ssl, newest);
      // A ticket of TLS 1.3 is used once (RFC 8446, C.4), unless it is the last one left.
      if (SSL_SESSION_get_protocol_version(newest) >= TLS1_3_VERSION && at->second.size() > 1) {
        at->second.pop_back();
      }
    }

    std::once_flag made;
    std::mutex mutex;
    std::map<std::string, std::list<session_ptr>> sessions;
  };

  struct free_context {
    void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  };

  std::unique_ptr<shared> shared_;
  std::unique_ptr<SSL_CTX, free_context> context_;
  std::string ca_file_;
  std::error_code error_;
  std::string detail_;
};

}  // namespace haul::system

#endif
