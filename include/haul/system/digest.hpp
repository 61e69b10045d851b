#ifndef HAUL_SYSTEM_DIGEST_HPP
#define HAUL_SYSTEM_DIGEST_HPP

#include <haul/config.hpp>

#include <haul/checksum.hpp>

#include <openssl/evp.h>

#include <cstddef>
#include <memory>

namespace haul::system {

/// Computes the digest of bytes that come one after another.
class digest {
 public:
  explicit digest(hash_algorithm algorithm) : context_(EVP_MD_CTX_new()), algorithm_(algorithm) {
    EVP_DigestInit_ex(context_.get(), method(algorithm), nullptr);
  }

  hash_algorithm algorithm() const noexcept { return algorithm_; }
  void update(const void* data, std::size_t n) { EVP_DigestUpdate(context_.get(), data, n); }

  /// The digest of all bytes so far. Nothing may be added afterwards.
  checksum finish() {
    checksum::bytes out{};
    EVP_DigestFinal_ex(context_.get(), out.data(), nullptr);
    return checksum{algorithm_, out};
  }

 private:
  struct free_context {
    void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
  };

  static const EVP_MD* method(hash_algorithm a) noexcept {
    switch (a) {
      case hash_algorithm::md5:
        return EVP_md5();
      case hash_algorithm::sha1:
        return EVP_sha1();
      case hash_algorithm::sha256:
        return EVP_sha256();
      case hash_algorithm::sha512:
        return EVP_sha512();
    }
    return nullptr;
  }

  std::unique_ptr<EVP_MD_CTX, free_context> context_;
  hash_algorithm algorithm_;
};

}  // namespace haul::system

#endif
