#ifndef HAUL_PAN123_DETAIL_SMALL_FILE_HPP
#define HAUL_PAN123_DETAIL_SMALL_FILE_HPP

#include <haul/session.hpp>
#include <haul/system/file.hpp>
#include <haul/system/system_environment.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace haul::pan123::detail {

// Jobs for disk workers. They refer to the environment, which ends its workers before itself; a job
// that kept the session alive could be the last to hold it, and would destroy it on a worker.

using environment_type = session::environment_type;

struct small_file {
  std::error_code error;
  std::string text;
};

inline constexpr std::size_t largest_small_file = 64u << 10;

/// Reads a small file whole.
inline std::function<small_file()> reading(environment_type& environment,
                                           std::filesystem::path path) {
  return [&environment, path = std::move(path)] {
    small_file f;
    auto file = environment.open(path, system::open_mode::read, f.error);
    if (f.error) return f;
    const std::uint64_t size = file.size(f.error);
    if (!f.error && size > largest_small_file) {
      f.error = std::make_error_code(std::errc::file_too_large);
    }
    if (f.error) return f;
    f.text.resize(static_cast<std::size_t>(size));
    f.text.resize(file.read_at(0, f.text.data(), f.text.size(), f.error));
    return f;
  };
}

/// Replaces a file by one that only its owner may read, in one step.
inline std::function<std::error_code()> writing(environment_type& environment,
                                                std::filesystem::path path, std::string text) {
  return [&environment, path = std::move(path), text = std::move(text)] {
    std::error_code ec;
    std::filesystem::path fresh = path;
    fresh += "." + std::to_string(environment.random()) + ".new";
    {
      auto file = environment.open(fresh, system::open_mode::create_private, ec);
      if (ec) return ec;
      file.write_at(0, text.data(), text.size(), ec);
      if (!ec) file.sync(ec);
    }
    if (!ec) environment.rename(fresh, path, ec);
    if (ec) {
      std::error_code ignored;
      environment.remove(fresh, ignored);
    }
    return ec;
  };
}

inline std::function<std::error_code()> removing(environment_type& environment,
                                                 std::filesystem::path path) {
  return [&environment, path = std::move(path)] {
    std::error_code ec;
    environment.remove(path, ec);
    return ec;
  };
}

}  // namespace haul::pan123::detail

#endif
