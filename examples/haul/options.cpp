#include "options.hpp"

#include "option_values.hpp"
#include "text.hpp"
#include <haul/http/grammar.hpp>
#include <haul/http/url.hpp>
#include <haul/system/proxy.hpp>
#include <haul/version.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

namespace haul_command {
namespace {

using haul::http::parse_decimal;

unsigned number_in(const std::string& option, const std::string& text, unsigned least,
                   unsigned most) {
  const auto n = parse_decimal(text);
  if (!n || *n < least || *n > most) {
    refuse(option, '\'' + text + "' is not a number from " + std::to_string(least) + " to " +
                       std::to_string(most));
  }
  return static_cast<unsigned>(*n);
}

std::chrono::milliseconds seconds_of(const std::string& option, const std::string& text) {
  constexpr double most = 10'000'000;
  double value = -1;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (read.ec != std::errc{} || read.ptr != end || !(value >= 0 && value <= most)) {
    refuse(option, '\'' + text + "' is not a number of seconds");
  }
  // However short a limit is, it is not none.
  return std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(value * 1000))};
}

haul::download_request::field field_of(const std::string& option, const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) refuse(option, '\'' + text + "' is not 'Name: value'");
  haul::download_request::field f;
  f.name = text.substr(0, colon);
  f.value = haul::http::trim_ows(std::string_view{text}.substr(colon + 1));
  if (!haul::http::is_token(f.name)) refuse(option, '\'' + f.name + "' is not a field name");
  // The value may be a secret: it is not repeated.
  if (!haul::http::is_field_value(f.value)) {
    refuse(option, "the value of " + f.name + " has a control character");
  }
  for (const char* own : {"Host", "Range", "Content-Length", "Transfer-Encoding", "Connection"}) {
    if (haul::http::equals_ignore_case(f.name, own)) refuse(option, f.name + " is set by haul");
  }
  return f;
}

haul::durability durability_of(const std::string& option, const std::string& text) {
  if (text == "none") return haul::durability::none;
  if (text == "process") return haul::durability::process;
  if (text == "power") return haul::durability::power;
  refuse(option, '\'' + text + "' is not none, process or power");
}

void check_url(const std::string& what, const std::string& text) {
  const auto parsed = haul::http::parse_url(text);
  if (!parsed.error) return;
  throw CLI::ValidationError(what + printable_url(text) + ": " + parsed.error.message());
}

/// The options, as CLI11 is to read them.
void describe(CLI::App& app, command_options& o) {
  const auto value = [&app](const std::string& names, const std::string& type,
                            const std::string& help, auto take) {
    const std::string name = names.substr(names.find("--"));
    app.add_option_function<std::string>(
           names, [name, take](const std::string& text) { take(name, text); }, help)
        ->type_name(type);
  };
  const auto list = [&app](const std::string& names, const std::string& type,
                           const std::string& help, auto take) {
    const std::string name = names.substr(names.find("--"));
    app.add_option_function<std::vector<std::string>>(
           names,
           [name, take](const std::vector<std::string>& texts) {
             for (const std::string& text : texts) take(name, text);
           },
           help)
        ->type_name(type)
        ->allow_extra_args(false);  // what follows the value is not another one
  };

  app.add_option("URL", o.urls, "What to download")->type_name(" ");
  value("-o,--output", "FILE", "Where to write the file; for one URL",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty() || text == "-") refuse(name, "not a file");
          o.output = path_of(text);
          if (!o.output.has_filename()) refuse(name, '\'' + text + "' is a folder: use --dir");
        });
  value("-d,--dir", "DIR", "The folder for files without a path, and for relative paths",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty()) refuse(name, "no folder is named");
          o.directory = path_of(text);
        });
  value("-i,--input", "FILE",
        "Read downloads from a file, or from standard input (-):\na line for each, with the URL, "
        "then "
        "optionally a tab and the path,\nthen optionally a tab and sha256:HEX",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty()) refuse(name, "no file is named");
          o.input = text;
        });
  value("-M,--metalink", "FILE",
        "Download what a Metalink 4 file describes, with its mirrors and hashes",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty()) refuse(name, "no file is named");
          o.metalink = text;
        });
  value("-x,--connections", "N", "Most connections for a file, 1 to 64 (16)",
        [&o](const std::string& name, const std::string& text) {
          o.download.connections = number_in(name, text, 1, 64);
        });
  value("-j,--jobs", "N", "Files at once, 1 to 1000 (5)",
        [&o](const std::string& name, const std::string& text) {
          o.jobs = number_in(name, text, 1, 1000);
        });
  value("--db", "FILE", "Keep the state of all downloads in this database",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty()) refuse(name, "no file is named");
          o.database = path_of(text);
        });
  app.add_flag("--resume-all", o.resume_all,
               "Go on with all that is unfinished in the database; no URL is given");
  value("--checksum", "ALGO:HEX",
        "What the file must hash to, with md5, sha1, sha256 or sha512; for one URL",
        [&o](const std::string& name, const std::string& text) {
          o.checksum = haul::checksum::parse(text);
          if (!o.checksum) refuse(name, '\'' + text + "' is not ALGO:HEX");
        });
  list("--mirror", "URL", "Another place with the same file; for one URL; may be repeated",
       [&o](const std::string&, const std::string& text) { o.mirrors.push_back(text); });
  list("-H,--header", "FIELD", "A header field for every request, 'Name: value'; may be repeated",
       [&o](const std::string& name, const std::string& text) {
         o.headers.push_back(field_of(name, text));
       });
  value("-A,--user-agent", "TEXT", "Who to be (haul/" HAUL_VERSION_STRING ")",
        [&o](const std::string& name, const std::string& text) {
          if (text.empty() || !haul::http::is_field_value(text)) {
            refuse(name, "empty, or with a control character");
          }
          o.session.user_agent = text;
        });
  value("--cacert", "FILE", "Trust these certificates (PEM) in place of the system's",
        [&o](const std::string& name, const std::string& text) {
          std::FILE* const file = std::fopen(text.c_str(), "rb");
          if (!file) refuse(name, '\'' + text + "': " + std::generic_category().message(errno));
          std::fclose(file);
          o.session.ca_file = text;
        });
  value("--proxy", "URL",
        "Go through this proxy: http://, socks5:// or socks5h://, with\nuser:password@ if need be; "
        "'' "
        "for none, whatever the environment says",
        [&o](const std::string& name, const std::string& text) {
          take_proxy(o.session, name, text);
        });
  value("--limit-rate", "N[K|M|G]", "Bytes per second for all files together; 0 for no limit",
        [&o](const std::string& name, const std::string& text) {
          o.session.rate_limit = rate_of(name, text);
        });
  value("--connect-timeout", "SEC",
        "For each of name lookup (10), connecting (15) and handshake (15); 0 for no limit",
        [&o](const std::string& name, const std::string& text) {
          haul::timeouts& t = o.download.timeouts;
          t.resolve = t.connect = t.handshake = seconds_of(name, text);
        });
  value("--stall-timeout", "SEC", "How long a server may send nothing (30); 0 for no limit",
        [&o](const std::string& name, const std::string& text) {
          haul::timeouts& t = o.download.timeouts;
          t.head = t.stall = seconds_of(name, text);
        });
  value("--min-speed", "N[K|M|G]",
        "Bytes per second; a connection that stays below for the stall limit is given up (0)",
        [&o](const std::string& name, const std::string& text) {
          o.download.min_speed = rate_of(name, text);
        });
  value("--retries", "N", "Failures in a row before giving up a file (5)",
        [&o](const std::string& name, const std::string& text) {
          o.download.retries = number_in(name, text, 0, 1'000'000);
        });
  app.add_flag_callback(
      "--no-resume", [&o] { o.download.resume = false; }, "Start over, whatever is there already");
  app.add_flag_callback(
      "--overwrite", [&o] { o.download.overwrite = true; }, "Replace files that exist");
  app.add_flag_callback(
      "--repair", [&o] { o.download.repair = true; },
      "Check files that exist by their hashes, and fetch only what is wrong");
  value("--durability", "LEVEL",
        "What the state of an unfinished download survives: none,\nprocess (the end of haul) or "
        "power "
        "(its loss) (process)",
        [&o](const std::string& name, const std::string& text) {
          o.download.durability = durability_of(name, text);
        });
  value("--events", "json", "Report what happens on standard output, an object for each line",
        [&o](const std::string& name, const std::string& text) {
          if (text != "json") refuse(name, '\'' + text + "' is not json");
          o.json_events = true;
        });
  app.add_flag("-q,--quiet", o.quiet, "Print nothing but errors");
}

