#include "rig.hpp"

#include "catch.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>

namespace haul::test {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> game_files(const fs::path& dir) {
  std::vector<std::string> names = list_tree(dir);
  std::erase_if(names, [](const std::string& n) { return n.starts_with(".launcher/"); });
  return names;
}

bool same_bytes(const fs::path& a, const fs::path& b) {
  std::ifstream one{a, std::ios::binary};
  std::ifstream two{b, std::ios::binary};
  constexpr std::size_t block = 1u << 20;
  const std::unique_ptr<char[]> x{new char[block]};
  const std::unique_ptr<char[]> y{new char[block]};
  while (one && two) {
    one.read(x.get(), block);
    two.read(y.get(), block);
    if (one.gcount() != two.gcount()) return false;
    if (!std::equal(x.get(), x.get() + one.gcount(), y.get())) return false;
  }
  return one.eof() && two.eof();
}

nginx_options serving(std::string location_lines) {
  nginx_options o;
  o.location_lines = std::move(location_lines);
  o.workers = 2;
  return o;
}

}  // namespace

run_result launcher_run(arguments args, std::chrono::milliseconds timeout) {
  return run(LAUNCHER_COMMAND, std::move(args), plain_environment(), timeout);
}

child_process launcher_start(arguments args) {
  return child_process(LAUNCHER_COMMAND, std::move(args), plain_environment());
}

run_result launcher_in_terminal(arguments args) {
  child_options o = plain_environment();
  o.terminal = true;
  o.env.emplace_back("TERM", "xterm");
  o.env.emplace_back("COLUMNS", "100");
  return run(LAUNCHER_COMMAND, std::move(args), o, 120s);
}

std::uint64_t game_mib() {
  const char* asked = std::getenv("HAUL_TEST_GAME_MIB");
  return asked ? std::strtoull(asked, nullptr, 10) : 64;
}

std::vector<boost::json::object> events_of(const std::string& out) {
  std::vector<boost::json::object> events;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t end = out.find('\n', at);
    if (end == std::string::npos) break;
    events.push_back(
        boost::json::parse(boost::json::string_view{out.data() + at, end - at}).as_object());
    at = end + 1;
  }
  return events;
}

std::string text(const boost::json::object& e, const char* key) {
  const boost::json::value* v = e.if_contains(key);
  return v && v->is_string() ? std::string{v->get_string().c_str()} : std::string{};
}

std::uint64_t number(const boost::json::object& e, const char* key) {
  return e.at(key).to_number<std::uint64_t>();
}

std::size_t find_event(const std::vector<boost::json::object>& events, const std::string& kind,
                       const std::string& game, std::size_t from) {
  for (std::size_t i = from; i < events.size(); ++i) {
    if (text(events[i], "event") == kind && (game.empty() || text(events[i], "game") == game)) {
      return i;
    }
  }
  return events.size();
}

bool wait_for_text(child_process& child, const std::string& part) {
  const auto limit = std::chrono::steady_clock::now() + 120s;
  while (std::chrono::steady_clock::now() < limit) {
    const bool running = child.running();
    if (child.out().find(part) != std::string::npos) return true;
    if (!running) return false;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

game_server::game_server(std::string location_lines) : server(serving(std::move(location_lines))) {}

fs::path game_server::folder(const std::string& version) const { return server.root() / version; }

void game_server::publish(const std::string& version, arguments more, const std::string& game) {
  arguments args{"manifest",     folder(version).string(),
                 "--game",       game,
                 "--version",    version,
                 "--base-url",   version + "/",
                 "--piece-size", std::to_string(piece_size),
                 "-o",           (server.root() / (version + ".json")).string()};
  args.insert(args.end(), more.begin(), more.end());
  const run_result r = launcher_run(std::move(args));
  INFO(r.err);
  REQUIRE(r.status.code == 0);
}

std::string game_server::manifest_url(const std::string& version) const {
  return server.url("/" + version + ".json");
}

void game_server::copy(const std::string& from, const std::string& to) {
  for (const std::string& name : list_tree(folder(from))) {
    if (name.ends_with('/')) {
      fs::create_directories(folder(to) / name);
    } else {
      fs::create_directories((folder(to) / name).parent_path());
      fs::create_hard_link(folder(from) / name, folder(to) / name);
    }
  }
}

void game_server::replace(const std::string& version, const std::string& path,
                          const std::string& bytes) {
  // The other versions may have the same file under another name.
  fs::remove(folder(version) / path);
  write_file(folder(version) / path, bytes);
}

void game_server::remove(const std::string& version, const std::string& path) {
  fs::remove(folder(version) / path);
  std::error_code ec;
  for (fs::path p = (folder(version) / path).parent_path(); p != folder(version);
       p = p.parent_path()) {
    if (!fs::is_empty(p, ec) || ec) break;
    fs::remove(p);
  }
}

std::uint64_t game_server::sent() const {
  std::uint64_t sum = 0;
  for (const nginx_request& r : server.settled_log()) {
    if (!r.uri.ends_with(".json")) sum += r.body_bytes;
  }
  return sum;
}

std::string difference(const fs::path& due, const fs::path& installed) {
  const std::vector<std::string> wanted = game_files(due);
  const std::vector<std::string> there = game_files(installed);
  for (const std::string& name : wanted) {
    if (!std::binary_search(there.begin(), there.end(), name)) return name + " is missing";
  }
  for (const std::string& name : there) {
    if (!std::binary_search(wanted.begin(), wanted.end(), name)) return name + " is too much";
  }
  for (const std::string& name : wanted) {
    if (name.ends_with('/')) continue;
    if (!same_bytes(due / name, installed / name)) return name + " has other bytes";
  }
  return {};
}

void damage(const fs::path& path, std::uint64_t at) {
  std::fstream f{path, std::ios::binary | std::ios::in | std::ios::out};
  f.seekg(static_cast<std::streamoff>(at));
  const char c = static_cast<char>(f.get());
  f.seekp(static_cast<std::streamoff>(at));
  f.put(static_cast<char>(c ^ 1));
  REQUIRE(f.good());
}

}  // namespace haul::test
