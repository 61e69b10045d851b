#include "network.hpp"

#include <haul/http/date.hpp>
#include <haul/http/grammar.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace haul::sim {
namespace {

using namespace std::chrono_literals;

std::string date_text(std::chrono::sys_seconds at) {
  using namespace std::chrono;
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(at);
  const year_month_day ymd{day};
  const hh_mm_ss time{at - day};
  char text[40];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                days[weekday{day}.c_encoding()], static_cast<unsigned>(ymd.day()),
                months[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

struct asked {
  std::string path;
  std::string query;
  bool ranged = false;
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;
};

asked read_request(std::string_view head) {
  asked a;
  const std::size_t space = head.find(' ');
  a.path = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
  if (const std::size_t mark = a.path.find('?'); mark != std::string::npos) {
    a.query = a.path.substr(mark + 1);
    a.path.resize(mark);
  }
  const std::size_t at = head.find("\r\nRange: bytes=");
  if (at == std::string_view::npos) return a;
  a.ranged = true;
  const char* from = head.data() + at + 15;
  const char* end = head.data() + head.size();
  from = std::from_chars(from, end, a.first).ptr;
  std::uint64_t last = 0;
  if (std::from_chars(from + 1, end, last).ec == std::errc{}) a.last = last;
  return a;
}

}  // namespace

std::string version::etag() const { return "\"v" + std::to_string(seed % 1'000'000) + "\""; }

std::string bytes_of(std::uint64_t seed, std::size_t size) {
  std::string s(size, '\0');
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = dice::mix(seed + at * 0x9e3779b97f4a7c15u);
    std::memcpy(s.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return s;
}

void wire::wake(std::error_code ec) {
  if (!waiting) return;
  const auto w = std::exchange(waiting, nullptr);
  if (w->claim()) w->complete(ec);
}

site& network::add(const std::string& host) {
  auto& s = sites_[host];
  if (!s) s = std::make_unique<site>();
  s->host = host;
  return *s;
}

site* network::find(const std::string& host) {
  const auto at = sites_.find(host);
  return at == sites_.end() ? nullptr : at->second.get();
}

std::string network::issue_ticket() {
  tickets_.push_back(world_.now());
  return "?ticket=" + std::to_string(tickets_.size() - 1);
}

void network::renew_tickets() {
  constexpr duration long_time = 10h;
  for (time_point& t : tickets_) t = world_.now() - long_time;
  for (const auto& [host, s] : sites_) {
    if (s->ticket_life != duration{}) s->ticket_life = long_time;
  }
}

bool network::good_ticket(const site& s, std::string_view query) const {
  if (s.ticket_life == duration{}) return true;
  static constexpr std::string_view name = "ticket=";
  std::size_t n = tickets_.size();
  if (query.starts_with(name)) {
    std::from_chars(query.data() + name.size(), query.data() + query.size(), n);
  }
  return n < tickets_.size() && world_.now() - tickets_[n] < s.ticket_life;
}

void network::arrived(const wire_ptr& w, std::string bytes) {
  w->flying += bytes;
  world_.after(w->to->latency, 0, [this, w] {
    w->request += std::exchange(w->flying, {});
    serve(w);
  });
}

void network::serve(const wire_ptr& w) {
  if (w->busy || w->over || w->gone) return;
  const std::size_t end = w->request.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string head = w->request.substr(0, end + 4);
  w->request.erase(0, end + 4);
  w->busy = true;
  answer(w, head);
}

/// Makes up the reply to a request: head, body, and what goes wrong with it.
void network::answer(const wire_ptr& w, std::string_view head) {
  site& s = *w->to;
  dice& d = world_.random;
  const bool bad = world_.faults;
  const auto happens = [&](unsigned permille) { return bad && d.chance(permille); };
  ++requests;
  const asked a = read_request(head);
  w->out.clear();
  w->sent = 0;
  w->cut_at.reset();
  w->stall_at.reset();
  w->dripping = false;
  w->close_after = !s.keep_alive;

  std::string status = "200 OK";
  std::string fields;
  std::string_view body;
  std::string made;  // when the body is not a part of the file
  std::string why;
  bool chunked = false;
  bool until_close = false;
  bool with_length = true;
  std::optional<std::uint64_t> length;

  const auto place = s.files.find(a.path);
  const auto moved = s.redirects.find(a.path);
  if (happens(s.busy)) {
    status = d.pick<const char*>({"429 Too Many Requests", "503 Service Unavailable",
                                  "500 Internal Server Error", "502 Bad Gateway",
                                  "504 Gateway Timeout", "408 Request Timeout"});
    if (d.chance(700)) {
      const auto wait = std::chrono::seconds{d.pick<std::uint64_t>({0, 1, 2, 3, 5, 3600})};
      fields += "Retry-After: ";
      fields +=
          d.chance(500) ? std::to_string(wait.count()) : date_text(world_.wall_clock() + wait);
      fields += "\r\n";
    }
    made = "come again";
    why = "busy";
  } else if (happens(s.denied)) {
    status = d.pick<const char*>({"404 Not Found", "403 Forbidden", "410 Gone", "418 Teapot",
                                  "204 No Content", "304 Not Modified", "999 What"});
    made = status.starts_with("204") || status.starts_with("304") ? "" : "no";
    why = "denied";
  } else if (happens(s.circle)) {
    status = "302 Found";
    switch (d.below(4)) {
      case 0:
        fields += "Location: " + a.path + "\r\n";
        break;
      case 1:
        fields += "Location: http://nowhere.test/x\r\n";
        break;
      case 2:
        fields += "Location: ftp://old.test/x\r\n";
        break;
      default:
        break;
    }
    why = "circle";
  } else if (moved != s.redirects.end()) {
    status = std::to_string(s.redirect_status) + " Moved";
    fields += "Location: " + moved->second + "\r\n";
  } else if (place == s.files.end()) {
    status = "404 Not Found";
    made = "no such file";
  } else if (!good_ticket(s, a.query)) {
    status = "403 Forbidden";
    made = "this URL has expired";
    why = "expired";
    ++expired;
  } else {
    resource& r = *place->second;
    if (happens(s.change) && r.current + 1 < r.versions.size()) {
      ++r.current;
      r.versions[r.current].modified = world_.wall_clock();
      why += " changed";
    } else if (happens(s.flip)) {
      // One of several servers behind a name, which do not all have the same.
      std::size_t known = 0;
      while (known < r.versions.size() && r.versions[known].modified.time_since_epoch().count())
        ++known;
      if (known > 0) r.current = d.below(known);
      why += " flipped";
    }
    version& v = r.versions[r.current];
    v.served = true;
    const std::uint64_t total = v.bytes.size();
    if (!happens(s.drop_validators)) {
      if (s.says == validators::strong || s.says == validators::both) {
        fields += "ETag: " + v.etag() + "\r\n";
      }
      if (s.says == validators::weak) fields += "ETag: W/" + v.etag() + "\r\n";
      if (s.says == validators::dated || s.says == validators::both) {
        fields += "Last-Modified: " + date_text(v.modified) + "\r\n";
      }
    }
    if (s.accepts_ranges && s.ranges) fields += "Accept-Ranges: bytes\r\n";
    if (s.disposition) fields += "Content-Disposition: attachment; filename=\"given.bin\"\r\n";
    const bool ranged = a.ranged && s.ranges && !happens(s.ignore);
    if (ranged && a.first >= total) {
      status = "416 Range Not Satisfiable";
      fields += "Content-Range: bytes */" + std::to_string(total) + "\r\n";
      made = "no such range";
    } else {
      std::uint64_t first = 0;
      std::uint64_t end = total;
      if (ranged) {
        first = a.first;
        end = a.last ? std::min(total, *a.last + 1) : total;
        if (happens(s.shift)) {
          if (d.chance(500) && end > 1) {
            first = d.below(end);
          } else {
            const std::uint64_t by = d.between(1, 5000);
            first = first > by ? first - by : 0;
            end = std::max(first + 1, end > by ? end - by : 1);
          }
          why += " shifted";
        }
        if (happens(s.shorten) && end - first > 1) {
          end = first + d.between(1, end - first - 1);
          why += " shortened";
        }
        if (happens(s.overlap)) {
          const std::uint64_t by = d.between(1, 9000);
          first = first > by ? first - by : 0;
          end = std::min(total, end + d.below(9000));
          why += " overlapping";
        }
        status = "206 Partial Content";
        std::string range = "Content-Range: bytes " + std::to_string(first) + "-" +
                            std::to_string(end - 1) + "/" +
                            (s.total_unknown ? "*" : std::to_string(total)) + "\r\n";
        if (happens(s.bad_range_head)) {
          why += " bad Content-Range";
          switch (d.below(4)) {
            case 0:
              range.clear();
              break;
            case 1:
              range = "Content-Range: bytes 5-3/7\r\n";
              break;
            case 2:
              range += range;
              break;
            default:
              range = "Content-Range: bytes " + std::to_string(first) + "-" +
                      std::to_string(end - 1) + "/" + std::to_string(total + 1) + "\r\n";
          }
        }
        fields += range;
      } else {
        chunked = s.chunked;
        until_close = s.until_close;
      }
      body = std::string_view{v.bytes}.substr(first, end - first);
      if (happens(s.wrong_bytes) && !body.empty()) {
        made = body;
        made[d.below(made.size())] ^= 0x20;
        body = {};
        why += " wrong bytes";
      } else if (happens(s.torn) && r.versions.size() > 1) {
        made = body;
        const version& other = r.versions[(r.current + 1) % r.versions.size()];
        for (std::size_t i = d.below(made.size() + 1); i < made.size(); ++i) {
          if (first + i < other.bytes.size()) made[i] = other.bytes[first + i];
        }
        body = {};
        why += " two versions in one";
      } else if (happens(s.truncated) && !ranged && body.size() > 1) {
        body = body.substr(0, d.below(body.size()));
        why += " less than there is";
      }
      if (happens(s.gzip)) {
        fields += "Content-Encoding: gzip\r\n";
        why += " gzip";
      }
    }
  }
  if (!made.empty()) body = made;
  length = body.size();
  if (until_close || chunked) with_length = false;
  const bool wrong_length = happens(s.bad_length);
  if (wrong_length) {
    why += " bad Content-Length";
    switch (d.below(3)) {
      case 0:
        length = *length + d.between(1, 100);
        w->close_after = true;
        break;
      case 1:
        fields += "Content-Length: 1x\r\n";
        break;
      default:
        fields += "Content-Length: 12\r\nContent-Length: 13\r\n";
    }
  }
  const bool bodiless = status.starts_with("204") || status.starts_with("304");
  if (with_length && !bodiless) fields += "Content-Length: " + std::to_string(*length) + "\r\n";
  if (chunked) fields += "Transfer-Encoding: chunked\r\n";
  if (until_close) w->close_after = true;
  if (w->close_after && d.chance(700)) fields += "Connection: close\r\n";
  fields += "Date: " + date_text(world_.wall_clock()) + "\r\n";

  std::string& out = w->out;
  if (happens(s.interim)) out += "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
  if (happens(s.bad_head)) {
    why += " bad head";
    out += d.pick<const char*>({"HTTP/1.1 20x OK\r\n", "HTP/1.1 200 OK\r\n",
                                "HTTP/1.1 200 OK\r\nName : x\r\n", "HTTP/2.0 200 OK\r\n",
                                "HTTP/1.1 200 OK\r\nX: \x01\r\n", "\r\n\r\n\r\n"});
  } else {
    out += (until_close ? "HTTP/1.0 " : "HTTP/1.1 ") + status + "\r\n";
  }
  out += fields + "\r\n";
  const std::size_t head_end = out.size();
  if (chunked) {
    std::size_t at = 0;
    const bool spoil = happens(s.bad_chunk);
    const std::size_t spoilt = spoil ? d.below(body.size() + 1) : body.size();
    while (at < body.size()) {
      const std::size_t n = std::min<std::size_t>(body.size() - at, d.between(1, 20'000));
      char size[32];
      std::snprintf(size, sizeof size, "%zx%s\r\n", n, d.chance(100) ? ";ext=1" : "");
      if (spoil && at + n > spoilt) {
        out += d.pick<const char*>({"g\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "\r\n"});
        why += " bad chunk";
        break;
      }
      out += size;
      out.append(body.substr(at, n));
      out += "\r\n";
      at += n;
    }
    if (at == body.size()) out += "0\r\n\r\n";
  } else {
    out += body;
  }
  w->reply_end = out.size();
  // Not with a wrong length: together they would be a lie that nobody can see through.
  if (!wrong_length && happens(s.surplus)) {
    out += "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nextra";
    why += " surplus";
  }
  if (happens(s.cut)) {
    w->cut_at = d.chance(200) ? d.below(head_end + 1) : d.below(out.size() + 1);
    // Where the end of the connection is the end of the file, an orderly end would be a lie.
    w->cut_by_reset = until_close || d.chance(500);
    why += " cut at " + std::to_string(*w->cut_at);
  }
  if (happens(s.stall)) {
    w->stall_at = d.chance(300) ? 0 : d.below(out.size());
    if (!s.late_surplus) w->stall_at = std::min(*w->stall_at, w->reply_end - 1);
    w->stall_for =
        std::chrono::milliseconds{d.pick<std::uint64_t>({100, 1000, 4000, 20'000, 100'000'000})};
    why += " stalls";
  }
  if (happens(s.drip)) {
    w->dripping = true;
    why += " drips";
  }
  body_bytes += body.size();
  if (world_.verbose) {
    std::string range = "all";
    if (a.ranged) {
      range = std::to_string(a.first) + "-" + (a.last ? std::to_string(*a.last) : std::string{});
    }
    world_.say(s.host + " " + a.path + " " + range + " => " + status + ", " +
               std::to_string(body.size()) + " bytes" +
               (place != s.files.end() ? ", version " + std::to_string(place->second->current)
                                       : std::string{}) +
               (why.empty() ? "" : "; " + why));
  }
  go_on(w, s.latency);
}

void network::go_on(const wire_ptr& w, duration delay) {
  world_.after(delay, 0, [this, w] { send(w); });
}

void network::send(const wire_ptr& w) {
  if (w->gone || w->over) return;
  if (w->readable() >= window) {
    w->blocked = true;
    w->wake();
    return;
  }
  const std::size_t end = w->cut_at ? std::min(*w->cut_at, w->out.size()) : w->out.size();
  std::size_t n = std::min(end - w->sent, w->dripping ? std::size_t{1} : w->to->segment);
  // What nobody asked for and comes later cannot be told from the reply to the next request.
  if (!w->to->late_surplus && w->sent + n >= w->reply_end) n = end - w->sent;
  if (w->stall_at && w->sent + n > *w->stall_at) {
    n = *w->stall_at > w->sent ? *w->stall_at - w->sent : 0;
    if (n == 0) {
      w->stall_at.reset();
      return go_on(w, w->stall_for);
    }
  }
  if (w->taken == w->inbox.size()) {
    w->inbox.clear();
    w->taken = 0;
  }
  w->inbox.append(w->out, w->sent, n);
  w->sent += n;
  if (w->sent == end) {
    finish(w);
  } else {
    const auto ns = w->dripping ? std::uint64_t{900'000'000}
                                : n * 1'000'000'000 / std::max<std::uint64_t>(w->to->bandwidth, 1);
    go_on(w, std::chrono::nanoseconds{ns});
  }
  if (w->ready()) w->wake();
}

/// The reply is out, as far as it goes.
void network::finish(const wire_ptr& w) {
  w->busy = false;
  w->out.clear();
  if (w->cut_at || w->close_after) {
    w->over = true;
    w->reset = w->cut_at && w->cut_by_reset;
    return;
  }
  if (world_.faults && world_.random.chance(20)) {
    // Idle connections do not live for ever.
    world_.after(std::chrono::milliseconds{world_.random.below(3000)}, 0, [w] {
      if (w->busy || w->over) return;
      w->over = true;
      w->wake();
    });
  }
  if (!w->request.empty()) serve(w);
}

void network::drained(const wire_ptr& w) {
  if (!w->blocked || w->readable() >= window / 2) return;
  w->blocked = false;
  go_on(w, w->to->latency);
}

}  // namespace haul::sim
