#ifndef HAUL_BATCH_PROBE_HPP
#define HAUL_BATCH_PROBE_HPP

#include <haul/checksum.hpp>
#include <haul/engine/hash_chain.hpp>
#include <haul/engine/paths.hpp>
#include <haul/system/environment.hpp>
#include <haul/system/file.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace haul::batch {

/// What stands at a target before its file is queued.
struct probe {
  engine::native_text path;  ///< of the target; empty when it cannot be known
  bool named = true;         ///< by the request, and not by the URL
  std::vector<checksum> checksums;
  std::optional<std::uint64_t> recorded;  ///< size, when it was downloaded before
  std::error_code bad_url;                ///< why the request is none

  bool exists = false;
  bool right = false;   ///< what exists has the recorded size or the checksums
  bool vacant = false;  ///< neither a target nor what an earlier run would have left
};

/// Whether a file on disk has the checksums. Reads all of it.
template <system::environment Environment>
bool matches(Environment& environment, const std::filesystem::path& path, std::uint64_t size,
             const std::vector<checksum>& checksums) {
  std::error_code ec;
  auto file = environment.open(path, system::open_mode::read, ec);
  engine::hash_chain hashes{checksums};
  if (!ec) hashes.catch_up(file, size, size, ec);
  return !ec && !hashes.mismatch();
}

/// Fills probes in. To be used on a disk worker.
///
/// A folder that many of the targets are in is listed once: for thousands of files in a fresh
/// folder, three looks at each cost more than what else there is to do before their requests.
template <system::environment Environment>
class prober {
 public:
  explicit prober(Environment& environment) : environment_(environment) {}

  void look(std::vector<probe>& probes) {
    std::vector<folder*> in;
    in.reserve(probes.size());
    for (const probe& p : probes) {
      engine::native_text path = folder_of(p.path);
      folder& f = folders_[path];
      if (f.targets++ == 0) f.path = std::move(path);
      in.push_back(&f);
    }
    for (std::size_t i = 0; i < probes.size(); ++i) {
      if (probes[i].bad_url || probes[i].path.empty()) continue;
      list(*in[i]);
      look(probes[i], *in[i]);
    }
  }

 private:
  static constexpr std::size_t worth_listing = 16;

  struct folder {
    engine::native_text path;
    std::size_t targets = 0;
    bool asked = false;
    bool listed = false;
    system::file_names names;
  };

  static engine::native_text folder_of(const engine::native_text& path) {
    return path.substr(0, path.size() - engine::last_part(path).size());
  }

  void look(probe& p, const folder& in) {
    if (in.listed && !in.names.contains(engine::last_part(p.path))) {
      p.vacant = !left_in(in, p.path);
      return;
    }
    const std::filesystem::path target{p.path};
    std::error_code ec;
    const system::path_status there = environment_.status(target, ec);
    if (!ec && !there.exists) {
      p.vacant = !is_there(engine::journal_path(target)) && !is_there(engine::part_path(target));
    } else if (!ec && !there.directory && p.named) {
      p.exists = true;
      if (p.recorded) {
        p.right = *p.recorded == there.size;
      } else if (!p.checksums.empty()) {
        p.right = matches(environment_, target, there.size, p.checksums);
      }
    }
  }

  void list(folder& f) {
    if (f.targets < worth_listing || f.asked) return;
    f.asked = true;
    std::error_code ec;
    f.names = environment_.names_in(f.path, 8 * f.targets, ec);
    f.listed = !ec;
  }

  /// Whether an earlier run has left something of the target's.
  static bool left_in(const folder& f, const engine::native_text& path) {
    if (f.names.empty()) return false;
    engine::native_text name = engine::last_part(path);
    const std::size_t size = name.size();
    for (const std::string_view suffix : {engine::part_suffix, engine::journal_suffix}) {
      name.resize(size);
      name.append(suffix.begin(), suffix.end());
      if (f.names.contains(name)) return true;
    }
    return false;
  }

  /// Whether something is there, or may be.
  bool is_there(const std::filesystem::path& path) {
    std::error_code ec;
    return environment_.status(path, ec).exists || ec;
  }

  Environment& environment_;
  std::unordered_map<engine::native_text, folder> folders_;
};

}  // namespace haul::batch

#endif
