// The loop that an expert would write by hand for one large file: recv (or SSL_read) into a large
// buffer, pwrite, after fallocate. With N connections: N threads, each with its share of the file.
//
// usage: large_loop URL FILE [CONNECTIONS [CA]]

#include "wire.hpp"

#include <algorithm>
#include <fcntl.h>
#include <thread>
#include <vector>

namespace {

using baseline::connection;

struct job {
  baseline::place at;
  SSL_CTX* tls = nullptr;
  int file = -1;
};

void write_all(int file, const char* from, std::size_t n, std::uint64_t at) {
  while (n > 0) {
    const ssize_t done = ::pwrite(file, from, n, static_cast<off_t>(at));
    if (done <= 0) baseline::fail("pwrite");
    from += done;
    at += static_cast<std::uint64_t>(done);
    n -= static_cast<std::size_t>(done);
  }
}

void body(const job& j, connection& c, std::vector<char>& buffer, std::size_t have,
          std::uint64_t at, std::uint64_t length) {
  const std::uint64_t end = at + length;
  if (have > 0) write_all(j.file, buffer.data(), have, at);
  at += have;
  while (at < end) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at));
    const std::size_t got = c.read(buffer.data(), most);
    write_all(j.file, buffer.data(), got, at);
    at += got;
  }
}

void part(const job& j, std::uint64_t begin, std::uint64_t end) {
  connection c{j.at, j.tls};
  c.write(baseline::request(j.at, std::to_string(begin) + '-' + std::to_string(end - 1)));
  std::vector<char> buffer(c.block());
  std::uint64_t length = 0;
  const std::size_t have = baseline::read_head(c, buffer, length);
  if (length != end - begin) baseline::fail("range");
  body(j, c, buffer, have, begin, length);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  job j{baseline::place{argv[1]}};
  const unsigned connections = argc > 3 ? static_cast<unsigned>(std::stoul(argv[3])) : 1;
  if (j.at.tls) j.tls = baseline::tls_context(argc > 4 ? argv[4] : "");
  j.file = ::open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (j.file < 0) baseline::fail(argv[2]);
  std::uint64_t total = 0;
  if (connections == 1) {
    connection c{j.at, j.tls};
    c.write(baseline::request(j.at));
    std::vector<char> buffer(c.block());
    const std::size_t have = baseline::read_head(c, buffer, total);
    ::posix_fallocate(j.file, 0, static_cast<off_t>(total));
    body(j, c, buffer, have, 0, total);
  } else {
    {
      connection c{j.at, j.tls};
      c.write("HEAD " + j.at.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      std::vector<char> buffer(c.block());
      baseline::read_head(c, buffer, total);
    }
    ::posix_fallocate(j.file, 0, static_cast<off_t>(total));
    std::vector<std::thread> threads;
    const std::uint64_t share = total / connections + 1;
    for (unsigned i = 0; i < connections; ++i) {
      const std::uint64_t begin = i * share;
      if (begin < total)
        threads.emplace_back(part, std::cref(j), begin, std::min(total, begin + share));
    }
    for (auto& t : threads) t.join();
  }
  return ::close(j.file) == 0 ? 0 : 1;
}
