#include "job_list.hpp"

#include "text.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <unordered_map>

namespace haul_command {
namespace {

constexpr std::size_t most_bytes = 1u << 30;  // of a list: nobody means more

/// The bytes of a file, or of standard input.
std::error_code read_all(const std::string& name, std::string& into) {
  struct close_file {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::unique_ptr<std::FILE, close_file> own;
  std::FILE* file = stdin;
  if (name != "-") {
    own.reset(std::fopen(name.c_str(), "rb"));
    file = own.get();
    if (!file) return {errno, std::generic_category()};
  }
  std::array<char, 64 * 1024> block;
  while (const std::size_t n = std::fread(block.data(), 1, block.size(), file)) {
    if (into.size() + n > most_bytes) return std::make_error_code(std::errc::file_too_large);
    into.append(block.data(), n);
  }
  return std::ferror(file) ? std::error_code{errno, std::generic_category()} : std::error_code{};
}

std::string shown(const std::string& name) {
  return name == "-" ? "standard input" : printable(name);
}

}  // namespace

job_list::job_list(const command_options& options)
    : options_(options),
      folder_(options.directory.empty() ? std::filesystem::path{"./"} : options.directory / "") {
  if (!options.metalink.empty()) read_files();
  if (!options.input.empty()) read_list();
}

void job_list::read_files() {
  const std::string name = shown(options_.metalink);
  std::string text;
  if (const auto ec = read_all(options_.metalink, text)) {
    problems_.push_back(name + ": reading the Metalink: " + ec.message());
    return;
  }
  haul::metalink m = haul::read_metalink(text);
  if (m.error) {
    problems_.push_back(name + ": " + m.error.message() + ": " + printable(m.detail));
    return;
  }
  files_ = std::move(m.files);
}

void job_list::read_list() {
  const std::string name = shown(options_.input);
  std::string text;
  if (const auto ec = read_all(options_.input, text)) {
    problems_.push_back(name + ": reading the list of downloads: " + ec.message());
    return;
  }
  lines_ = input_list{std::move(text)};
  check_list(name);
  if (problems_.empty() && size() == 0) problems_.push_back(name + ": no download is listed");
}

void job_list::check_list(const std::string& name) {
  const auto say = [&](std::size_t number, const std::string& what) {
    problems_.push_back(name + ':' + std::to_string(number) + ": " + what);
  };
  for (const input_problem& p : lines_.problems()) say(p.number, p.what);
  std::size_t more = lines_.problem_count() - lines_.problems().size();
  // What two lines give the same path to, only one of them could have.
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const input_line line = lines_[i];
    if (line.path.empty() || line.path.ends_with('/')) continue;
    const auto [at, fresh] = seen.emplace(line.path, line.number);
    if (fresh) continue;
    if (problems_.size() < input_list::most_problems) {
      say(line.number, "the same path as in line " + std::to_string(at->second));
    } else {
      ++more;
    }
  }
  if (more > 0) problems_.push_back(name + ": and " + std::to_string(more) + " more lines");
}

haul::download_request job_list::request(std::size_t index) const {
  const std::filesystem::path& folder = options_.directory;
  haul::download_request r = [&] {
    if (index < options_.urls.size()) {
      const auto& output = options_.output;
      return haul::download_request{options_.urls[index],
                                    output.empty() ? folder_ : folder / output};
    }
    const std::size_t file = index - options_.urls.size();
    if (file < files_.size()) return files_[file].request(folder);
    const input_line line = lines_[file - files_.size()];
    haul::download_request from_line{std::string{line.url},
                                     line.path.empty() ? folder_ : folder / path_of(line.path)};
    if (const auto sum = haul::checksum::parse(line.checksum)) from_line.checksum(*sum);
    return from_line;
  }();
  if (options_.checksum) r.checksum(*options_.checksum);
  for (const std::string& m : options_.mirrors) r.mirror(m);
  for (const auto& h : options_.headers) r.header(h.name, h.value);
  return r;
}

}  // namespace haul_command
