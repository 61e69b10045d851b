#include <haul/system/file.hpp>
// The header under test comes first.
#include "catch.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#ifdef _WIN32
#include <haul/error.hpp>
#include <haul/system/windows.hpp>
#include <haul/system/windows_trust.hpp>

#include <aclapi.h>
#endif

using namespace haul::system;
using haul::test::temp_dir;
namespace fs = std::filesystem;

namespace {

/// A name in letters of several scripts, one of them outside of the first 65536 characters.
fs::path foreign_name() {
  return fs::path{u8"dép\u00F4t \u6587\u4EF6 \u0444\u0430\u0439\u043B \U0001F4BE"};
}

file must_open(const fs::path& path, open_mode mode) {
  std::error_code ec;
  file f = file::open(path, mode, ec);
  INFO(ec.message());
  REQUIRE(f.is_open());
  REQUIRE_FALSE(ec);
  return f;
}

void put(const fs::path& path, const std::string& text) {
  file f = must_open(path, open_mode::create);
  std::error_code ec;
  f.write_at(0, text.data(), text.size(), ec);
  REQUIRE_FALSE(ec);
}

std::string get(const fs::path& path) {
  file f = must_open(path, open_mode::read);
  std::error_code ec;
  std::string text(static_cast<std::size_t>(f.size(ec)), '\0');
  REQUIRE_FALSE(ec);
  REQUIRE(f.read_at(0, text.data(), text.size(), ec) == text.size());
  REQUIRE_FALSE(ec);
  return text;
}

path_status look(const fs::path& path) {
  std::error_code ec;
  const path_status s = status_of(path, ec);
  REQUIRE_FALSE(ec);
  return s;
}

}  // namespace

TEST_CASE("a file that is not there", "[file]") {
  temp_dir dir;
  std::error_code ec;
  CHECK_FALSE(file::open(dir / "f", open_mode::read, ec).is_open());
  CHECK(ec == std::errc::no_such_file_or_directory);
  CHECK_FALSE(look(dir / "f").exists);
  CHECK_FALSE(look(dir / "no" / "f").exists);
  remove_file(dir / "f", ec);
  CHECK_FALSE(ec);
  rename_file(dir / "f", dir / "g", ec);
  CHECK(ec == std::errc::no_such_file_or_directory);
  rename_if_absent(dir / "f", dir / "g", ec);
  CHECK(ec == std::errc::no_such_file_or_directory);
  sync_directory(dir / "no", ec);
  CHECK(ec == std::errc::no_such_file_or_directory);
}

TEST_CASE("the ways to open a file", "[file]") {
  temp_dir dir;
  put(dir / "f", "old text");
  std::error_code ec;
  CHECK(must_open(dir / "f", open_mode::update).size(ec) == 8);
  CHECK(must_open(dir / "f", open_mode::create).size(ec) == 0);
  CHECK(must_open(dir / "new", open_mode::update).size(ec) == 0);
  CHECK_FALSE(file::open(dir / "f", open_mode::create_private, ec).is_open());
  CHECK(ec == std::errc::file_exists);
  CHECK_FALSE(file::open(dir.path(), open_mode::update, ec).is_open());
  CHECK(ec == std::errc::is_a_directory);
}

TEST_CASE("bytes at offsets", "[file]") {
  temp_dir dir;
  file f = must_open(dir / "f", open_mode::update);
  std::error_code ec;
  f.write_at(6, "world", 5, ec);
  REQUIRE_FALSE(ec);
  f.write_at(0, "hello ", 6, ec);
  REQUIRE_FALSE(ec);
  std::array<char, 32> text{};
  CHECK(f.read_at(0, text.data(), text.size(), ec) == 11);  // fewer at the end only
  CHECK_FALSE(ec);
  CHECK(std::string(text.data(), 11) == "hello world");
  CHECK(f.read_at(4, text.data(), 3, ec) == 3);
  CHECK(std::string(text.data(), 3) == "o w");
  CHECK(f.read_at(11, text.data(), 1, ec) == 0);
  CHECK_FALSE(ec);
  CHECK(f.read_at(100, text.data(), 1, ec) == 0);
  CHECK_FALSE(ec);
  f.sync(ec);
  CHECK_FALSE(ec);
  f.close();
  CHECK_FALSE(f.is_open());
  f = must_open(dir / "f", open_mode::read);
  f.write_at(0, "x", 1, ec);
  CHECK(ec);
}

