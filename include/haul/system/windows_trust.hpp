#ifndef HAUL_SYSTEM_WINDOWS_TRUST_HPP
#define HAUL_SYSTEM_WINDOWS_TRUST_HPP

#ifdef _WIN32

#include <haul/system/windows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>
#include <wincrypt.h>
// Its names for what OpenSSL has types for, which are of no use to anybody since 2000.
#undef X509_NAME
#undef X509_EXTENSIONS
#undef X509_CERT_PAIR
#undef PKCS7_ISSUER_AND_SERIAL
#undef PKCS7_SIGNER_INFO
#undef OCSP_REQUEST
#undef OCSP_RESPONSE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace haul::system::detail {

/// Whether Windows lets this anchor vouch for servers.
inline bool vouches_for_servers(PCCERT_CONTEXT c) {
  DWORD size = 0;
  if (!::CertGetEnhancedKeyUsage(c, 0, nullptr, &size)) {
    return ::GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);  // for everything
  }
  std::vector<std::uint64_t> room(size / 8 + 1);
  auto* usage = reinterpret_cast<CERT_ENHKEY_USAGE*>(room.data());
  ::SetLastError(0);
  if (!::CertGetEnhancedKeyUsage(c, 0, usage, &size)) return false;
  if (usage->cUsageIdentifier == 0) {
    return ::GetLastError() == static_cast<DWORD>(CRYPT_E_NOT_FOUND);
  }
  const auto* const first = usage->rgpszUsageIdentifier;
  return std::any_of(first, first + usage->cUsageIdentifier, [](const char* id) {
    return std::string_view{id} == szOID_PKIX_KP_SERVER_AUTH;
  });
}

/// Trusts what Windows trusts: the certificates of its store of roots. SSL_CERT_FILE and
/// SSL_CERT_DIR in the environment are taken in its place, as OpenSSL has it elsewhere; the folder
/// that OpenSSL was built for is not, as anybody may make one of that name on Windows.
inline void trust_as_windows_does(SSL_CTX* context) {
  const char* const file = std::getenv("SSL_CERT_FILE");
  const char* const folder = std::getenv("SSL_CERT_DIR");
  if ((file && *file) || (folder && *folder)) {
    if (file && *file) SSL_CTX_load_verify_file(context, file);
    if (folder && *folder) SSL_CTX_load_verify_dir(context, folder);
    ERR_clear_error();
    return;
  }
  X509_STORE* const anchors = SSL_CTX_get_cert_store(context);
  const HCERTSTORE roots = ::CertOpenSystemStoreW(0, L"ROOT");
  if (!roots) return;
  PCCERT_CONTEXT c = nullptr;
  while ((c = ::CertEnumCertificatesInStore(roots, c)) != nullptr) {
    if (!vouches_for_servers(c)) continue;
    const unsigned char* bytes = c->pbCertEncoded;
    X509* const anchor = d2i_X509(nullptr, &bytes, static_cast<long>(c->cbCertEncoded));
    if (!anchor) continue;
    X509_STORE_add_cert(anchors, anchor);
    X509_free(anchor);
  }
  ::CertCloseStore(roots, 0);
  ERR_clear_error();  // of those that could not be read, or were there twice
}

}  // namespace haul::system::detail

#endif

#endif
