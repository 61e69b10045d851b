#ifndef HAUL_IMPL_DOWNLOAD_REQUEST_IPP
#define HAUL_IMPL_DOWNLOAD_REQUEST_IPP

#include <haul/download_request.hpp>

#include <utility>

namespace haul {

HAUL_DECL download_request::download_request(std::string url, const std::filesystem::path& path)
    : url_(std::move(url)), path_(path.native()) {}

HAUL_DECL download_request::download_request(const download_request&) = default;
HAUL_DECL download_request::download_request(download_request&&) noexcept = default;
HAUL_DECL download_request& download_request::operator=(const download_request&) = default;
HAUL_DECL download_request& download_request::operator=(download_request&&) noexcept = default;
HAUL_DECL download_request::~download_request() = default;

HAUL_DECL download_request& download_request::mirror(std::string url) & {
  mirrors_.push_back(std::move(url));
  return *this;
}

HAUL_DECL download_request& download_request::header(std::string name, std::string value) & {
  headers_.push_back(field{std::move(name), std::move(value)});
  return *this;
}

HAUL_DECL download_request& download_request::credentials(std::string user,
                                                          std::string password) & {
  user_ = std::move(user);
  password_ = std::move(password);
  has_credentials_ = true;
  return *this;
}

HAUL_DECL download_request& download_request::checksum(const haul::checksum& value) & {
  checksums_.push_back(value);
  return *this;
}

HAUL_DECL download_request& download_request::sha256(std::string_view hex) & {
  if (const auto value = haul::checksum::from_hex(hash_algorithm::sha256, hex)) {
    return checksum(*value);
  }
  bad_checksum_ = true;
  return *this;
}

HAUL_DECL download_request& download_request::pieces(piece_hashes value) & {
  pieces_ = std::make_shared<const piece_hashes>(std::move(value));
  return *this;
}

HAUL_DECL download_request& download_request::id(std::string text) & {
  id_ = std::move(text);
  return *this;
}

HAUL_DECL download_request& download_request::name(std::string text) & {
  name_ = std::move(text);
  return *this;
}

HAUL_DECL download_request& download_request::refresh_url(refresh_url_hook hook) & {
  refresh_url_ = std::move(hook);
  return *this;
}

HAUL_DECL download_request& download_request::check_reply(check_reply_hook hook) & {
  check_reply_.reset();
  if (hook) check_reply_ = std::make_shared<const check_reply_hook>(std::move(hook));
  return *this;
}

HAUL_DECL std::filesystem::path download_request::path() const { return path_; }

}  // namespace haul

#endif
