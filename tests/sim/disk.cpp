#include "disk.hpp"

#include <algorithm>
#include <cstring>

namespace haul::sim {
namespace {

constexpr std::size_t sector = 512;

std::error_code dead() { return std::make_error_code(std::errc::io_error); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

void put_at(std::string& data, std::uint64_t at, const char* from, std::size_t n) {
  if (data.size() < at + n) data.resize(at + n, '\0');
  std::memcpy(data.data() + at, from, n);
}

}  // namespace

bool disk::change(call c, std::error_code& ec) {
  ec.clear();
  if (crashed_) {
    ec = dead();
    return false;
  }
  ec = world_.fault(c);
  if (ec) return false;
  if (crash_after != 0 && --crash_after == 0) {
    // The machine goes down with this change: whether it took place is for the caller to roll.
    crash(crash_how);
  }
  return true;
}

void disk::crash(crash_kind kind) {
  if (crashed_) return;
  if (world_.verbose) {
    world_.say(kind == crash_kind::power ? "CRASH: power is lost" : "CRASH: the process is killed");
  }
  crashed_ = kind;
}

void disk::boot() {
  if (crashed_ == crash_kind::power) {
    const std::size_t kept = world_.random.below(unsynced_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) apply(durable_, unsynced_[i]);
    names_ = durable_;
    std::vector<node*> seen;
    for (const auto& [name, n] : names_) {
      if (std::find(seen.begin(), seen.end(), n.get()) != seen.end()) continue;
      seen.push_back(n.get());
      tear(*n);
    }
  }
  for (const auto& [name, n] : names_) {
    n->synced = n->data;
    n->unsynced.clear();
    n->locked_by = nullptr;
  }
  durable_ = names_;
  unsynced_.clear();
  crashed_.reset();
  if (world_.verbose) {
    for (const auto& [name, n] : names_) {
      world_.say("on disk: " + name + ", " + std::to_string(n->data.size()) + " bytes");
    }
  }
}

void disk::tear(node& n) {
  std::string data = n.synced;
  for (const node::change& c : n.unsynced) {
    switch (world_.random.below(4)) {
      case 0:  // lost
        break;
      case 1:  // torn: some sectors of it, and some of these only by half
        if (c.resize) break;
        for (std::size_t at = 0; at < c.bytes.size(); at += sector) {
          const std::size_t n_bytes = std::min(sector, c.bytes.size() - at);
          if (world_.random.chance(500)) {
            put_at(data, c.at + at, c.bytes.data() + at, n_bytes);
          } else if (const std::uint64_t how = dice::mix(c.at + at + c.bytes.size()); how % 2) {
            // Half written: some of it is neither what was there nor what was to be.
            std::string garbled = c.bytes.substr(at, n_bytes);
            garbled[(how >> 8) % n_bytes] ^= static_cast<char>(1 << (how >> 40) % 8);
            put_at(data, c.at + at, garbled.data(), n_bytes);
          }
        }
        break;
      default:
        if (c.resize) {
          data.resize(c.at, '\0');
        } else {
          put_at(data, c.at, c.bytes.data(), c.bytes.size());
        }
    }
  }
  n.data = std::move(data);
}

std::uint64_t disk::used() const {
  std::uint64_t sum = 0;
  for (const auto& [name, n] : names_) sum += n->data.size();
  return sum;
}

void disk::apply(std::map<std::string, node_ptr>& names, const renaming& r) {
  if (!r.gone.empty()) names.erase(r.gone);
  if (!r.name.empty()) names[r.name] = r.node;
}

void disk::record(renaming r) {
  apply(names_, r);
  if (track) unsynced_.push_back(std::move(r));
}

bool disk::safe(const std::string& path) const {
  const auto now = names_.find(path);
  const auto then = durable_.find(path);
  if (now == names_.end() || then == durable_.end() || now->second != then->second) return false;
  return now->second->unsynced.empty() && now->second->synced == now->second->data;
}

void disk::put(const std::string& path, std::string data) {
  auto n = std::make_shared<node>();
  n->data = data;
  n->synced = std::move(data);
  n->modified = world_.wall_clock() - std::chrono::hours{24};
  names_[path] = n;
  durable_[path] = n;
}

disk::node_ptr disk::open(const std::string& path, system::open_mode mode, std::error_code& ec) {
  ec.clear();
  const auto at = names_.find(path);
  if (at == names_.end() && mode == system::open_mode::read) {
    ec = world_.fault(call::open);
    if (!ec) ec = std::make_error_code(std::errc::no_such_file_or_directory);
    return nullptr;
  }
  if (mode == system::open_mode::read ||
      (mode == system::open_mode::update && at != names_.end())) {
    ec = crashed_ ? dead() : world_.fault(call::open);
    return ec ? nullptr : at->second;
  }
  if (!change(call::open, ec)) return nullptr;
  if (crashed_ && world_.random.chance(500)) {
    ec = dead();
    return nullptr;
  }
  if (at != names_.end()) {
    at->second->data.clear();
    if (track) at->second->unsynced.push_back(node::change{true, 0, {}});
    return at->second;
  }
  auto n = std::make_shared<node>();
  n->modified = world_.wall_clock();
  record(renaming{{}, path, n});
  return n;
}

system::path_status disk::status(const std::string& path, std::error_code& ec) {
  system::path_status s;
  ec = world_.fault(call::status);
  if (ec) return s;
  const auto at = names_.find(path);
  if (at != names_.end()) {
    s.exists = true;
    s.size = at->second->data.size();
    s.modified = at->second->modified;
  } else if (path.empty() || path == "." || path.back() == '/') {
    s.exists = s.directory = true;
  }
  return s;
}

system::file_names disk::names_in(const std::string& folder, std::size_t most,
                                  std::error_code& ec) {
  system::file_names names;
  ec = world_.fault(call::status);
  if (ec) return names;
  for (const auto& [path, there] : names_) {
    if (!path.starts_with(folder) || path.find('/', folder.size()) != std::string::npos) continue;
    if (names.size() == most) {
      ec = std::make_error_code(std::errc::value_too_large);
      return {};
    }
    names.insert(std::filesystem::path{path.substr(folder.size())}.native());
  }
  return names;
}

disk::node_ptr disk::open_unnamed(std::error_code& ec) {
  if (!unnamed_files) {
    ec = std::make_error_code(std::errc::operation_not_supported);
    return nullptr;
  }
  if (!change(call::open, ec)) return nullptr;
  auto n = std::make_shared<node>();
  n->modified = world_.wall_clock();
  return n;
}

void disk::name(const node_ptr& n, const std::string& path, std::error_code& ec) {
  if (!change(call::rename, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  if (names_.contains(path)) {
    ec = std::make_error_code(std::errc::file_exists);
    return;
  }
  record(renaming{{}, path, n});
}

void disk::rename(const std::string& from, const std::string& to, std::error_code& ec) {
  if (!change(call::rename, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  const auto at = names_.find(from);
  if (at == names_.end()) {
    ec = std::make_error_code(std::errc::no_such_file_or_directory);
    return;
  }
  record(renaming{from, to, at->second});
}

void disk::remove(const std::string& path, std::error_code& ec) {
  if (!change(call::remove, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  if (names_.contains(path)) record(renaming{path, {}, nullptr});
}

void disk::make_directories(std::error_code& ec) {
  ec = crashed_ ? dead() : world_.fault(call::make_directories);
}

void disk::sync_directory(const std::string& path, std::error_code& ec) {
  if (!change(call::sync_directory, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  std::vector<renaming> left;
  for (renaming& r : unsynced_) {
    const std::string folder = folder_of(r.name.empty() ? r.gone : r.name);
    if (folder == path) {
      apply(durable_, r);
    } else {
      left.push_back(std::move(r));
    }
  }
  unsynced_ = std::move(left);
}

std::uint64_t disk::free_space(std::error_code& ec) {
  ec = world_.fault(call::free_space);
  if (ec) return 0;
  const std::uint64_t taken = used();
  return capacity > taken ? capacity - taken : 0;
}

std::size_t disk::read(node& n, std::uint64_t at, void* to, std::size_t size, std::error_code& ec) {
  ec = crashed_ ? dead() : world_.fault(call::read);
  if (ec || at >= n.data.size()) return 0;
  const std::size_t got = std::min<std::size_t>(size, n.data.size() - at);
  std::memcpy(to, n.data.data() + at, got);
  return got;
}

void disk::write(node& n, std::uint64_t at, const void* from, std::size_t size,
                 std::error_code& ec) {
  const bool was_dead = crashed_.has_value();
  std::size_t done = size;
  if (!change(call::write, ec)) {
    if (was_dead) return;
    done = world_.random.below(size + 1);  // a short write, and then the error
  } else if (crashed_) {
    done = world_.random.below(size + 1);
  } else if (at + size > n.data.size() && used() + (at + size - n.data.size()) > capacity) {
    ec = std::make_error_code(std::errc::no_space_on_device);
    return;
  }
  if (done == 0) return;
  const char* bytes = static_cast<const char*>(from);
  put_at(n.data, at, bytes, done);
  if (track) n.unsynced.push_back(node::change{false, at, std::string{bytes, done}});
  n.modified = world_.wall_clock();
}

void disk::reserve(node& n, std::uint64_t size, std::error_code& ec) {
  if (!change(call::reserve, ec)) return;
  if (size > n.data.size() && used() + size - n.data.size() > capacity) {
    ec = std::make_error_code(std::errc::no_space_on_device);
    return;
  }
  if (crashed_ && world_.random.chance(500)) return;
  n.data.resize(size, '\0');
  if (track) n.unsynced.push_back(node::change{true, size, {}});
}

void disk::resize(node& n, std::uint64_t size, std::error_code& ec) {
  if (!change(call::resize, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  n.data.resize(size, '\0');
  if (track) n.unsynced.push_back(node::change{true, size, {}});
}

std::uint64_t disk::size(node& n, std::error_code& ec) {
  ec = crashed_ ? dead() : world_.fault(call::size);
  return ec ? 0 : n.data.size();
}

void disk::sync(node& n, std::error_code& ec) {
  if (!change(call::sync, ec)) return;
  if (crashed_ && world_.random.chance(500)) return;
  if (!track) return;
  n.synced = n.data;
  n.unsynced.clear();
}

bool disk::lock(node& n, const void* by, std::error_code& ec) {
  ec = crashed_ ? dead() : world_.fault(call::lock);
  if (ec) return false;
  if (n.locked_by && n.locked_by != by) return false;
  n.locked_by = by;
  return true;
}

}  // namespace haul::sim
