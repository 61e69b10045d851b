#ifndef HAUL_TEST_TEST_CA_HPP
#define HAUL_TEST_TEST_CA_HPP

#include <openssl/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace haul::test {

/// PEM files of a server certificate and its key.
struct leaf_files {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

struct leaf_options {
  /// DNS names and IP addresses for the subjectAltName; the first is the common name too.
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  std::chrono::seconds not_before = std::chrono::hours(-24);  ///< from now
  std::chrono::seconds not_after = std::chrono::hours(24 * 30);
  bool self_signed = false;  ///< not by the authority
};

/// A certificate authority made on the spot, with its files in a temporary folder of its own.
class test_ca {
 public:
  explicit test_ca(std::string name = "haul test authority");
  ~test_ca();
  test_ca(const test_ca&) = delete;
  test_ca& operator=(const test_ca&) = delete;

  /// The certificate to trust.
  const std::filesystem::path& file() const;

  leaf_files issue(const leaf_options& options);

  /// For localhost, 127.0.0.1 and ::1.
  leaf_files valid() { return issue({}); }
  leaf_files expired();
  leaf_files not_yet_valid();
  leaf_files self_signed();
  leaf_files wrong_name();  ///< for elsewhere.example only

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Sets certificate and key of a server's context; throws if they do not fit.
void use_leaf(SSL_CTX* context, const leaf_files& files);

}  // namespace haul::test

#endif
