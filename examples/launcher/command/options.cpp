#include "options.hpp"

#include "haul/option_values.hpp"
#include "haul/text.hpp"
#include "launcher/names.hpp"
#include <haul/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>

namespace launcher::command {
namespace {

namespace fs = std::filesystem;
using haul_command::printable;
using haul_command::refuse;

/// What the subcommands are given, before it is put together.
struct words {
  std::vector<std::string> places;
  std::vector<std::string> groups;
  std::vector<std::string> updates;
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> group_folders;
};

void add_rate(CLI::App& app, const std::string& name, const std::string& help,
              std::uint64_t& into) {
  app.add_option_function<std::string>(
         name, [name, &into](const std::string& text) { into = haul_command::rate_of(name, text); },
         help)
      ->type_name("N[K|M|G]");
}

void add_common(CLI::App& app, command_options& o) {
  app.add_option("-j,--files", o.engine.files_at_once, "Files at once, 1 to 64 (8)")
      ->type_name("N")
      ->check(CLI::Range(1u, 64u));
  app.add_option("-x,--connections", o.engine.download.connections,
                 "Most connections for a file, 1 to 64 (8)")
      ->type_name("N")
      ->check(CLI::Range(1u, 64u));
  app.add_option("--threads", o.engine.threads,
                 "Threads that hash and copy, 1 to 64 (one for each processor, at most 8)")
      ->type_name("N")
      ->check(CLI::Range(1u, 64u));
  app.add_option("--retries", o.engine.download.retries,
                 "Failures in a row before giving up a file (5)")
      ->type_name("N")
      ->check(CLI::Range(0u, 1'000'000u));
  add_rate(app, "--limit-rate", "Bytes per second for all games together; 0 for no limit",
           o.engine.limit);
  app.add_option_function<std::string>(
         "--cacert",
         [&o](const std::string& text) {
           std::error_code ec;
           if (!fs::is_regular_file(text, ec)) refuse("--cacert", '\'' + text + "' is not a file");
           o.engine.session.ca_file = text;
         },
         "Trust these certificates (PEM) in place of the system's")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--proxy",
         [&o](const std::string& text) {
           haul_command::take_proxy(o.engine.session, "--proxy", text);
         },
         "Go through this proxy; '' for none, whatever the environment says")
      ->type_name("URL");
  app.add_option("--control", o.control,
                 "Take commands from this named pipe, or from standard input (-):\nfirst GAME, "
                 "priority GAME N, limit RATE, playing-limit RATE, pause GAME, resume GAME, stop")
      ->type_name("FILE");
  app.add_option_function<std::string>(
         "--events",
         [&o](const std::string& text) {
           if (text != "json") refuse("--events", '\'' + text + "' is not json");
           o.json_events = true;
         },
         "Report what happens on standard output, an object for each line")
      ->type_name("json");
  app.add_flag("-q,--quiet", o.quiet, "Print nothing but errors");
}

game_task task_of(action what, const std::string& folder) {
  if (folder.empty()) throw CLI::ValidationError("no folder is named");
  game_task t;
  t.what = what;
  t.folder = fs::path{folder}.lexically_normal();
  if (!t.folder.has_filename()) t.folder = t.folder.parent_path();
  if (t.folder == "." || t.folder == "..") t.folder = fs::absolute(t.folder).lexically_normal();
  if (!t.folder.has_filename()) t.folder = t.folder.parent_path();
  return t;
}

/// The one that is named first goes first.
void name_all(std::vector<game_task>& tasks) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    game_task& t = tasks[i];
    t.priority = static_cast<int>(tasks.size() - i) - 1;
    t.id = t.folder.filename().string();
    const bool taken = std::any_of(tasks.begin(), tasks.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&t](const game_task& other) { return other.id == t.id; });
    if (taken) t.id = t.folder.string();
    for (std::size_t n = 0; n < i; ++n) {
      std::error_code ec;
      if (tasks[n].id == t.id ||
          fs::weakly_canonical(tasks[n].folder, ec) == fs::weakly_canonical(t.folder, ec)) {
        throw CLI::ValidationError('\'' + t.folder.string() + "' is named twice");
      }
    }
  }
}

void put_together(action what, const words& w, command_options& o) {
  if (what == action::install) {
    if (w.places.empty() || w.places.size() % 2 != 0) {
      throw CLI::ValidationError("a manifest and a folder are needed for each game");
    }
    for (std::size_t i = 0; i < w.places.size(); i += 2) {
      game_task t = task_of(what, w.places[i + 1]);
      t.manifest = w.places[i];
      o.tasks.push_back(std::move(t));
    }
  } else {
    if (what == action::play && w.places.size() != 1) {
      throw CLI::ValidationError("one folder is needed: that of the game to play");
    }
    for (const std::string& folder : w.places) o.tasks.push_back(task_of(what, folder));
  }
  for (game_task& t : o.tasks) {
    if (!w.groups.empty()) {
      t.groups = w.groups;
      // The only way to say none.
      if (w.groups == std::vector<std::string>{"none"}) t.groups->clear();
    }
    t.program = w.program;
    if (!w.arguments.empty()) t.arguments = w.arguments;
  }
  for (const std::string& folder : w.updates) o.tasks.push_back(task_of(action::update, folder));
  name_all(o.tasks);
}

