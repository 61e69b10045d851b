#ifndef HAUL_HTTP_FIELDS_HPP
#define HAUL_HTTP_FIELDS_HPP

#include <haul/http/grammar.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::http {

/// The fields of a message head, in the order they came (RFC 9110, 5).
///
/// Owns its text, all of it in one block. Names are found without regard to case. The views that
/// are handed out hold until the list is changed, moved or destroyed.
class field_list {
 public:
  /// Adds a field at the end. Does not look at the text: who sends it checks it
  /// (`is_token`, `is_field_value`).
  void append(std::string_view name, std::string_view value) {
    entries_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(value);
  }

  /// Room for so many fields, and so many bytes of their text.
  void reserve(std::size_t fields, std::size_t bytes) {
    entries_.reserve(fields);
    text_.reserve(bytes);
  }

  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }

  void clear() noexcept {
    entries_.clear();
    text_.clear();
  }

  /// The value of the first field of this name.
  std::optional<std::string_view> find(std::string_view name) const {
    for (const entry& e : entries_) {
      if (equals_ignore_case(name_of(e), name)) return value_of(e);
    }
    return std::nullopt;
  }

  /// How many fields have this name.
  std::size_t count(std::string_view name) const {
    std::size_t n = 0;
    for_each_value(name, [&n](std::string_view) { ++n; });
    return n;
  }

  /// Calls `f(name, value)` for every field.
  template <class F>
  void for_each(F&& f) const {
    for (const entry& e : entries_) f(name_of(e), value_of(e));
  }

  /// Calls `f(value)` for every field of this name.
  template <class F>
  void for_each_value(std::string_view name, F&& f) const {
    for (const entry& e : entries_) {
      if (equals_ignore_case(name_of(e), name)) f(value_of(e));
    }
  }

 private:
  struct entry {
    std::size_t begin;
    std::size_t name_size;
    std::size_t value_size;
  };

  std::string_view name_of(const entry& e) const {
    return std::string_view{text_}.substr(e.begin, e.name_size);
  }
  std::string_view value_of(const entry& e) const {
    return std::string_view{text_}.substr(e.begin + e.name_size, e.value_size);
  }

  std::string text_;
  std::vector<entry> entries_;
};

}  // namespace haul::http

#endif
