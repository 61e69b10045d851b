// Names that a server gives: one name in the folder, whatever it says.

#include "hostile/stage.hpp"

namespace haul::test::hostile {
namespace {

hostile_case disposition(std::string name, std::string field, std::string expected) {
  return {std::move(name), "Content-Disposition: " + field.substr(0, 60), [=](stage& s) {
            resource r = file_of(small);
            r.content_disposition = field;
            s.serve().add("/f", r);
            s.kind = use::naming;
            s.name = expected;
            s.exact(small);
          }};
}

hostile_case from_url(std::string name, std::string path, std::string expected) {
  return {std::move(name), "the URL " + path.substr(0, 60), [=](stage& s) {
            s.serve().provide([](const std::string&) { return file_of(small); });
            s.url = s.server().url(path);
            s.kind = use::naming;
            s.name = expected;
            s.exact(small);
          }};
}

}  // namespace

group name_cases() {
  const std::string long_name(400, 'a');
  std::vector<hostile_case> all{
      disposition("name-plain", "attachment; filename=\"good.bin\"", "good.bin"),
      disposition("name-up", "attachment; filename=\"../../evil\"", "evil"),
      disposition("name-up-backslash", "attachment; filename=\"..\\\\..\\\\evil\"", "evil"),
      disposition("name-absolute", "attachment; filename=\"/tmp/haul-evil\"", "haul-evil"),
      disposition("name-drive", "attachment; filename=\"C:evil\"", "C_evil"),
      disposition("name-dots", "attachment; filename=\"..\"", "f"),
      disposition("name-empty", "attachment; filename=\"\"", "f"),
      disposition("name-hidden", "attachment; filename=\".bashrc\"", "_bashrc"),
      disposition("name-device", "attachment; filename=\"CON.txt\"", "_CON.txt"),
      disposition("name-encoded-up", "attachment; filename*=UTF-8''%2e%2e%2f%2e%2e%2fevil", "evil"),
      disposition("name-encoded-null", "attachment; filename*=UTF-8''a%00b.bin", "ab.bin"),
      disposition("name-encoded-newline", "attachment; filename*=UTF-8''a%0d%0ab.bin", "ab.bin"),
      disposition("name-right-to-left", "attachment; filename*=UTF-8''a%E2%80%AEnib.exe",
                  "anib.exe"),
      disposition("name-latin1", "attachment; filename=\"caf\xe9.bin\"", "caf\xc3\xa9.bin"),
      disposition("name-too-long", "attachment; filename=\"" + long_name + ".bin\"",
                  std::string(236, 'a') + ".bin"),
      disposition("name-dash", "attachment; filename=\"-rf\"", "-rf"),
      disposition("name-unclosed", "attachment; filename=\"bad", "bad"),
      from_url("url-encoded-slashes", "/a/..%2f..%2fevil", "evil"),
      from_url("url-encoded-null", "/a%00b", "ab"),
      from_url("url-without-name", "/", "download"),
      from_url("url-folder", "/a/b/", "download"),
      from_url("url-query", "/g?name=../../evil", "g"),
      from_url("url-hidden", "/.profile", "_profile"),
      {"name-of-existing-file", "a name that is in the folder already",
       [](stage& s) {
         resource r = file_of(small);
         r.content_disposition = "attachment; filename=\"mine\"";
         s.serve().add("/f", r);
         s.kind = use::own;
         s.name = "g";
         s.leaves_files = true;
         s.before = [&s] { write_file(s.folder() / "mine", "what is there"); };
         s.args = {"-d", s.folder().string()};
         s.also = [&s] {
           return std::string(read_file(s.folder() / "mine") == "what is there" ? ""
                                                                                : "overwritten");
         };
         s.fails("the target file exists");
       }},
  };
  return {"Names", std::move(all)};
}

}  // namespace haul::test::hostile
