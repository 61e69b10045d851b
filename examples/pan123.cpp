// The 123pan cloud from the command line.
//
//   pan123 offline URL -o FILE   the cloud downloads URL, then it comes to FILE
//   pan123 ls [FOLDER]           the files of a folder, by its id; the root without one
//   pan123 get ID [-o FILE]      downloads a file
//   pan123 put FILE [-d FOLDER]  uploads a file
//   pan123 quota                 the account and its space
//
// Credentials come from the environment or from a file, never from the command line, where every
// user of the machine can read them.

#include <haul/haul.hpp>
#include <haul/http/file_name.hpp>
#include <haul/pan123/client.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace pan123 = haul::pan123;

constexpr const char* usage =
    "usage: pan123 offline URL -o FILE   the cloud downloads URL, then it comes to FILE;\n"
    "                                    the same command goes on after an interruption\n"
    "       pan123 ls [FOLDER]           the files of a folder, by its id\n"
    "       pan123 get ID [-o FILE]      downloads a file\n"
    "       pan123 put FILE [-d FOLDER]  uploads a file into a folder, by its id\n"
    "       pan123 quota                 the account and its space\n"
    "\n"
    "Credentials: PAN123_CLIENT_ID and PAN123_CLIENT_SECRET, or PAN123_ACCESS_TOKEN, in the\n"
    "environment or as lines NAME=VALUE of the file that PAN123_CREDENTIALS names.\n"
    "PAN123_TOKEN_FILE: where the access token is kept between runs.\n";

/// A wrong command line or setting: one line, and exit code 2.
struct bad_usage {
  std::string what;
};

struct command_line {
  std::string verb;
  std::vector<std::string> words;
  std::string output;
  std::string folder;
};

command_line parse(int argc, char** argv) {
  command_line c;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::string* option = word == "-o" ? &c.output : word == "-d" ? &c.folder : nullptr;
    if (option) {
      if (++i == argc || !*argv[i]) throw bad_usage{std::string{word} + " needs a value"};
      *option = argv[i];
    } else if (word.size() > 1 && word.front() == '-') {
      throw bad_usage{"unknown option " + std::string{word}};
    } else if (c.verb.empty()) {
      c.verb = word;
    } else {
      c.words.emplace_back(word);
    }
  }
  const auto takes = [&](std::size_t least, std::size_t most, bool output, bool folder) {
    if (c.words.size() < least) throw bad_usage{c.verb + ": something is missing"};
    if (c.words.size() > most) throw bad_usage{c.verb + ": too many words"};
    if (!output && !c.output.empty()) throw bad_usage{c.verb + " has no option -o"};
    if (!folder && !c.folder.empty()) throw bad_usage{c.verb + " has no option -d"};
  };
  if (c.verb == "offline") {
    takes(1, 1, true, false);
    if (c.output.empty()) throw bad_usage{"offline: -o FILE is missing"};
  } else if (c.verb == "ls") {
    takes(0, 1, false, false);
  } else if (c.verb == "get") {
    takes(1, 1, true, false);
  } else if (c.verb == "put") {
    takes(1, 1, false, true);
  } else if (c.verb == "quota") {
    takes(0, 0, false, false);
  } else {
    throw bad_usage{c.verb.empty() ? "a command is missing" : "no command " + c.verb};
  }
  return c;
}

pan123::file_id id_of(const std::string& text) {
  pan123::file_id id = 0;
  const char* const end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, id);
  if (text.empty() || ec != std::errc{} || at != end || id < 0) {
    throw bad_usage{text + " is no id of a file: pan123 ls shows them"};
  }
  return id;
}

/// Settings: the environment, over the file that it names.
class settings {
 public:
  settings() {
    const std::string path = variable("PAN123_CREDENTIALS");
    if (path.empty()) return;
    std::ifstream file{path};
    if (!file) throw bad_usage{"PAN123_CREDENTIALS: " + path + " cannot be read"};
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (line.empty() || line.front() == '#') continue;
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos) {
        // The line itself may be a secret: it is not shown.
        throw bad_usage{path + ":" + std::to_string(number) + ": not NAME=VALUE"};
      }
      file_[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }

  std::string get(const char* name) const {
    std::string value = variable(name);
    if (!value.empty()) return value;
    const auto at = file_.find(name);
    return at == file_.end() ? std::string{} : at->second;
  }

  pan123::credentials credentials() const {
    std::string id = get("PAN123_CLIENT_ID");
    std::string secret = get("PAN123_CLIENT_SECRET");
    if (!id.empty() && !secret.empty()) {
      return pan123::credentials::client(std::move(id), std::move(secret));
    }
    std::string token = get("PAN123_ACCESS_TOKEN");
    if (!token.empty()) return pan123::credentials::access_token(std::move(token));
    throw bad_usage{
        "no credentials: set PAN123_CLIENT_ID and PAN123_CLIENT_SECRET, or PAN123_ACCESS_TOKEN"};
  }

 private:
  static std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
  }

  std::map<std::string, std::string> file_;
};