void describe_manifest(CLI::App& app, command_options& o, const std::shared_ptr<words>& w) {
  app.add_option("DIR", o.order.folder, "The folder with the game")->type_name(" ")->required();
  app.add_option("--game", o.order.game, "A short name, the same in all versions")
      ->type_name("NAME")
      ->required();
  app.add_option("--version", o.order.version, "What this version is called")
      ->type_name("NAME")
      ->required();
  app.add_option("--base-url", o.order.base_urls,
                 "Where the folder is on a server; may be repeated for mirrors,\nand be relative "
                 "to the manifest ('.')")
      ->type_name("URL")
      ->required()
      ->allow_extra_args(false);
  app.add_option("--name", o.order.name, "The name to show")->type_name("TEXT");
  app.add_option("--start", o.order.start, "The file to run")->type_name("PATH");
  app.add_option("--argument", o.order.arguments, "An argument for it; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  app.add_option("--group", w->group_folders,
                 "What is in a folder of the game is a group that can be chosen, and\nwith + in "
                 "front is unless the user says otherwise; may be repeated")
      ->type_name("[+]NAME=FOLDER")
      ->allow_extra_args(false);
  app.add_option_function<std::string>(
         "--piece-size",
         [&o](const std::string& text) {
           const auto size = haul_command::parse_rate(text);
           if (!size || *size < least_piece || *size > most_piece) {
             refuse("--piece-size", '\'' + text + "' is not a number from 4K to 1G");
           }
           o.order.piece_size = *size;
         },
         "Of the pieces that are hashed each (1M)")
      ->type_name("N[K|M|G]");
  app.add_option("-o,--output", o.output, "Where to write it (standard output)")->type_name("FILE");
  app.callback([&o, w] {
    o.makes_manifest = true;
    for (const std::string& text : w->group_folders) {
      const std::size_t equals = text.find('=');
      const std::size_t begin = text.starts_with('+') ? 1 : 0;
      if (equals == std::string::npos || equals == begin || equals + 1 == text.size()) {
        refuse("--group", '\'' + text + "' is not NAME=FOLDER");
      }
      manifest_order::group_folder g;
      g.group.id = text.substr(begin, equals - begin);
      g.group.name = g.group.id;
      g.group.chosen = begin == 1;
      g.below = text.substr(equals + 1);
      while (g.below.ends_with('/')) g.below.pop_back();
      o.order.groups.push_back(std::move(g));
    }
    for (std::string& url : o.order.base_urls) {
      if (url == ".") url.clear();
    }
  });
}

void describe(CLI::App& app, command_options& o, const std::shared_ptr<words>& w) {
  const auto sub = [&](action what, const std::string& help, const std::string& places,
                       const std::string& places_help) -> CLI::App& {
    CLI::App& s = *app.add_subcommand(std::string{name_of(what)}, help);
    s.add_option(places, w->places, places_help)->type_name(" ");
    add_common(s, o);
    s.callback([what, w, &o] {
      if (w->places.empty()) throw CLI::ValidationError("no folder is named");
      put_together(what, *w, o);
    });
    return s;
  };
  const auto groups = [&](CLI::App& s) {
    s.add_option("-g,--group", w->groups,
                 "A part to install beside what all have, such as a language; may be\nrepeated; "
                 "'none' for none of them (as before, or as the manifest says)")
        ->type_name("NAME")
        ->allow_extra_args(false);
  };
  groups(sub(action::install, "Install games, or bring them to the version of the manifest",
             "MANIFEST DIR", "For each game: the manifest's URL or file, and a folder"));
  groups(sub(action::update,
             "Bring installed games to the version that the manifest now has, or "
             "go on\nwith their installation",
             "DIR", "The folders of the games; the first one goes first"));
  sub(action::repair, "Read every byte, and fetch what is wrong", "DIR",
      "The folders of the games");
  sub(action::verify, "Read every byte, and change nothing", "DIR", "The folders of the games");
  sub(action::uninstall, "Remove what is the game's, and leave what is the user's", "DIR",
      "The folders of the games");
  CLI::App& play =
      sub(action::play, "Run a game, and update others meanwhile", "DIR", "The folder of the game");
  play.add_option("--update", w->updates, "Also update this one; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add_rate(play, "--playing-limit", "Bytes per second while the game runs; 0 for no limit (1M)",
           o.engine.playing_limit);
  play.add_option("--program", w->program, "What to run (what the manifest says)")
      ->type_name("FILE");
  play.add_option("--argument", w->arguments,
                  "An argument for it, in place of the manifest's; may be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  describe_manifest(*app.add_subcommand("manifest", "Make the manifest of a folder"), o, w);
}

}  // namespace

std::optional<int> parse_options(int argc, const char* const* argv, command_options& into) {
  CLI::App app{"Installs games, keeps them whole and up to date, and runs them.", "launcher"};
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", "launcher (haul " HAUL_VERSION_STRING ")",
                       "Print the version and exit");
  app.require_subcommand(1);
  app.footer(
      "'launcher COMMAND --help' tells the options of a command.\n"
      "Exit: 0 done, and the games are whole; 1 one failed; 2 bad usage; 3 one that was looked at "
      "is not\nwhole; 130 interrupted: the same command goes on where it was.");
  app.get_formatter()->column_width(28);
  into.engine.download.connections = 8;
  into.engine.playing_limit = 1u << 20;
  const auto w = std::make_shared<words>();
  describe(app, into, w);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted, std::cout, std::cerr);
  } catch (const CLI::Error& e) {
    std::cerr << "launcher: " << printable(e.what()) << "\nTry 'launcher --help'.\n";
    return exit_usage;
  }
  // One file may use all connections that are asked for.
  into.engine.session.connections_per_host =
      std::max(into.engine.session.connections_per_host, into.engine.download.connections);
  return std::nullopt;
}

}  // namespace launcher::command
