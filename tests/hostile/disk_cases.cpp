// A disk that is full, and folders in which something is already.

#include "hostile/stage.hpp"

#include <sys/resource.h>

namespace haul::test::hostile {
namespace {

constexpr auto no_space = ": writing: No space left on device";

hostile_case with_files(std::string name, std::string does, std::uint64_t size,
                        std::function<void(stage&)> put) {
  return {std::move(name), std::move(does), [=](stage& s) {
            s.serve().add("/f", file_of(size));
            s.kind = use::own;
            s.before = [&s, put] { put(s); };
            s.exact(size);
          }};
}

hostile_case on_small_disk(std::string name, std::string does, resource r) {
  return {std::move(name), std::move(does), [=](stage& s) {
            s.serve().add("/f", r);
            s.disk = "2m";
            s.kind = use::own;
            s.args = {"--retries", "1"};
            s.fails(no_space);
          }};
}

std::filesystem::path beside(const stage& s, const char* ending) {
  std::filesystem::path p = s.target();
  p += ending;
  return p;
}

}  // namespace

group disk_cases() {
  resource unknown = whole_only(large, framing::chunked);
  resource endless = whole_only(100'000'000'000, framing::until_close);
  std::vector<hostile_case> all{
      {"size-gigantic", "a file of 100 TB: refused before the first write",
       [](stage& s) {
         s.serve().add("/f", file_of(100'000'000'000'000));
         s.args = {"--retries", "1"};
         s.fails(no_space);
       }},
      {"size-gigantic-whole", "a Content-Length of 2^63-1 without ranges",
       [](stage& s) {
         s.serve().add("/f", whole_only(medium));
         s.server().behave("/f", always(reply_plan().lie_length(9'223'372'036'854'775'807)));
         s.args = {"--retries", "1"};
         s.fails(no_space);
       }},
      {"size-gigantic-empty", "a Content-Length of 100 TB and no body",
       [](stage& s) {
         s.serve().add("/f", whole_only(0));
         s.server().behave("/f", always(reply_plan().lie_length(100'000'000'000'000)));
         s.args = {"--retries", "1"};
         s.fails(no_space);
       }},
      on_small_disk("disk-full", "a file larger than the disk", file_of(large)),
      on_small_disk("disk-full-unknown", "the same, in chunks: its size is not told", unknown),
      on_small_disk("disk-full-endless", "a body that never ends", endless),
      {"disk-limit", "a file larger than the system lets haul write",
       [](stage& s) {
         s.serve().add("/f", file_of(large));
         s.limits.emplace_back(RLIMIT_FSIZE, 1'000'000UL);
         s.kind = use::own;
         s.args = {"--retries", "1"};
         s.fails(": writing: File too large");
       }},
      {"target-is-folder", "a folder stands at the final path",
       [](stage& s) {
         s.serve().add("/f", file_of(small));
         s.kind = use::own;
         s.leaves_files = true;
         s.before = [&s] { std::filesystem::create_directories(s.target() / "inside"); };
         s.args = {"-d", s.folder().string()};
         s.fails("the target cannot be a file");
       }},
      {"target-exists", "a file stands at the final path",
       [](stage& s) {
         s.serve().add("/f", file_of(small));
         s.kind = use::own;
         s.leaves_files = true;
         s.before = [&s] { write_file(s.target(), "mine"); };
         s.also = [&s] {
           return std::string(read_file(s.target()) == "mine" ? "" : "overwritten");
         };
         s.fails("the target file exists");
       }},
      with_files("part-is-garbage", "nonsense where the part file should be", large,
                 [](stage& s) { write_file(beside(s, ".haul"), std::string(5'000'000, 'x')); }),
      with_files("part-and-journal-are-garbage", "nonsense for part file and journal", large,
                 [](stage& s) {
                   write_file(beside(s, ".haul"), std::string(large, 'x'));
                   write_file(beside(s, ".haul-journal"), std::string(3000, 'x'));
                 }),
      with_files("journal-is-empty", "an empty journal beside a part file of the right size", large,
                 [](stage& s) {
                   write_file(beside(s, ".haul"), std::string(large, 'x'));
                   write_file(beside(s, ".haul-journal"), "");
                 }),
      with_files("part-of-small-file", "a longer part file beside a small file", small,
                 [](stage& s) { write_file(beside(s, ".haul"), std::string(medium, 'x')); }),
      {"part-is-folder", "a folder stands where the part file should be",
       [](stage& s) {
         s.serve().add("/f", file_of(large));
         s.kind = use::own;
         s.leaves_files = true;
         s.before = [&s] { std::filesystem::create_directories(beside(s, ".haul")); };
         s.args = {"--retries", "1"};
         s.fails("Is a directory");
       }},
  };
  return {"Disk", std::move(all)};
}

}  // namespace haul::test::hostile
