#ifndef HAUL_TEST_SIM_DISK_HPP
#define HAUL_TEST_SIM_DISK_HPP

#include "world.hpp"
#include <haul/system/file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace haul::sim {

/// How the machine goes down.
enum class crash_kind : std::uint8_t {
  process,  ///< what was written stays
  power     ///< what was not synced is lost, kept or torn, as the seed says
};

/// A disk in memory. All folders exist, and may be made.
class disk {
 public:
  /// A file, whatever its name.
  struct node {
    std::string data;
    std::string synced;  ///< what a loss of power cannot take
    struct change {
      bool resize = false;
      std::uint64_t at = 0;
      std::string bytes;
    };
    std::vector<change> unsynced;
    std::chrono::sys_seconds modified{};
    const void* locked_by = nullptr;
  };
  using node_ptr = std::shared_ptr<node>;

  explicit disk(world& w) : world_(w) {}

  node_ptr open(const std::string& path, system::open_mode mode, std::error_code& ec);
  node_ptr open_unnamed(std::error_code& ec);
  /// Gives a file without a name its name, unless there is one of this name.
  void name(const node_ptr& n, const std::string& path, std::error_code& ec);
  system::path_status status(const std::string& path, std::error_code& ec);
  system::file_names names_in(const std::string& folder, std::size_t most, std::error_code& ec);
  void rename(const std::string& from, const std::string& to, std::error_code& ec);
  void remove(const std::string& path, std::error_code& ec);
  void make_directories(std::error_code& ec);
  void sync_directory(const std::string& path, std::error_code& ec);
  std::uint64_t free_space(std::error_code& ec);

  std::size_t read(node& n, std::uint64_t at, void* to, std::size_t size, std::error_code& ec);
  void write(node& n, std::uint64_t at, const void* from, std::size_t size, std::error_code& ec);
  void reserve(node& n, std::uint64_t size, std::error_code& ec);
  void resize(node& n, std::uint64_t size, std::error_code& ec);
  std::uint64_t size(node& n, std::error_code& ec);
  void sync(node& n, std::error_code& ec);
  bool lock(node& n, const void* by, std::error_code& ec);

  /// What stands on the disk, without the calls that can fail.
  const std::map<std::string, node_ptr>& files() const noexcept { return names_; }
  void put(const std::string& path, std::string data);
  /// Whether there would be a file of this name after a loss of power, whatever was lucky.
  bool durable(const std::string& path) const { return durable_.contains(path); }
  /// Whether all of the file that stands there now would be there, too.
  bool safe(const std::string& path) const;

  /// From this moment on nothing reaches the disk.
  void crash(crash_kind kind);
  bool crashed() const noexcept { return crashed_.has_value(); }
  /// The machine is back.
  void boot();

  std::uint64_t capacity = UINT64_MAX;
  /// The change of the disk that the crash comes with, counted down; 0 is none.
  std::uint64_t crash_after = 0;
  crash_kind crash_how = crash_kind::process;
  bool unnamed_files = true;  ///< whether it can do them
  bool track = false;         ///< whether the loss of power is to be expected

 private:
  struct renaming {
    std::string gone;  // empty: none
    std::string name;  // empty: none
    node_ptr node;
  };

  /// A change of the disk begins; false when it does not take place.
  bool change(call c, std::error_code& ec);
  std::uint64_t used() const;
  void record(renaming r);
  static void apply(std::map<std::string, node_ptr>& names, const renaming& r);
  void tear(node& n);

  world& world_;
  std::map<std::string, node_ptr> names_;
  std::map<std::string, node_ptr> durable_;
  std::vector<renaming> unsynced_;
  std::optional<crash_kind> crashed_;
};

}  // namespace haul::sim

#endif
