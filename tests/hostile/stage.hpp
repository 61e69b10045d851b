#ifndef HAUL_TESTS_HOSTILE_STAGE_HPP
#define HAUL_TESTS_HOSTILE_STAGE_HPP

#include "cli/cli.hpp"
#include "support/fault_server.hpp"
#include "support/temp_dir.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// Servers that lie, stall and cheat, as a table of cases.
namespace haul::test::hostile {

/// Sizes that matter to haul: one that goes through memory, one that goes to a part file, and one
/// that is worth several connections.
inline constexpr std::uint64_t small = 20'000;
inline constexpr std::uint64_t medium = 700'000;
inline constexpr std::uint64_t large = 3'000'000;
inline constexpr std::uint64_t seed = 7;

/// What a case needs besides its server for a comparison with other programs.
enum class use {
  plain,   ///< fetch the URL into a file of a given name
  naming,  ///< the server gives the name; fetch into a folder
  resume,  ///< start, end it in the middle, ask for "/switch", start again
  own      ///< about haul's own files or options
};

/// A version of the file that may be at the final path.
struct content {
  std::uint64_t seed = hostile::seed;
  std::uint64_t size = 0;
  std::string body = {};  ///< instead of the pattern
  std::string sha256() const;
};

/// The world of one case: its servers, its folder, what haul is told, and what must come of it.
class stage {
 public:
  using behaviour = fault_server::behaviour;

  /// A server; the first one is "the" server.
  fault_server& serve(server_options options = {});
  fault_server& server() { return *servers_.front(); }
  /// As `serve`, with TLS and a certificate of the authority that haul is told to trust.
  fault_server& serve_tls(leaf_files leaf, server_options options = {});

  // --- what must come of it

  /// The file at the final path is this one. Several calls: one of them.
  void exact(std::uint64_t size, std::uint64_t with_seed = seed);
  void exact_body(std::string body);
  /// haul ends with exit code 1 and one line that has these words, and there is no file.
  void fails(std::string words);
  /// What a program that is content with less would be right to have.
  void truth(std::uint64_t size, std::uint64_t with_seed = seed);
  void truth_body(std::string body);

  /// In front of the run; for what is in the folder.
  std::function<void()> before;
  /// Further conditions, after the run: what is wrong, or nothing.
  std::function<std::string()> also;
  /// Between the two runs of `use::resume`.
  std::function<void()> change;

  std::string url;         ///< "/f" of the first server, unless set
  arguments args;          ///< besides -q and where the file goes
  std::string name = "f";  ///< of the file in the folder
  use kind = use::plain;
  bool leaves_files = false;  ///< besides the file, there may be others in the folder
  std::vector<std::pair<int, unsigned long>> limits;
  std::string disk;      ///< size of a file system of its own for the folder; "" for none
  std::string checksum;  ///< in `args` too
  std::string cacert;    ///< in `args` too
  temp_dir dir;

  const std::vector<content>& wanted() const { return wanted_; }
  const std::string& words() const { return words_; }
  const std::vector<content>& truths() const { return truths_; }
  std::filesystem::path folder() const { return dir / "to"; }
  std::filesystem::path target() const { return folder() / name; }

 private:
  std::vector<std::unique_ptr<fault_server>> servers_;
  std::vector<content> wanted_;
  std::vector<content> truths_;
  std::string words_;
};

/// A row of the table.
struct hostile_case {
  std::string name;
  std::string does;  ///< what the server does, in a line
  std::function<void(stage&)> set;
};

struct group {
  std::string title;
  std::vector<hostile_case> cases;
};

group framing_cases();
group head_cases();
group range_cases();
group version_cases();
group status_cases();
group redirect_cases();
group name_cases();
group tls_cases();
group disk_cases();
group bound_cases();

std::vector<group> all_cases();

// --- words for the rows

/// An honest file.
resource file_of(std::uint64_t size);
/// One that cannot be had in parts, and says so.
resource whole_only(std::uint64_t size, framing how = framing::content_length);

/// The file is had whatever the server does.
std::function<void(stage&)> exact(resource r, stage::behaviour b, arguments args = {});
/// haul gives up, with these words.
std::function<void(stage&)> fails(std::string words, resource r, stage::behaviour b,
                                  arguments args = {"--retries", "1"});

/// Every reply is like this.
stage::behaviour always(reply_plan p);
/// The first `n` are.
stage::behaviour first(reply_plan p, std::uint64_t n = 1);
/// Those to requests for a range are.
stage::behaviour to_ranges(reply_plan p);
/// Those to requests that do not begin at the file's first byte are.
stage::behaviour in_the_middle(reply_plan p);

/// Fills a text with bytes of the honest file, from this offset on.
void content_of_file(std::uint64_t offset, std::string& into);

/// The authority that the tests trust. Any thread.
test_ca& authority();

}  // namespace haul::test::hostile

#endif