/// What happens in the cloud, on standard error.
struct show {
  void operator()(const pan123::offline_progress& p) const {
    std::fprintf(stderr, "cloud: %.1f %%\n", p.report.percent);
  }
  void operator()(const pan123::offline_poll_failed& p) const {
    std::fprintf(stderr, "cloud: %s\n", p.error.message().c_str());
  }
  void operator()(const pan123::call_retried& r) const {
    std::fprintf(stderr, "%s: %s; again in %lld ms\n", r.endpoint.c_str(),
                 r.error.message().c_str(), static_cast<long long>(r.delay.count()));
  }
  void operator()(const pan123::upload_progress& u) const {
    std::fprintf(stderr, "%s: %llu of %llu bytes%s\n", u.name.c_str(),
                 static_cast<unsigned long long>(u.sent), static_cast<unsigned long long>(u.total),
                 u.reused ? ", which the cloud had already" : "");
  }
  void operator()(const haul::progress& p) const {
    std::fprintf(stderr, "%llu of %llu bytes\n", static_cast<unsigned long long>(p.downloaded),
                 static_cast<unsigned long long>(p.total.value_or(0)));
  }
  void operator()(const haul::retrying& r) const {
    std::fprintf(stderr, "%s\n", r.error.message().c_str());
  }
  void operator()(const auto&) const {}
};

/// A text of the platform, without what a terminal would take for a command.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

int report(const haul::download_result& r) {
  if (!r.error) {
    std::printf("%s\n", r.path.string().c_str());
    return 0;
  }
  std::fprintf(stderr, "pan123: %s\n", printable(r.message()).c_str());
  return r.error == haul::condition::stopped ? 130 : 1;
}

haul::awaitable<int> list(pan123::client client, pan123::file_id folder) {
  pan123::file_cursor files = client.files().list(folder);
  while (!files.done()) {
    const std::vector<pan123::file_entry> page = co_await files.next();
    for (const pan123::file_entry& e : page) {
      std::printf("%lld\t%llu\t%s%s\n", static_cast<long long>(e.id),
                  static_cast<unsigned long long>(e.size), printable(e.name).c_str(),
                  e.folder ? "/" : "");
    }
  }
  co_return 0;
}

haul::awaitable<int> quota(pan123::client client) {
  const pan123::account a = co_await client.user().info();
  std::printf("%s: %llu of %llu bytes used\n", printable(a.nickname).c_str(),
              static_cast<unsigned long long>(a.space_used),
              static_cast<unsigned long long>(a.space_permanent + a.space_temporary));
  co_return 0;
}

void show_event(const haul::event& e) { std::visit(show{}, e); }

haul::awaitable<int> get(pan123::client client, pan123::file_id id, std::string output) {
  std::filesystem::path path = output;
  if (path.empty()) {
    const pan123::file_entry e = co_await client.files().detail(id);
    // The name is the server's: only a name may come of it.
    path = haul::http::safe_file_name(e.name);
    if (path.empty()) path = "download";
  }
  const haul::download_result r = co_await client.pull(id, std::move(path), &show_event);
  co_return report(r);
}

haul::awaitable<int> put(pan123::client client, std::string file, pan123::file_id folder) {
  pan123::upload_request request{std::move(file), folder};
  request.duplicate(pan123::on_duplicate::keep_both);
  const pan123::uploaded_file done = co_await client.upload(std::move(request));
  std::printf("%lld\n", static_cast<long long>(done.id));
  co_return 0;
}

haul::awaitable<int> offline(pan123::client client, std::string url, std::string output) {
  pan123::offline_pull_request request{std::move(url), output};
  request.state_file(output + ".pan123").clean_up();
  const pan123::offline_pull_result r =
      co_await client.offline_pull(std::move(request), &show_event);
  if (!r.left_behind.empty()) {
    std::fprintf(stderr, "pan123: left in the cloud: %s\n", printable(r.left_behind).c_str());
  }
  co_return report(r.download);
}

haul::awaitable<int> start(const command_line& c, pan123::client client) {
  if (c.verb == "offline") return offline(std::move(client), c.words[0], c.output);
  if (c.verb == "get") return get(std::move(client), id_of(c.words[0]), c.output);
  if (c.verb == "put") {
    return put(std::move(client), c.words[0], c.folder.empty() ? 0 : id_of(c.folder));
  }
  if (c.verb == "ls") return list(std::move(client), c.words.empty() ? 0 : id_of(c.words[0]));
  return quota(std::move(client));
}

int run(int argc, char** argv) {
  const command_line c = parse(argc, argv);
  const settings s;
  haul::session_options shared;
  shared.ca_file = s.get("PAN123_CA_FILE");
  pan123::client_options options;
  if (const std::string base = s.get("PAN123_BASE_URL"); !base.empty()) options.base_url = base;
  options.token_file = s.get("PAN123_TOKEN_FILE");
  options.events = [](const pan123::event& e) { std::visit(show{}, e); };

  asio::io_context io;
  haul::session session{io.get_executor(), shared};
  const pan123::client client{session, s.credentials(), options};
  asio::cancellation_signal stop;
  asio::signal_set interrupt{io, SIGINT, SIGTERM};
  interrupt.async_wait([&](std::error_code ec, int) {
    if (!ec) stop.emit(asio::cancellation_type::terminal);
  });
  int code = 1;
  std::exception_ptr failed;
  const auto done = [&](std::exception_ptr e, int result) {
    failed = e;
    code = result;
    interrupt.cancel();
  };
  asio::co_spawn(io, start(c, client), asio::bind_cancellation_slot(stop.slot(), done));
  io.run();
  if (failed) std::rethrow_exception(failed);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const bad_usage& e) {
    std::fprintf(stderr, "pan123: %s\n\n%s", e.what.c_str(), usage);
    return 2;
  } catch (const std::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return 130;
    std::fprintf(stderr, "pan123: %s\n", printable(e.what()).c_str());
    return e.code() == haul::condition::bad_request ? 2 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "pan123: %s\n", e.what());
    return 1;
  }
}
