#include "options.hpp"

#include <haul/http/grammar.hpp>
#include <haul/version.hpp>

#include <CLI/CLI.hpp>
#include <asio/ip/address.hpp>

#include <iostream>
#include <system_error>

namespace hauld {
namespace {

constexpr const char* default_listen = "http://127.0.0.1:23333";

/// Where to listen; false when it is no URL of http.
bool read_listen(const std::string& text, hauld_options& o) {
  constexpr std::string_view scheme = "http://";
  if (!haul::http::equals_ignore_case(std::string_view{text}.substr(0, scheme.size()), scheme)) {
    return false;
  }
  std::string_view rest = std::string_view{text}.substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) return false;
  std::string host;
  std::string_view port = "80";
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || (rest.front() == '[' && rest.back() == ']')) {
    host = rest;
  } else {
    host = rest.substr(0, colon);
    port = rest.substr(colon + 1);
  }
  const auto number = haul::http::parse_decimal(port);
  if (host.empty() || !number || *number > 65535) return false;
  o.port = static_cast<std::uint16_t>(*number);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (haul::http::equals_ignore_case(host, "localhost")) host = "127.0.0.1";
  // What the original says for all addresses of this machine.
  if (host == "*" || host == "+") host = "0.0.0.0";
  std::error_code ec;
  const asio::ip::address address = asio::ip::make_address(host, ec);
  if (ec) return false;
  o.address = address.to_string();
  o.loopback = address.is_loopback();
  return true;
}

void check_origin(const std::string& origin) {
  if (origin == "*") return;
  // Of any scheme: browsers' extensions have their own.
  const std::size_t host = origin.find("://");
  const bool whole = host != std::string::npos && host > 0 && origin.size() > host + 3 &&
                     origin.find_first_of("/ ,*\t", host + 3) == std::string::npos;
  if (!whole) {
    throw CLI::ValidationError(
        "--cors", '\'' + origin + "' is not an origin such as https://example.com, and not *");
  }
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, hauld_options& into) {
  CLI::App app{"A download server: the BBDown and the batch API, and a page to watch it.", "hauld"};
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "hauld " HAUL_VERSION_STRING, "Print the version and exit");
  app.footer(
      "Prints the address it listens on, as one line. SIGTERM ends it with its state kept.\n"
      "Exit: 0 ended by a signal, 1 it cannot start or go on, 2 bad usage.");
  app.get_formatter()->column_width(30);

  std::string listen = default_listen;
  app.add_option("-l,--listen", listen, "Where to listen; port 0 takes a free one")
      ->type_name("URL")
      ->capture_default_str();
  app.add_option("--root", into.root, "The folder that files are downloaded to, and served from")
      ->type_name("DIR")
      ->required();
  app.add_option("--db", into.database, "The database that downloads are kept in")
      ->type_name("FILE")
      ->required();
  app.add_option("--catalog", into.catalog, "What the batch API knows: JSON or CSV")
      ->type_name("FILE");
  app.add_option("--token", into.token,
                 "Asked of every request; needed to listen beyond this machine")
      ->type_name("TOKEN")
      ->envname("HAULD_TOKEN");
  app.add_option("--cors", into.origins, "An origin whose pages may use this server; * for all")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  app.add_option("--max-concurrent", into.max_concurrent, "Files at once")
      ->type_name("N")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  app.add_option("--max-connections", into.max_connections, "Connections of clients at once")
      ->type_name("N")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  app.add_flag("--extended", into.extended, "Also what the original APIs do not have");
  try {
    app.parse(argc, argv);
    for (const std::string& origin : into.origins) check_origin(origin);
    if (!into.token.empty() && !haul::http::is_field_value(into.token)) {
      throw CLI::ValidationError("--token", "it has a control character");
    }
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted, std::cout, std::cerr);
  } catch (const CLI::Error& e) {
    std::cerr << "hauld: " << e.what() << "\nTry 'hauld --help'.\n";
    return exit_usage;
  }
  if (!read_listen(listen, into)) {
    std::cerr << listen << "不是合法的http URL，url示例：http://0.0.0.0:5000\n"
              << "如果您需要https，请额外配置反向代理\n";
    return exit_failed;
  }
  if (!into.loopback && into.token.empty()) {
    std::cerr << "hauld: " << listen
              << " can be reached from other machines: give a --token, or listen on "
              << default_listen << '\n';
    return exit_usage;
  }
  return std::nullopt;
}

}  // namespace hauld
