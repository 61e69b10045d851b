#include "temp_dir.hpp"

#include <haul/config.hpp>

#include "pattern.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#ifndef _WIN32
#include <unistd.h>
#endif

namespace haul::test {

namespace fs = std::filesystem;

temp_dir::temp_dir() {
#ifdef _WIN32
  std::random_device random;
  do {
    path_ = fs::temp_directory_path() / ("haul-test-" + std::to_string(random()));
  } while (!fs::create_directory(path_));
#else
  std::string name = (fs::temp_directory_path() / "haul-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) {
    throw std::system_error(errno, std::generic_category(), "cannot make " + name);
  }
  path_ = name;
#endif
}

temp_dir::~temp_dir() {
  std::error_code ec;
  fs::remove_all(path_, ec);
  if (!ec) return;
  // A test may have taken permissions away.
  for (auto it = fs::recursive_directory_iterator(
           path_, fs::directory_options::skip_permission_denied, ec);
       !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
      fs::permissions(it->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
  }
  fs::remove_all(path_, ec);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::system_error(errno, std::generic_category(), "cannot open " + path.string());
  std::string bytes;
  std::error_code ec;
  if (const auto size = fs::file_size(path, ec); !ec) bytes.reserve(size);
  bytes.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return bytes;
}

void write_file(const fs::path& path, std::string_view bytes) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

void write_pattern_file(const fs::path& path, std::uint64_t seed, std::uint64_t size) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::vector<char> block(1 << 20);
  for (std::uint64_t at = 0; at < size;) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), size - at));
    fill_pattern(seed, at, block.data(), n);
    out.write(block.data(), static_cast<std::streamsize>(n));
    at += n;
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> list_tree(const fs::path& dir) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    const std::u8string name = fs::relative(entry.path(), dir).generic_u8string();
    names.push_back(std::string{name.begin(), name.end()} + (entry.is_directory() ? "/" : ""));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint16_t free_port() {
  // The system likes to give the same port again at once; two servers must not get it.
  static std::mutex mutex;
  static std::deque<std::uint16_t> given;
  const std::lock_guard lock(mutex);
  for (int attempt = 0; attempt < 100; ++attempt) {
    asio::io_context io;
    asio::ip::tcp::socket s{io};
    s.open(asio::ip::tcp::v4());
    s.bind({asio::ip::address_v4::loopback(), 0});
    const std::uint16_t port = s.local_endpoint().port();
    s.close();
    if (std::find(given.begin(), given.end(), port) != given.end()) continue;
    given.push_back(port);
    if (given.size() > 256) given.pop_front();
    return port;
  }
  throw std::runtime_error("no free port");
}

}  // namespace haul::test
