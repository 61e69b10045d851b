#include "test_ca.hpp"

#include "temp_dir.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <mutex>
#include <stdexcept>

namespace haul::test {
namespace {

template <auto Free>
struct freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freer<X509_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freer<X509_EXTENSION_free>>;
using bignum_ptr = std::unique_ptr<BIGNUM, freer<BN_free>>;
using file_ptr = std::unique_ptr<std::FILE, freer<std::fclose>>;

void need(bool ok, const char* what) {
  if (ok) return;
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  throw std::runtime_error(std::string(what) + ": " + text.data());
}

key_ptr make_key() {
  key_ptr key(EVP_EC_gen("P-256"));
  need(key != nullptr, "EVP_EC_gen");
  return key;
}

void set_serial(X509* certificate) {
  // Random, as clients refuse two certificates of one authority with the same number.
  const bignum_ptr serial(BN_new());
  need(BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1, "BN_rand");
  need(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr, "serial");
}

void set_name(X509* certificate, const std::string& name) {
  need(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0) == 1,
       "common name");
}

void set_times(X509* certificate, std::chrono::seconds from, std::chrono::seconds until) {
  const auto number = [](std::chrono::seconds s) { return static_cast<long>(s.count()); };
  need(X509_gmtime_adj(X509_getm_notBefore(certificate), number(from)) != nullptr, "notBefore");
  need(X509_gmtime_adj(X509_getm_notAfter(certificate), number(until)) != nullptr, "notAfter");
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const extension_ptr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  need(extension != nullptr, "extension");
  need(X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

bool is_address(const std::string& name) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(name.c_str());
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  return address != nullptr;
}

file_ptr open_to_write(const std::filesystem::path& path) {
  file_ptr file(std::fopen(path.string().c_str(), "w"));
  if (!file) throw std::runtime_error("cannot write " + path.string());
  return file;
}

void write_certificate(const std::filesystem::path& path, X509* certificate) {
  const file_ptr file = open_to_write(path);
  need(PEM_write_X509(file.get(), certificate) == 1, "PEM_write_X509");
}

void write_key(const std::filesystem::path& path, EVP_PKEY* key) {
  const file_ptr file = open_to_write(path);
  need(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
       "PEM_write_PrivateKey");
}

}  // namespace

struct test_ca::impl {
  temp_dir dir;
  std::filesystem::path file;
  key_ptr key;
  certificate_ptr certificate;
  std::mutex mutex;
  int issued = 0;
};

test_ca::test_ca(std::string name) : impl_(std::make_unique<impl>()) {
  impl_->key = make_key();
  impl_->certificate.reset(X509_new());
  X509* c = impl_->certificate.get();
  need(c != nullptr && X509_set_version(c, X509_VERSION_3) == 1, "X509_new");
  set_serial(c);
  set_name(c, name);
  need(X509_set_issuer_name(c, X509_get_subject_name(c)) == 1, "issuer");
  set_times(c, std::chrono::hours(-24 * 400), std::chrono::hours(24 * 400));
  need(X509_set_pubkey(c, impl_->key.get()) == 1, "public key");
  add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(c, c, NID_subject_key_identifier, "hash");
  need(X509_sign(c, impl_->key.get(), EVP_sha256()) > 0, "X509_sign");
  impl_->file = impl_->dir / "authority.pem";
  write_certificate(impl_->file, c);
}

test_ca::~test_ca() = default;

const std::filesystem::path& test_ca::file() const { return impl_->file; }

leaf_files test_ca::issue(const leaf_options& options) {
  if (options.names.empty()) throw std::invalid_argument("a certificate is for some name");
  const std::lock_guard lock(impl_->mutex);
  const key_ptr key = make_key();
  const certificate_ptr made(X509_new());
  X509* c = made.get();
  need(c != nullptr && X509_set_version(c, X509_VERSION_3) == 1, "X509_new");
  X509* issuer = options.self_signed ? c : impl_->certificate.get();
  EVP_PKEY* issuer_key = options.self_signed ? key.get() : impl_->key.get();
  set_serial(c);
  set_name(c, options.names.front());
  need(X509_set_issuer_name(c, X509_get_subject_name(issuer)) == 1, "issuer");
  set_times(c, options.not_before, options.not_after);
  need(X509_set_pubkey(c, key.get()) == 1, "public key");
  std::string names;
  for (const std::string& name : options.names) {
    names += (names.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  add_extension(c, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(c, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(c, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(c, issuer, NID_subject_key_identifier, "hash");
  add_extension(c, issuer, NID_subject_alt_name, names);
  if (!options.self_signed) add_extension(c, issuer, NID_authority_key_identifier, "keyid");
  need(X509_sign(c, issuer_key, EVP_sha256()) > 0, "X509_sign");

  const std::string stem = "leaf" + std::to_string(++impl_->issued);
  leaf_files files;
  files.certificate = impl_->dir / (stem + ".pem");
  files.key = impl_->dir / (stem + ".key");
  write_certificate(files.certificate, c);
  write_key(files.key, key.get());
  return files;
}

leaf_files test_ca::expired() {
  leaf_options options;
  options.not_before = std::chrono::hours(-48);
  options.not_after = std::chrono::hours(-1);
  return issue(options);
}

leaf_files test_ca::not_yet_valid() {
  leaf_options options;
  options.not_before = std::chrono::hours(24);
  return issue(options);
}

leaf_files test_ca::self_signed() {
  leaf_options options;
  options.self_signed = true;
  return issue(options);
}

leaf_files test_ca::wrong_name() {
  leaf_options options;
  options.names = {"elsewhere.example"};
  return issue(options);
}

void use_leaf(SSL_CTX* context, const leaf_files& files) {
  need(SSL_CTX_use_certificate_chain_file(context, files.certificate.string().c_str()) == 1,
       "SSL_CTX_use_certificate_chain_file");
  need(SSL_CTX_use_PrivateKey_file(context, files.key.string().c_str(), SSL_FILETYPE_PEM) == 1,
       "SSL_CTX_use_PrivateKey_file");
  need(SSL_CTX_check_private_key(context) == 1, "SSL_CTX_check_private_key");
}

}  // namespace haul::test
