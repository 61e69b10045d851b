#include "fault_server.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace haul::test {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

reply_step step(std::uint64_t at, reply_step::kind what) {
  reply_step s;
  s.at = at;
  s.what = what;
  return s;
}

// Steps are taken in the order of their places; at one place, in the order of the calls.
void insert(std::vector<reply_step>& steps, reply_step s) {
  const auto after =
      std::upper_bound(steps.begin(), steps.end(), s.at,
                       [](std::uint64_t at, const reply_step& other) { return at < other.at; });
  steps.insert(after, std::move(s));
}

void insert_wait(std::vector<reply_step>& steps, std::uint64_t at, std::chrono::milliseconds d) {
  reply_step s = step(at, reply_step::kind::wait);
  s.duration = d;
  insert(steps, std::move(s));
}

void insert_hold(std::vector<reply_step>& steps, std::uint64_t at, gate g) {
  reply_step s = step(at, reply_step::kind::hold);
  s.until = std::move(g);
  insert(steps, std::move(s));
}

void insert_end(std::vector<reply_step>& steps, std::uint64_t at, ending how) {
  reply_step s = step(at, reply_step::kind::end);
  s.how = how;
  insert(steps, std::move(s));
}

}  // namespace

std::optional<std::string> request_info::field(std::string_view name) const {
  for (const header_field& f : fields) {
    if (same_name(f.name, name)) return f.value;
  }
  return std::nullopt;
}

reply_plan& reply_plan::stall_head(std::uint64_t at, std::chrono::milliseconds d) {
  insert_wait(head_steps_, at, d);
  return *this;
}

reply_plan& reply_plan::hold_head(gate g, std::uint64_t at) {
  insert_hold(head_steps_, at, std::move(g));
  return *this;
}

reply_plan& reply_plan::cut_head(std::uint64_t at, ending how) {
  insert_end(head_steps_, at, how);
  return *this;
}

reply_plan& reply_plan::with_interim(std::string bytes, std::chrono::milliseconds before) {
  raw_part part;
  part.bytes = std::move(bytes);
  part.delay = before;
  interim_.push_back(std::move(part));
  return *this;
}

reply_plan& reply_plan::with_status(int code, std::string reason) {
  status_ = code;
  reason_ = std::move(reason);
  return *this;
}

reply_plan& reply_plan::redirect(int code, std::string location) {
  return with_status(code).replace_field("Location", std::move(location));
}

reply_plan& reply_plan::unauthorized(std::string challenge) {
  return with_status(401).replace_field("WWW-Authenticate", std::move(challenge));
}

reply_plan& reply_plan::with_body(std::string body, std::string content_type) {
  body_ = std::move(body);
  body_type_ = std::move(content_type);
  return *this;
}

reply_plan& reply_plan::with_field(std::string name, std::string value) {
  fields_.push_back(header_field{std::move(name), std::move(value)});
  return *this;
}

reply_plan& reply_plan::without_field(std::string name) {
  removed_.push_back(std::move(name));
  return *this;
}

reply_plan& reply_plan::replace_field(std::string name, std::string value) {
  without_field(name);
  return with_field(std::move(name), std::move(value));
}

reply_plan& reply_plan::with_framing(framing f) {
  framing_ = f;
  return *this;
}

reply_plan& reply_plan::with_http10() {
  http10_ = true;
  return *this;
}

reply_plan& reply_plan::with_content_length(std::string value) {
  content_length_ = std::move(value);
  return *this;
}

reply_plan& reply_plan::with_content_range(std::string value) {
  content_range_ = std::move(value);
  return *this;
}

reply_plan& reply_plan::shift_content_range(std::int64_t by) {
  content_range_shift_ = by;
  return *this;
}

reply_plan& reply_plan::with_total(std::string total) {
  total_ = std::move(total);
  return *this;
}

reply_plan& reply_plan::with_raw_head(std::string bytes) {
  raw_head_ = std::move(bytes);
  return *this;
}

reply_plan& reply_plan::with_raw(std::string bytes) {
  raw_part part;
  part.bytes = std::move(bytes);
  std::vector<raw_part> parts;
  parts.push_back(std::move(part));
  return with_raw(std::move(parts));
}

reply_plan& reply_plan::with_raw(std::vector<raw_part> parts) {
  raw_ = std::move(parts);
  return *this;
}

reply_plan& reply_plan::ignore_range() {
  ignore_range_ = true;
  return *this;
}

reply_plan& reply_plan::ignore_if_range() {
  ignore_if_range_ = true;
  return *this;
}

reply_plan& reply_plan::start_earlier(std::uint64_t by) {
  start_shift_ = -static_cast<std::int64_t>(by);
  return *this;
}

reply_plan& reply_plan::start_later(std::uint64_t by) {
  start_shift_ = static_cast<std::int64_t>(by);
  return *this;
}

reply_plan& reply_plan::shorten(std::uint64_t to) {
  // A range of no bytes cannot be written.
  if (to == 0) throw std::invalid_argument("shorten: a range has one byte at least");
  shorten_ = to;
  return *this;
}

reply_plan& reply_plan::extend(std::uint64_t by) {
  extend_ = by;
  return *this;
}

reply_plan& reply_plan::corrupt(std::uint64_t offset, std::uint64_t n) {
  corrupt_.emplace_back(offset, n);
  return *this;
}

reply_plan& reply_plan::with_seed(std::uint64_t seed, std::uint64_t from) {
  seed_ = seed;
  seed_from_ = from;
  return *this;
}

reply_plan& reply_plan::without_body() {
  without_body_ = true;
  return *this;
}

reply_plan& reply_plan::cut_body(std::uint64_t at, ending how) {
  insert_end(body_steps_, at, how);
  return *this;
}

reply_plan& reply_plan::stall_body(std::uint64_t at, std::chrono::milliseconds d) {
  insert_wait(body_steps_, at, d);
  return *this;
}

reply_plan& reply_plan::hold_body(std::uint64_t at, gate g) {
  insert_hold(body_steps_, at, std::move(g));
  return *this;
}

reply_plan& reply_plan::throttle(std::uint64_t bytes_per_second, std::uint64_t from) {
  reply_step s = step(from, reply_step::kind::rate);
  s.rate = bytes_per_second;
  insert(body_steps_, std::move(s));
  return *this;
}

reply_plan& reply_plan::rekey(std::uint64_t at) {
  insert(body_steps_, step(at, reply_step::kind::rekey));
  return *this;
}

reply_plan& reply_plan::dribble(std::chrono::microseconds between) {
  dribble_ = true;
  dribble_pause_ = between;
  return *this;
}

reply_plan& reply_plan::with_bad_chunk(bad_chunk b, std::uint64_t from) {
  bad_chunk_ = b;
  bad_chunk_from_ = from;
  return *this;
}

reply_plan& reply_plan::then_close(ending how) {
  after_ = after_reply::close;
  after_how_ = how;
  return *this;
}

reply_plan& reply_plan::then_close_silently(ending how, std::chrono::milliseconds later) {
  after_ = after_reply::close_silently;
  after_how_ = how;
  after_delay_ = later;
  return *this;
}

reply_plan& reply_plan::then_stay_open() {
  after_ = after_reply::stay_though_said;
  return *this;
}

}  // namespace haul::test