TEST_CASE("beyond 4 GiB", "[file]") {
  temp_dir dir;
  file f = must_open(dir / "f", open_mode::update);
  std::error_code ec;
  const std::uint64_t far_away = (std::uint64_t{5} << 30) + 3;
  f.reserve(1, ec);  // sparse where files have to be told
  f.write_at(far_away, "end", 3, ec);
  REQUIRE_FALSE(ec);
  CHECK(f.size(ec) == far_away + 3);
  CHECK(look(dir / "f").size == far_away + 3);
  std::array<char, 8> text{};
  CHECK(f.read_at(far_away, text.data(), text.size(), ec) == 3);
  CHECK(std::string(text.data(), 3) == "end");
  CHECK(f.read_at(far_away - 4096, text.data(), text.size(), ec) == 8);
  CHECK(std::string(text.data(), 8) == std::string(8, '\0'));
}

TEST_CASE("several threads on one file", "[file]") {
  temp_dir dir;
  file f = must_open(dir / "f", open_mode::update);
  constexpr std::size_t block = 4096;
  constexpr std::size_t rounds = 64;
  std::array<int, 4> wrong{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      const std::string mine(block, static_cast<char>('a' + t));
      std::string back(block, '\0');
      for (std::size_t i = 0; i < rounds; ++i) {
        const std::uint64_t at = (i * wrong.size() + t) * block;
        std::error_code ec;
        f.write_at(at, mine.data(), block, ec);
        wrong[t] += ec ? 1 : 0;
        wrong[t] += f.read_at(at, back.data(), block, ec) != block || back != mine ? 1 : 0;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(wrong == std::array<int, 4>{});
  std::error_code ec;
  CHECK(f.size(ec) == wrong.size() * rounds * block);
}

TEST_CASE("length and space", "[file]") {
  temp_dir dir;
  file f = must_open(dir / "f", open_mode::update);
  std::error_code ec;
  f.write_at(0, "0123456789", 10, ec);
  f.reserve(1'000'000, ec);
  CHECK_FALSE(ec);
  CHECK(f.size(ec) == 1'000'000);
  f.resize(4, ec);
  CHECK_FALSE(ec);
  CHECK(f.size(ec) == 4);
  f.resize(6, ec);
  std::array<char, 8> text{};
  CHECK(f.read_at(0, text.data(), text.size(), ec) == 6);
  CHECK(std::string(text.data(), 6) == std::string("0123\0\0", 6));
  f.reserve(0, ec);
  CHECK_FALSE(ec);
  CHECK(f.size(ec) == 0);

  const std::uint64_t space = free_space(dir.path(), ec);
  CHECK_FALSE(ec);
  CHECK(space > 0);
  CHECK(free_space({}, ec) > 0);
  CHECK(free_space(dir / "no", ec) == 0);
  CHECK(ec);
  // More than any disk has.
  f.reserve(std::uint64_t{1} << 60, ec);
  CHECK(ec);
  CHECK(f.size(ec) == 0);
}

TEST_CASE("a lock is one handle's", "[file]") {
  temp_dir dir;
  put(dir / "f", "text");
  std::error_code ec;
  file first = must_open(dir / "f", open_mode::update);
  file second = must_open(dir / "f", open_mode::update);
  CHECK(first.try_lock(ec));
  CHECK_FALSE(ec);
  CHECK_FALSE(second.try_lock(ec));
  CHECK_FALSE(ec);
  // It keeps nobody from the bytes.
  CHECK(get(dir / "f") == "text");
  second.write_at(0, "TEXT", 4, ec);
  CHECK_FALSE(ec);
  first.close();
  CHECK(second.try_lock(ec));
  CHECK_FALSE(ec);
}

TEST_CASE("what stands at a path", "[file]") {
  temp_dir dir;
  const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  put(dir / "f", "12345");
  const path_status s = look(dir / "f");
  CHECK(s.exists);
  CHECK_FALSE(s.directory);
  CHECK(s.size == 5);
  // A file system may keep times in units of two seconds, and lag by one tick of the clock.
  CHECK(s.modified >= before - std::chrono::seconds{2});
  CHECK(s.modified <= before + std::chrono::minutes{10});
  CHECK(look(dir.path()).directory);
}

TEST_CASE("a rename puts one file in the place of another", "[file]") {
  temp_dir dir;
  put(dir / "from", "new");
  put(dir / "to", "old");
  std::error_code ec;
  rename_file(dir / "from", dir / "to", ec);
  CHECK_FALSE(ec);
  CHECK(get(dir / "to") == "new");
  CHECK_FALSE(look(dir / "from").exists);
  rename_file(dir / "to", dir / "away", ec);
  CHECK_FALSE(ec);
  CHECK(get(dir / "away") == "new");
  sync_directory(dir.path(), ec);
  CHECK_FALSE(ec);
  sync_directory({}, ec);
  CHECK_FALSE(ec);
}

TEST_CASE("a file is renamed while it is open", "[file]") {
  temp_dir dir;
  file f = must_open(dir / "f.part", open_mode::update);
  std::error_code ec;
  f.write_at(0, "one", 3, ec);
  rename_file(dir / "f.part", dir / "f", ec);
  CHECK_FALSE(ec);
  f.write_at(3, " two", 4, ec);
  CHECK_FALSE(ec);
  CHECK(get(dir / "f") == "one two");
}

TEST_CASE("a rename waits for who looks at the old file for a moment", "[file]") {
  temp_dir dir;
  put(dir / "from", "new");
  put(dir / "to", "old");
#ifdef _WIN32
  // As a virus scanner holds it: nobody may touch it meanwhile.
  const HANDLE held = ::CreateFileW((dir / "to").c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  REQUIRE(held != INVALID_HANDLE_VALUE);
  std::thread scanner{[held] {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    ::CloseHandle(held);
  }};
#else
  file held = must_open(dir / "to", open_mode::read);
  std::thread scanner{[] {}};
#endif
  std::error_code ec;
  rename_file(dir / "from", dir / "to", ec);
  scanner.join();
  INFO(ec.message());
  CHECK_FALSE(ec);
  CHECK(get(dir / "to") == "new");
}

#ifdef _WIN32
TEST_CASE("a rename does not wait for ever", "[file]") {
  temp_dir dir;
  put(dir / "from", "new");
  put(dir / "to", "old");
  const HANDLE held = ::CreateFileW((dir / "to").c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr,
                                    OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  REQUIRE(held != INVALID_HANDLE_VALUE);
  std::error_code ec;
  rename_file(dir / "from", dir / "to", ec);
  CHECK(ec);
  CHECK(ec.category() == std::system_category());
  ::CloseHandle(held);
  CHECK(get(dir / "from") == "new");
  CHECK(get(dir / "to") == "old");
}
#endif

TEST_CASE("a rename that replaces nothing", "[file]") {
  temp_dir dir;
  put(dir / "from", "new");
  put(dir / "to", "old");
  std::error_code ec;
  rename_if_absent(dir / "from", dir / "to", ec);
  CHECK(ec == std::errc::file_exists);
  CHECK(get(dir / "to") == "old");
  CHECK(get(dir / "from") == "new");
  remove_file(dir / "to", ec);
  CHECK_FALSE(ec);
  rename_if_absent(dir / "from", dir / "to", ec);
  CHECK_FALSE(ec);
  CHECK(get(dir / "to") == "new");
  CHECK_FALSE(look(dir / "from").exists);
}

TEST_CASE("no file takes the place of a folder", "[file]") {
  temp_dir dir;
  put(dir / "from", "new");
  std::error_code ec;
  make_directories(dir / "to" / "deep", ec);
  REQUIRE_FALSE(ec);
  rename_file(dir / "from", dir / "to", ec);
  CHECK(ec);
  rename_if_absent(dir / "from", dir / "to", ec);
  CHECK(ec == std::errc::file_exists);
  CHECK(get(dir / "from") == "new");
}

TEST_CASE("folders", "[file]") {
  temp_dir dir;
  std::error_code ec;
  make_directories(dir / "a" / "b" / "c", ec);
  CHECK_FALSE(ec);
  CHECK(look(dir / "a" / "b" / "c").directory);
  make_directories(dir / "a" / "b" / "c", ec);
  CHECK_FALSE(ec);
  make_directories({}, ec);
  CHECK_FALSE(ec);
  put(dir / "f", "");
  make_directories(dir / "f" / "below", ec);
  CHECK(ec);
}

TEST_CASE("the names in a folder", "[file]") {
  temp_dir dir;
  std::error_code ec;
  put(dir / "a", "");
  put(dir / ".b", "");
  make_directories(dir / "c" / "d", ec);
  const file_names three = names_in(dir.path(), 3, ec);
  if (ec == std::errc::operation_not_supported) return;  // where one file may have two names
  CHECK_FALSE(ec);
  const auto native = [](const char* text) { return std::filesystem::path{text}.native(); };
  CHECK(three == file_names{native("a"), native(".b"), native("c")});
  names_in(dir.path(), 2, ec);
  CHECK(ec == std::errc::value_too_large);
  CHECK(names_in(dir / "nothing", 3, ec).empty());
  CHECK_FALSE(ec);
  names_in(dir / "a", 3, ec);
  CHECK(ec == std::errc::not_a_directory);
}

TEST_CASE("names in any script", "[file]") {
  temp_dir dir;
  std::error_code ec;
  make_directories(dir / foreign_name(), ec);
  REQUIRE_FALSE(ec);
  const fs::path path = dir / foreign_name() / foreign_name();
  put(path, "text");
  CHECK(get(path) == "text");
  CHECK(look(path).size == 4);
  // As everybody else sees it.
  const auto first = fs::directory_iterator{dir / foreign_name()};
  CHECK(first->path().filename() == foreign_name());
  rename_file(path, dir / "plain", ec);
  CHECK_FALSE(ec);
  CHECK(get(dir / "plain") == "text");
}

TEST_CASE("paths longer than Windows used to take", "[file]") {
  temp_dir dir;
  fs::path deep = dir.path();
  for (int i = 0; i < 8; ++i) deep /= std::string(50, static_cast<char>('a' + i));
  REQUIRE(deep.native().size() > 400);
  std::error_code ec;
  make_directories(deep, ec);
  INFO(ec.message());
  REQUIRE_FALSE(ec);
  CHECK(look(deep).directory);
  put(deep / "f", "text");
  CHECK(get(deep / "f") == "text");
  CHECK(look(deep / "f").size == 4);
  {
    file f = must_open(deep / "f", open_mode::update);
    f.reserve(100, ec);
    CHECK_FALSE(ec);
  }
  CHECK(free_space(deep, ec) > 0);
  CHECK_FALSE(ec);
  rename_file(deep / "f", deep / "g", ec);
  CHECK_FALSE(ec);
  rename_if_absent(deep / "g", deep / "h", ec);
  CHECK_FALSE(ec);
  sync_directory(deep, ec);
  CHECK_FALSE(ec);
  CHECK(look(deep / "h").size == 100);
  remove_file(deep / "h", ec);
  CHECK_FALSE(ec);
  CHECK_FALSE(look(deep / "h").exists);
#ifdef _WIN32
  // What tidies up after the test may know short paths only.
  for (; deep != dir.path(); deep = deep.parent_path()) {
    CHECK(::RemoveDirectoryW((LR"(\\?\)" + fs::path{deep}.make_preferred().native()).c_str()));
  }
#endif
}

#ifdef _WIN32
TEST_CASE("names of devices are no files", "[file]") {
  temp_dir dir;
  for (const char* name : {"NUL", "nul.txt", "CON", "COM1", "LPT9.x"}) {
    INFO(name);
    std::error_code ec;
    CHECK_FALSE(file::open(dir / name, open_mode::update, ec).is_open());
    CHECK(ec == haul::errc::invalid_target);
    status_of(dir / name, ec);
    CHECK(ec == haul::errc::invalid_target);
  }
  CHECK(fs::is_empty(dir.path()));
  put(dir / "NULL.txt", "text");
  CHECK(get(dir / "NULL.txt") == "text");
}
#endif

TEST_CASE("a file for its owner only", "[file]") {
  temp_dir dir;
  {
    file f = must_open(dir / "f", open_mode::create_private);
    std::error_code ec;
    f.write_at(0, "secret", 6, ec);
    CHECK_FALSE(ec);
  }
  CHECK(get(dir / "f") == "secret");
#ifdef _WIN32
  // Nothing for those who are not named.
  PACL list = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const std::wstring name = (dir / "f").native();
  REQUIRE(::GetNamedSecurityInfoW(name.c_str(), SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, nullptr,
                                  nullptr, &list, nullptr, &descriptor) == 0);
  REQUIRE(list);
  CHECK(list->AceCount > 0);
  for (const WELL_KNOWN_SID_TYPE group :
       {WinWorldSid, WinBuiltinUsersSid, WinAuthenticatedUserSid, WinBuiltinGuestsSid}) {
    std::uint64_t sid[16];
    DWORD sid_size = sizeof sid;
    REQUIRE(::CreateWellKnownSid(group, nullptr, sid, &sid_size));
    for (DWORD i = 0; i < list->AceCount; ++i) {
      void* ace = nullptr;
      REQUIRE(::GetAce(list, i, &ace));
      auto* allowed = static_cast<ACCESS_ALLOWED_ACE*>(ace);
      const bool grants = allowed->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && allowed->Mask != 0;
      CHECK_FALSE((grants && ::EqualSid(&allowed->SidStart, sid)));
    }
  }
  ::LocalFree(descriptor);
#else
  CHECK(fs::status(dir / "f").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
#endif
}

#ifdef _WIN32
TEST_CASE("the certificates that Windows trusts", "[file][trust]") {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  REQUIRE(context);
  detail::trust_as_windows_does(context);
  const auto count = sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context)));
  const HCERTSTORE roots = ::CertOpenSystemStoreW(0, L"ROOT");
  int there = 0;
  PCCERT_CONTEXT c = nullptr;
  while ((c = ::CertEnumCertificatesInStore(roots, c)) != nullptr) ++there;
  ::CertCloseStore(roots, 0);
  INFO(there << " in the store");
  CHECK(there > 0);
  CHECK(count > 0);
  CHECK(count <= there);
  SSL_CTX_free(context);
}
#endif