/// What no option can tell alone.
void check_together(const command_options& o) {
  if (o.resume_all) {
    if (o.database.empty()) refuse("--resume-all", "needs --db");
    if (!o.urls.empty() || !o.input.empty() || !o.metalink.empty()) {
      refuse("--resume-all", "goes without URLs");
    }
  } else if (o.urls.empty() && o.input.empty() && o.metalink.empty()) {
    throw CLI::ValidationError("no URL");
  }
  for (const std::string& url : o.urls) check_url("", url);
  for (const std::string& url : o.mirrors) check_url("--mirror: ", url);
  const bool one = o.urls.size() == 1 && o.input.empty() && o.metalink.empty();
  const char* needs_one = !o.output.empty()    ? "--output"
                          : o.checksum         ? "--checksum"
                          : !o.mirrors.empty() ? "--mirror"
                                               : nullptr;
  if (needs_one && !one) refuse(needs_one, "goes with one URL only");
  std::error_code ignored;
  if (!o.output.empty() && std::filesystem::is_directory(o.directory / o.output, ignored)) {
    refuse("--output", '\'' + o.output.string() + "' is a folder: use --dir");
  }
  if (o.input == "-" && o.metalink == "-") refuse("--metalink", "standard input is the list");
  if (o.session.proxy_from_environment) {
    const auto settings = haul::system::proxy_settings::from_environment([](const char* name) {
      const char* value = std::getenv(name);
      return value ? std::optional<std::string>{value} : std::nullopt;
    });
    if (settings.error) {
      throw CLI::ValidationError("http_proxy, https_proxy or all_proxy: " +
                                 settings.error.message());
    }
  }
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, command_options& into) {
  CLI::App app{
      "Downloads files over several connections, checks them, and goes on after an "
      "interruption.",
      "haul"};
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "haul " HAUL_VERSION_STRING, "Print the version and exit");
  app.footer(
      "Exit: 0 all files complete and verified, 1 one failed, 2 bad usage, 130 interrupted; then "
      "the\nsame command goes on where it was.");
  app.get_formatter()->column_width(28);
  describe(app, into);
  try {
    app.parse(argc, argv);
    check_together(into);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted, std::cout, std::cerr);
  } catch (const CLI::Error& e) {
    std::cerr << "haul: " << printable(e.what()) << "\nTry 'haul --help'.\n";
    return exit_usage;
  }
  // One file may use all connections that are asked for, and each of many files one.
  into.session.connections_per_host =
      std::max({into.session.connections_per_host, into.download.connections, into.jobs});
  // Nobody looks at it.
  if (into.quiet && !into.json_events) into.download.progress_interval = std::chrono::hours{1};
  return std::nullopt;
}

}  // namespace haul_command
