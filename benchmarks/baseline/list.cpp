// The loop that an expert would write by hand for a list of small files: N kept connections, each
// asked for the next file as soon as it has given one; poll, read, create, write, close.
//
// usage: list_loop BASE_URL COUNT FOLDER CONNECTIONS [CA [late]]  fetches BASE_URL0, BASE_URL1, ...
//
// `late`: a file gets its name when it is complete, as haul's do. What that costs is not haul's.

#include "wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t room = 256 * 1024;  // a head and a small file

struct lane {
  int socket = -1;
  SSL* ssl = nullptr;
  std::size_t file = 0;
  std::size_t have = 0;
  std::size_t need = 0;  // head and body; 0 is not known yet
  std::size_t head = 0;
  bool busy = false;
  std::vector<char> buffer = std::vector<char>(room);
};

void send_all(lane& l, const std::string& text) {
  const auto n = static_cast<int>(text.size());
  const bool all = l.ssl ? SSL_write(l.ssl, text.data(), n) == n
                         : ::send(l.socket, text.data(), text.size(), MSG_NOSIGNAL) == n;
  if (!all) baseline::fail("send");
}

void save(const lane& l, const std::string& folder, bool late) {
  const std::string name = folder + '/' + std::to_string(l.file);
  const int f = late ? ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0644)
                     : ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const std::size_t n = l.need - l.head;
  if (f < 0 || ::write(f, l.buffer.data() + l.head, n) != static_cast<ssize_t>(n)) {
    baseline::fail(name.c_str());
  }
  if (late && ::linkat(f, "", AT_FDCWD, name.c_str(), AT_EMPTY_PATH) != 0) {
    baseline::fail(name.c_str());
  }
  ::close(f);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const baseline::place base{argv[1]};
  const std::size_t count = std::stoul(argv[2]);
  const std::string folder = argv[3];
  std::vector<lane> lanes(std::stoul(argv[4]));
  const bool late = argc > 6 && std::string_view{argv[6]} == "late";
  SSL_CTX* const tls = base.tls ? baseline::tls_context(argc > 5 ? argv[5] : "") : nullptr;
  std::size_t next = 0;
  std::size_t done = 0;
  const auto ask = [&](lane& l) {
    l.busy = next < count;
    if (!l.busy) return;
    l.file = next++;
    l.have = l.need = l.head = 0;
    baseline::place at = base;
    at.path += std::to_string(l.file);
    send_all(l, baseline::request(at));
  };
  for (lane& l : lanes) {
    l.socket = baseline::connect_to(base.port);
    if (tls) l.ssl = baseline::tls_over(tls, l.socket);
    ask(l);
  }
  std::vector<pollfd> waiting(lanes.size());
  while (done < count) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      waiting[i] = {lanes[i].busy ? lanes[i].socket : -1, POLLIN, 0};
    }
    if (::poll(waiting.data(), waiting.size(), -1) < 0) baseline::fail("poll");
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      lane& l = lanes[i];
      if (!l.busy || waiting[i].revents == 0) continue;
      do {
        char* const to = l.buffer.data() + l.have;
        const std::size_t most = l.buffer.size() - l.have;
        const auto got =
            l.ssl ? SSL_read(l.ssl, to, static_cast<int>(most)) : ::recv(l.socket, to, most, 0);
        if (got <= 0) baseline::fail("read");
        l.have += static_cast<std::size_t>(got);
      } while (l.ssl && SSL_has_pending(l.ssl) && l.have < l.buffer.size());
      const std::string_view text{l.buffer.data(), l.have};
      if (l.need == 0) {
        const std::size_t end = text.find("\r\n\r\n");
        if (end == std::string_view::npos) continue;
        l.head = end + 4;
        l.need = l.head + baseline::body_length(text.substr(0, l.head));
      }
      if (l.have < l.need) continue;
      save(l, folder, late);
      ++done;
      ask(l);
    }
  }
  return 0;
}
