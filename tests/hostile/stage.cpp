#include "hostile/stage.hpp"

#include "support/pattern.hpp"

namespace haul::test::hostile {

std::string content::sha256() const {
  return body.empty() ? pattern_sha256(seed, size) : digest_hex("SHA256", body);
}

fault_server& stage::serve(server_options options) {
  servers_.push_back(std::make_unique<fault_server>(std::move(options)));
  fault_server& s = *servers_.back();
  if (servers_.size() == 1) url = s.url("/f");
  return s;
}

fault_server& stage::serve_tls(leaf_files leaf, server_options options) {
  options.tls = std::move(leaf);
  fault_server& s = serve(std::move(options));
  if (servers_.size() == 1) url = s.url("/f", "localhost");
  if (cacert.empty()) {
    cacert = authority().file().string();
    args.insert(args.end(), {"--cacert", cacert});
  }
  return s;
}

void stage::exact(std::uint64_t size, std::uint64_t with_seed) {
  content c;
  c.seed = with_seed;
  c.size = size;
  wanted_.push_back(c);
  truths_.push_back(c);
}

void stage::exact_body(std::string body) {
  truth_body(std::move(body));
  wanted_.push_back(truths_.back());
}

void stage::fails(std::string words) { words_ = std::move(words); }

void stage::truth(std::uint64_t size, std::uint64_t with_seed) {
  content c;
  c.seed = with_seed;
  c.size = size;
  truths_.push_back(c);
}

void stage::truth_body(std::string body) {
  content c;
  c.size = body.size();
  c.body = std::move(body);
  truths_.push_back(std::move(c));
}

resource file_of(std::uint64_t size) {
  resource r;
  r.size = size;
  r.seed = seed;
  r.etag = "\"v1\"";
  return r;
}

resource whole_only(std::uint64_t size, framing how) {
  resource r = file_of(size);
  r.supports_ranges = r.claims_ranges = false;
  r.how = how;
  return r;
}

std::function<void(stage&)> exact(resource r, stage::behaviour b, arguments args) {
  return [r = std::move(r), b = std::move(b), args = std::move(args)](stage& s) {
    s.serve().add("/f", r);
    if (b) s.server().behave("/f", b);
    s.args = args;
    s.exact(r.length());
  };
}

std::function<void(stage&)> fails(std::string words, resource r, stage::behaviour b,
                                  arguments args) {
  return [words = std::move(words), r = std::move(r), b = std::move(b),
          args = std::move(args)](stage& s) {
    s.serve().add("/f", r);
    if (b) s.server().behave("/f", b);
    s.args = args;
    s.truth(r.length());
    s.fails(words);
  };
}

stage::behaviour always(reply_plan p) {
  return [p = std::move(p)](const request_info&) { return p; };
}

stage::behaviour first(reply_plan p, std::uint64_t n) {
  return [p = std::move(p), n](const request_info& r) {
    return r.path_number <= n ? p : reply_plan();
  };
}

stage::behaviour to_ranges(reply_plan p) {
  return [p = std::move(p)](const request_info& r) { return r.range ? p : reply_plan(); };
}

stage::behaviour in_the_middle(reply_plan p) {
  return [p = std::move(p)](const request_info& r) {
    return r.range && r.range->first.value_or(0) > 0 ? p : reply_plan();
  };
}

void content_of_file(std::uint64_t offset, std::string& into) {
  fill_pattern(seed, offset, into.data(), into.size());
}

test_ca& authority() {
  static test_ca ca;
  return ca;
}

std::vector<group> all_cases() {
  return {framing_cases(),  head_cases(), range_cases(), version_cases(), status_cases(),
          redirect_cases(), name_cases(), tls_cases(),   disk_cases(),    bound_cases()};
}

}  // namespace haul::test::hostile
