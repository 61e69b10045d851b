#ifndef HAUL_SERVICE_CATALOG_HPP
#define HAUL_SERVICE_CATALOG_HPP

#include <haul/config.hpp>

#include <haul/checksum.hpp>
#include <haul/service/lax_json.hpp>
#include <haul/service/records.hpp>
#include <haul/service/validation.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace haul::service {

/// What stands behind an id of the batch dialect.
struct catalog_entry {
  std::int64_t id = 0;                ///< by which requests name it
  std::string url;                    ///< empty: there is nothing to download
  std::optional<std::string> name;    ///< of the file; none: taken from the URL
  std::string type = "document";      ///< small letters, digits, `-` and `_`; names the folder
  std::optional<checksum> hash;       ///< what the file must hash to
  std::optional<std::uint64_t> size;  ///< what the file must have, in bytes

  /// Whether all of it is the same.
  friend bool operator==(const catalog_entry&, const catalog_entry&) = default;
};

/// Reads one from an object with `id`, `url`, `file_name`, `type`, `hash` and `size`; all but `id`
/// may be missing or null. A hash is `sha256:9f86...`, or 64 hexadecimal digits alone. Other
/// members are passed over. Nothing, with errors, when it cannot be used.
HAUL_DECL std::optional<catalog_entry> read_entry(const json_value& v, validation& wrong,
                                                  const json_value& where);
/// The object that `read_entry` reads.
HAUL_DECL json_value write_entry(const catalog_entry& e);

/// Where the ids of the batch dialect are looked up. All members may be called from any thread.
class catalog {
 public:
  catalog() = default;
  catalog(const catalog&) = delete;
  catalog& operator=(const catalog&) = delete;
  virtual ~catalog() = default;

  /// @{
  /// What stands behind an id; nothing when nobody knows it.
  virtual std::optional<catalog_entry> find(std::int64_t id) const = 0;
  /// @}
  /// Adds an entry, or replaces the one of its id; true when it is new.
  virtual bool put(const catalog_entry& e) = 0;
  /// False when there was none.
  virtual bool erase(std::int64_t id) = 0;
  /// How many entries there are.
  virtual std::size_t size() const = 0;
};

/// In memory, and kept in records of the kind `media-catalog`, which must outlive it.
class recorded_catalog final : public catalog {
 public:
  /// Has what the records hold.
  HAUL_DECL explicit recorded_catalog(records& in);

  /// What stands behind an id; nothing when nobody knows it.
  HAUL_DECL std::optional<catalog_entry> find(std::int64_t id) const override;
  HAUL_DECL bool put(const catalog_entry& e) override;
  HAUL_DECL bool erase(std::int64_t id) override;
  /// How many entries there are.
  HAUL_DECL std::size_t size() const override;

 private:
  records& records_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, catalog_entry> entries_;
};

/// What a file of entries holds, or why it cannot be used.
struct catalog_list {
  std::vector<catalog_entry> entries;  ///< empty when there is an error
  std::string error;                   ///< what is wrong, with the line; empty when nothing is
};

/// Reads an array of objects as `read_entry` does; but other members, and an id that stands there
/// twice, are errors.
HAUL_DECL catalog_list parse_catalog_json(std::string_view text);

/// Reads RFC 4180, with a row of names first: the same names as in JSON, in any order, of which
/// `id` must be there; an empty cell is a missing value. Lines may end in LF alone.
HAUL_DECL catalog_list parse_catalog_csv(std::string_view text);

}  // namespace haul::service

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/service/impl/catalog.ipp>
#endif

#endif
