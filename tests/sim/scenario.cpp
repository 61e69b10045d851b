#include "scenario.hpp"

#include <haul/system/digest.hpp>

#include <algorithm>

namespace haul::sim {
namespace {

using std::chrono::milliseconds;

struct fault {
  const char* name;
  unsigned site::*chance;
  bool odd;  // more than a connection that breaks: what was there may not be taken up
};
constexpr fault faults[] = {
    {"refused", &site::refused, false},
    {"unresolved", &site::unresolved, false},
    {"slow connect", &site::slow_connect, false},
    {"busy", &site::busy, false},
    {"denied", &site::denied, false},
    {"circle", &site::circle, false},
    {"cut", &site::cut, false},
    {"stall", &site::stall, false},
    {"ignored range", &site::ignore, true},
    {"shifted range", &site::shift, true},
    {"shortened range", &site::shorten, false},
    {"overlapping range", &site::overlap, false},
    {"bad Content-Range", &site::bad_range_head, true},
    {"gzip", &site::gzip, false},
    {"bad head", &site::bad_head, false},
    {"interim replies", &site::interim, false},
    {"dropped validators", &site::drop_validators, true},
    {"bad chunk", &site::bad_chunk, false},
    {"bad Content-Length", &site::bad_length, true},
    {"surplus", &site::surplus, true},
    {"changing file", &site::change, true},
    {"file that changes to and fro", &site::flip, true},
};
constexpr fault lies[] = {
    {"wrong bytes", &site::wrong_bytes, true},
    {"two versions in one", &site::torn, true},
    {"truncated file", &site::truncated, true},
};

std::size_t roll_size(dice& d) {
  switch (d.below(12)) {
    case 0:
      return 0;
    case 1:
      return d.between(1, 10);
    case 2:
    case 3:
      return d.between(1, 4096);
    case 4:
      return 4096 * d.between(1, 16);
    case 5:
    case 6:
    case 7:
      return d.between(4000, 40'000);
    default:
      return d.between(20'000, 300'000);
  }
}

checksum hash_of(hash_algorithm a, const std::string& bytes) {
  system::digest x{a};
  x.update(bytes.data(), bytes.size());
  return x.finish();
}

void roll_weather(dice& d, scenario& s, site& on, bool hashed) {
  const auto set = [&](const fault& f, unsigned permille) {
    on.*(f.chance) = permille;
    s.weather += std::string{" "} + on.host + ": " + f.name + " " + std::to_string(permille) + ";";
    if (f.odd) s.calm = false;
  };
  switch (d.below(4)) {
    case 0:
      break;
    case 1: {
      const std::size_t n = d.between(1, 2);
      for (std::size_t i = 0; i < n; ++i) {
        set(faults[d.below(std::size(faults))], static_cast<unsigned>(d.between(50, 600)));
      }
      break;
    }
    case 2: {
      const std::size_t n = d.between(2, 6);
      for (std::size_t i = 0; i < n; ++i) {
        set(faults[d.below(std::size(faults))], static_cast<unsigned>(d.between(20, 150)));
      }
      break;
    }
    default:
      for (const fault& f : faults) {
        if (d.chance(600)) set(f, static_cast<unsigned>(d.between(2, 50)));
      }
  }
  if (s.options.min_speed > 0 && d.chance(400)) {
    on.drip = static_cast<unsigned>(d.between(50, 500));
    s.weather += " " + on.host + ": drip;";
  }
  if (hashed && d.chance(400)) {
    set(lies[d.below(std::size(lies))], static_cast<unsigned>(d.between(50, 500)));
  }
}

void roll_site(dice& d, site& x) {
  x.says = d.pick({validators::strong, validators::strong, validators::both, validators::dated,
                   validators::weak, validators::none});
  x.ranges = !d.chance(120);
  x.accepts_ranges = !d.chance(200);
  x.chunked = d.chance(120);
  x.until_close = !x.chunked && d.chance(80);
  x.keep_alive = !d.chance(200);
  x.total_unknown = d.chance(50);
  x.latency = std::chrono::microseconds{d.pick<std::uint64_t>({0, 100, 1000, 10'000, 80'000})};
  x.bandwidth = d.pick<std::uint64_t>({50'000, 200'000, 1'000'000, 5'000'000, 50'000'000});
  x.segment = d.pick<std::size_t>({1460, 4096, 4096, 16'384, 65'536});
  x.segment = std::min<std::size_t>(x.segment, x.bandwidth / 10);  // no silence of its own making
  x.redirect_status = d.pick({301, 302, 303, 307, 308});
}

void roll_options(dice& d, scenario& s) {
  download_options& o = s.options;
  o.connections = static_cast<unsigned>(d.pick<std::uint64_t>({1, 2, 3, 4, 8, 16}));
  o.overwrite = d.chance(200);
  o.resume = !d.chance(100);
  o.durability = d.pick({durability::process, durability::process, durability::power,
                         durability::power, durability::none});
  o.retries = static_cast<unsigned>(d.pick<std::uint64_t>({0, 1, 3, 5, 5}));
  o.retry_delay = milliseconds{d.pick<std::uint64_t>({5, 50, 500})};
  o.max_retry_delay = milliseconds{d.pick<std::uint64_t>({200, 2000, 5000})};
  o.timeouts.connect = milliseconds{d.pick<std::uint64_t>({1000, 4000})};
  o.timeouts.head = milliseconds{d.pick<std::uint64_t>({1000, 5000, 10'000})};
  o.timeouts.stall = milliseconds{d.pick<std::uint64_t>({1000, 3000, 10'000})};
  o.min_speed = d.chance(200) ? 200 : 0;
  o.rate_limit = d.chance(80) ? d.between(100'000, 1'000'000) : 0;
  o.max_redirects = 5;
  o.piece_size = d.pick<std::uint64_t>({4096, 4096, 8192, 32'768, 1 << 20});
  o.progress_interval = milliseconds{d.pick<std::uint64_t>({10, 50, 200})};
  session_options& x = s.session;
  x.proxy_from_environment = false;
  x.buffer_size = d.pick<std::size_t>({4096, 4096, 8192, 16'384, 65'536});
  d.pick<std::size_t>({2, 3, 8, 32});  // what a seed stands for does not change
  x.connections_per_host = static_cast<unsigned>(d.pick<std::uint64_t>({1, 2, 4, 8, 32}));
  x.rate_limit = d.chance(50) ? d.between(100'000, 1'000'000) : 0;
  x.idle_timeout = milliseconds{d.pick<std::uint64_t>({100, 5000, 30'000})};
  s.slowest_job = std::chrono::microseconds{d.pick<std::uint64_t>({0, 50, 1000, 20'000})};
}

/// Something that differs from `bytes`, as a file that was damaged does.
std::string damage(dice& d, const std::string& bytes) {
  std::string x = bytes;
  switch (d.below(6)) {
    case 0:
      x.resize(d.below(x.size() + 1));
      break;
    case 1:
      x += bytes_of(d.next(), d.between(1, 5000));
      break;
    case 2:
      x = bytes_of(d.next(), x.size());
      break;
    default:
      for (std::size_t n = d.below(5); n > 0 && !x.empty(); --n) x[d.below(x.size())] ^= 1;
  }
  return x;
}

/// A damaged file at the target, to be repaired.
void roll_repair(dice& d, file_plan& f, universe& u) {
  if (!f.hashed) f.hashed = d.below(f.what->versions.size());
  const std::string& bytes = f.what->versions[*f.hashed].bytes;
  if (f.checksums.empty() && !f.pieces) {
    f.checksums.push_back(hash_of(hash_algorithm::sha256, bytes));
  }
  if (!f.pieces && !bytes.empty() && d.chance(700)) {
    f.pieces.emplace(hash_algorithm::sha1, d.pick<std::uint64_t>({1000, 4096, 10'000}));
    for (std::size_t at = 0; at < bytes.size(); at += f.pieces->piece_size()) {
      f.pieces->add(hash_of(hash_algorithm::sha1, bytes.substr(at, f.pieces->piece_size())));
    }
    f.size_given = f.size_given || d.chance(700);
  }
  if (d.chance(50)) return;  // there is nothing to repair
  f.before = damage(d, bytes);
  u.d.put(f.target, *f.before);
  if (!f.size_given && f.before->size() != bytes.size()) return;
  std::uint64_t wrong = 0;
  const std::size_t step =
      f.pieces ? f.pieces->piece_size() : std::max<std::size_t>(1, bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const std::size_t n = std::min(step, bytes.size() - at);
    const bool there = f.before->size() >= at + n;
    if (!there || f.before->compare(at, n, bytes, at, n) != 0) wrong += n;
  }
  f.to_fetch = wrong;
}

/// What came later: from dice of its own, so that all else is as it was for every seed. This number
/// keeps it away from the seeds in found.txt.
constexpr std::uint64_t more_salt = 8;

void roll_more(scenario& s, universe& u) {
  dice d{dice::mix(s.seed ^ more_salt)};
  if (!d.chance(150)) return;
  const std::uint64_t what = d.below(6);
  const bool file = s.files.front().path == s.files.front().target;
  if (s.form == shape::single && (what == 0 || what == 3)) {
    rival_plan r;
    r.when = milliseconds{d.pick<std::uint64_t>({0, 0, 5, 50, 500, d.below(5000)})};
    r.same_session = d.chance(250);
    s.rival = r;
    s.calm = false;
  }
  if (file && (what == 1 || what == 3)) {
    s.options.repair = s.batch.download.repair = true;
    for (file_plan& f : s.files) roll_repair(d, f, u);
    s.calm = false;
  }
  if (what == 2 || what == 3) {
    s.refresh = true;
    s.lost_for_urls = d.chance(300) ? static_cast<unsigned>(d.between(50, 500)) : 0;
    if (s.lost_for_urls) s.calm = false;
    const std::string first = u.n.issue_ticket();
    for (auto& [host, x] : u.n.sites()) {
      if (!x->files.empty()) x->ticket_life = milliseconds{d.pick({1, 100, 500, 2000, 10'000})};
      for (auto& [from, to] : x->redirects) to += first;
    }
    for (file_plan& f : s.files) {
      f.url += first;
      for (std::string& m : f.mirrors) m += first;
    }
  }
  if (what == 4) {
    // A server of the plainest kind, on a bad line.
    for (auto& [host, x] : u.n.sites()) {
      x->ranges = false;
      x->until_close = x->until_close && x->surplus == 0;
      x->chunked = !x->until_close && d.chance(700);
      x->cut = static_cast<unsigned>(d.between(100, 500));
      s.weather += " " + host + ": no ranges, cut " + std::to_string(x->cut) + ";";
    }
    s.calm = false;
  }
  if (what == 5) {
    // Time for a journal of many records, of which the loss of power tears one.
    s.options.durability = s.batch.download.durability = durability::power;
    s.options.resume = s.batch.download.resume = true;
    u.d.track = true;
    for (auto& [host, x] : u.n.sites()) {
      x->bandwidth = 20'000;
      x->segment = std::min<std::size_t>(x->segment, 1460);
    }
    for (std::size_t n = d.between(1, 3); n > 0; --n) {
      s.crashes.push_back(crash_plan{crash_kind::power, d.between(1, 100), {}});
    }
  }
}

}  // namespace

scenario make_scenario(std::uint64_t seed, universe& u) {
  scenario s;
  s.seed = seed;
  s.calm = true;
  dice d{seed ^ 0x5ce4a810};
  switch (d.below(10)) {
    case 0:
      s.form = shape::several;
      break;
    case 1:
    case 2:
      s.form = shape::batch;
      break;
    default:
      break;
  }
  roll_options(d, s);
  s.session.implicit_strand = seed % 2 == 0;  // one thread runs all of it
  s.sink = d.chance(60) ? sink_kind::slow : d.chance(20) ? sink_kind::throwing : sink_kind::plain;

  const bool hashed = d.chance(350);
  const bool by_redirect = d.chance(120);
  const bool mirrors = d.chance(250);
  site& a = u.n.add("a.test");
  roll_site(d, a);
  site* b = nullptr;
  if (mirrors) {
    b = &u.n.add("b.test");
    roll_site(d, *b);
    if (d.chance(300)) b->says = a.says;
  }
  const bool secure = d.chance(150);
  const std::string scheme = secure ? "https://" : "http://";

  const std::size_t n = s.form == shape::single ? 1 : d.between(2, s.form == shape::batch ? 6 : 3);
  for (std::size_t i = 0; i < n; ++i) {
    file_plan f;
    f.what = std::make_shared<resource>();
    const std::size_t versions = d.between(1, 3);
    const std::size_t size = s.form == shape::single ? roll_size(d) : roll_size(d) / 2;
    for (std::size_t v = 0; v < versions; ++v) {
      version made;
      made.seed = dice::mix(seed * 64 + i * 8 + v);
      made.bytes = bytes_of(made.seed, v == 0 || d.chance(500) ? size : roll_size(d));
      f.what->versions.push_back(std::move(made));
    }
    f.what->versions[0].modified = u.w.wall_clock() - std::chrono::hours{1000};
    const std::string name = "f" + std::to_string(i) + ".bin";
    const std::string place = "/" + name;
    a.files[place] = f.what;
    if (b) b->files[place] = f.what;
    f.url = scheme + "a.test" + place;
    if (b) f.mirrors.push_back(scheme + "b.test" + place);
    if (by_redirect) {
      site& www = u.n.add("www.test");
      www.redirects[place] = f.url;
      f.url = scheme + "www.test" + place;
    }
    f.path = "d/" + name;
    f.target = f.path;
    if (s.form == shape::single && d.chance(100)) {
      f.path = "d/";
      a.disposition = d.chance(500) && !b;
      if (a.disposition) f.target = "d/given.bin";
    }
    if (hashed) {
      f.hashed = d.below(versions);
      const std::string& bytes = f.what->versions[*f.hashed].bytes;
      f.checksums.push_back(hash_of(
          d.pick({hash_algorithm::sha256, hash_algorithm::md5, hash_algorithm::sha1}), bytes));
      f.size_given = d.chance(300);
      if (!bytes.empty() && d.chance(400)) {
        const std::uint64_t piece = d.pick<std::uint64_t>({1000, 4096, 10'000, 65'536});
        f.pieces.emplace(hash_algorithm::sha1, piece);
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
          f.pieces->add(hash_of(hash_algorithm::sha1, bytes.substr(at, piece)));
        }
        if (d.chance(500)) f.checksums.clear();
      }
    }
    if (d.chance(60)) {
      f.before = bytes_of(dice::mix(seed + 77), d.between(0, 5000));
      u.d.put(f.target, *f.before);
    }
    s.files.push_back(std::move(f));
  }
  if (s.form == shape::batch) {
    s.batch.order = d.chance(200) ? batch_order::sequential : batch_order::parallel;
    s.batch.max_concurrent = static_cast<unsigned>(d.between(1, 4));
    s.batch.rate_limit = d.chance(80) ? d.between(100'000, 1'000'000) : 0;
    s.batch.download = s.options;
  }
  for (auto& [host, x] : u.n.sites()) {
    if (host == "www.test") roll_site(d, *x);
    roll_weather(d, s, *x, hashed);
    // An orderly end of the connection ends such a file, wherever it comes.
    if (x->until_close && x->surplus) x->surplus = 0;
    // Later than the reply, it may be the reply to the next request: only a hash can tell.
    x->late_surplus = hashed;
  }
  if (d.chance(200)) u.w.disk_fault = static_cast<unsigned>(d.between(1, 60));
  if (d.chance(100)) u.w.local_fault = static_cast<unsigned>(d.between(1, 20));
  if (d.chance(60)) u.d.capacity = d.below(400'000);

  // Roughly as long as the download takes.
  std::uint64_t total = 0;
  for (const file_plan& f : s.files) total += f.what->versions[0].bytes.size();
  const std::uint64_t span = 50 + total * 1000 / a.bandwidth * 2;
  const auto some_time = [&] { return milliseconds{d.below(span)}; };
  if (d.chance(300)) {
    const std::size_t turns = d.between(1, 4);
    for (std::size_t i = 0; i < turns; ++i) {
      control c;
      c.file = d.below(n);
      c.when = some_time();
      switch (d.below(8)) {
        case 0:
          c.what = control::kind::stop;
          break;
        case 1:
          c.what = control::kind::rate;
          c.value = d.pick<std::uint64_t>({0, 100'000, 500'000});
          break;
        case 2:
          c.what = control::kind::cancel;
          break;
        default:
          c.what = control::kind::pause;
          s.controls.push_back(c);
          c.what = control::kind::resume;
          c.when += milliseconds{d.pick<std::uint64_t>({0, 1, 20, 500, 40'000})};
      }
      s.controls.push_back(c);
    }
  }
  if (d.chance(150)) {
    control c;
    c.what = control::kind::change;
    c.file = d.below(n);
    c.when = some_time();
    s.controls.push_back(c);
    s.calm = false;
  }
  if (d.chance(350)) {
    const std::size_t crashes = d.between(1, 3);
    for (std::size_t i = 0; i < crashes; ++i) {
      crash_plan c;
      if (s.options.durability == durability::power && d.chance(700)) c.how = crash_kind::power;
      if (d.chance(600)) {
        c.after_changes = d.between(1, d.pick<std::uint64_t>({5, 30, 150}));
      } else {
        c.when = some_time();
      }
      s.crashes.push_back(c);
    }
  }
  u.d.track = s.options.durability == durability::power;
  roll_more(s, u);
  return s;
}

std::string scenario::text() const {
  std::string t;
  const auto line = [&](const std::string& x) { t += "  " + x + "\n"; };
  const auto number = [](auto n) { return std::to_string(n); };
  line(std::string{"form: "} +
       (form == shape::single    ? "one file"
        : form == shape::several ? "several tasks"
                                 : "a batch") +
       ", sink " +
       (sink == sink_kind::plain  ? "plain"
        : sink == sink_kind::slow ? "slow"
                                  : "throwing"));
  line("options: connections " + number(options.connections) + ", piece " +
       number(options.piece_size) + ", buffer " + number(session.buffer_size) + ", for each host " +
       number(session.connections_per_host) + ", retries " + number(options.retries) +
       ", durability " +
       (options.durability == durability::none      ? "none"
        : options.durability == durability::process ? "process"
                                                    : "power") +
       (options.resume ? "" : ", no resume") + (options.overwrite ? ", overwrite" : "") +
       ", stall " + number(options.timeouts.stall.count()) + " ms, floor " +
       number(options.min_speed) + ", rate " + number(options.rate_limit) + "/" +
       number(session.rate_limit));
  for (const file_plan& f : files) {
    std::string x = "file: " + f.url + " to " + f.path + ", versions";
    for (const version& v : f.what->versions) x += " " + number(v.bytes.size());
    for (const std::string& m : f.mirrors) x += ", mirror " + m;
    if (!f.checksums.empty()) x += ", " + f.checksums.front().str().substr(0, 14);
    if (f.pieces) x += ", hashes of pieces of " + number(f.pieces->piece_size());
    if (f.hashed) x += ", of version " + number(*f.hashed);
    if (f.before) x += ", a file of " + number(f.before->size()) + " bytes is there";
    line(x);
  }
  static constexpr const char* kinds[] = {"pause", "resume", "stop", "rate", "cancel", "change"};
  for (const control& c : controls) {
    line("at " + number(c.when.count()) + " ms: " + kinds[static_cast<int>(c.what)] + " file " +
         number(c.file));
  }
  for (const crash_plan& c : crashes) {
    line(std::string{"crash ("} + (c.how == crash_kind::power ? "power" : "process") + ") " +
         (c.after_changes ? "at change " + number(c.after_changes) + " of the disk"
                          : "at " + number(c.when.count()) + " ms"));
  }
  if (rival) {
    line("at " + number(rival->when.count()) + " ms: another task for the same target, of " +
         (rival->same_session ? "this session" : "another program"));
  }
  if (options.repair) line("what is there is repaired");
  if (refresh) {
    line("URLs expire; no fresh one for " + number(lost_for_urls) + " of a thousand");
  }
  if (!weather.empty()) line("weather:" + weather);
  return t;
}

}  // namespace haul::sim
