#ifndef HAUL_SERVICE_MESSAGE_HPP
#define HAUL_SERVICE_MESSAGE_HPP

#include <haul/http/fields.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace haul::service {

/// A request as a server has received it, its body whole and without its transfer coding.
///
/// A class with a constructor, so that it can be an argument of an awaited call with every compiler
/// (an aggregate with such members is miscompiled by g++ 12).
///
/// @par Thread Safety
/// Distinct objects: Safe. Shared objects: Unsafe.
class request {
 public:
  /// @param method  As sent: methods are case-sensitive (RFC 9110, 9.1).
  /// @param target  In origin form: the path, still percent-encoded, and the query if there is one.
  request(std::string method, std::string target)
      : method_(std::move(method)), target_(std::move(target)) {}

  /// @{
  /// Adds a header field, or sets the body; for building a request.
  request& field(std::string_view name, std::string_view value) & {
    fields_.append(name, value);
    return *this;
  }
  request& body(std::string bytes) & {
    body_ = std::move(bytes);
    return *this;
  }
  request&& field(std::string_view name, std::string_view value) && {
    return std::move(field(name, value));
  }
  request&& body(std::string bytes) && { return std::move(body(std::move(bytes))); }
  /// @}

  /// @{
  /// What came from the client; `path()` is the target up to its query.
  const std::string& method() const noexcept { return method_; }
  const std::string& target() const noexcept { return target_; }
  std::string_view path() const noexcept {
    return std::string_view{target_}.substr(0, target_.find('?'));
  }
  /// Without its question mark; empty when there is none.
  std::string_view query() const noexcept {
    const std::size_t at = target_.find('?');
    return at == std::string::npos ? std::string_view{} : std::string_view{target_}.substr(at + 1);
  }
  const http::field_list& fields() const noexcept { return fields_; }
  const std::string& body() const noexcept { return body_; }
  /// @}

 private:
  std::string method_;
  std::string target_;
  http::field_list fields_;
  std::string body_;
};

/// What is to be answered. The server adds the framing (`Content-Length`) and fields of its own.
class response {
 public:
  /// @param status  200, 404, ...
  explicit response(int status = 200) : status_(status) {}

  /// Adds a header field.
  response& field(std::string_view name, std::string_view value) & {
    fields_.append(name, value);
    return *this;
  }
  /// Sets a body, and its type.
  response& body(std::string_view content_type, std::string bytes) & {
    fields_.append("Content-Type", content_type);
    body_ = std::move(bytes);
    return *this;
  }
  /// The body is a file on disk: the server sends it, whole or in the ranges that were asked for.
  response& file(std::string_view content_type, std::filesystem::path path) & {
    fields_.append("Content-Type", content_type);
    file_ = std::move(path);
    return *this;
  }
  /// @{
  /// As the setters above, for a response that is being made.
  response&& field(std::string_view name, std::string_view value) && {
    return std::move(field(name, value));
  }
  response&& file(std::string_view content_type, std::filesystem::path path) && {
    return std::move(file(content_type, std::move(path)));
  }
  response&& body(std::string_view content_type, std::string bytes) && {
    return std::move(body(content_type, std::move(bytes)));
  }
  /// @}

  /// @{
  /// What is to be sent.
  int status() const noexcept { return status_; }
  const http::field_list& fields() const noexcept { return fields_; }
  const std::string& body() const noexcept { return body_; }
  /// @}
  /// Empty unless the body is a file.
  const std::filesystem::path& file() const noexcept { return file_; }

 private:
  int status_;
  http::field_list fields_;
  std::string body_;
  std::filesystem::path file_;
};

}  // namespace haul::service

#endif
