// TLS that proves nothing, or ends too early.

#include "hostile/stage.hpp"

#include <openssl/ssl.h>

namespace haul::test::hostile {
namespace {

hostile_case untrusted(std::string name, std::string does, leaf_files (*leaf)(),
                       std::string words) {
  return {std::move(name), std::move(does), [=](stage& s) {
            s.serve_tls(leaf()).add("/f", file_of(medium));
            s.args.insert(s.args.end(), {"--retries", "1"});
            s.also = [&s] {
              return std::string(s.server().counters().requests == 0 ? "" : "a request was made");
            };
            s.fails(words);
          }};
}

leaf_files of_stranger() {
  static test_ca stranger("somebody else");
  return stranger.valid();
}

// As a connection of TLS begins, before the handshake.
hostile_case greeting(std::string name, std::string does, connection_plan plan, std::string words,
                      arguments more = {}) {
  return {std::move(name), std::move(does), [=](stage& s) {
            s.serve_tls(authority().valid()).add("/f", file_of(medium));
            s.server().behave_on_connect([plan](const connection_info&) { return plan; });
            s.args.insert(s.args.end(), {"--retries", "1"});
            s.args.insert(s.args.end(), more.begin(), more.end());
            s.fails(words);
          }};
}

connection_plan ending_with(std::string bytes, ending how) {
  connection_plan p;
  p.what = connection_plan::act::end;
  p.say = std::move(bytes);
  p.how = how;
  return p;
}

std::function<void(stage&)> over_tls(resource r, stage::behaviour b, bool works,
                                     std::string words) {
  return [=](stage& s) {
    s.serve_tls(authority().valid()).add("/f", r);
    if (b) s.server().behave("/f", b);
    if (works) {
      s.exact(r.size);
    } else {
      s.args.insert(s.args.end(), {"--retries", "1"});
      s.truth(r.size);
      s.fails(words);
    }
  };
}

}  // namespace

group tls_cases() {
  const std::string ended = "the connection ended before the reply did";
  connection_plan silence;
  silence.what = connection_plan::act::silence;
  std::vector<hostile_case> all{
      untrusted(
          "certificate-expired", "a certificate that has expired",
          [] { return authority().expired(); }, "has expired or is not yet valid"),
      untrusted(
          "certificate-early", "a certificate that is not valid yet",
          [] { return authority().not_yet_valid(); }, "has expired or is not yet valid"),
      untrusted(
          "certificate-self-signed", "a certificate signed by itself",
          [] { return authority().self_signed(); }, "self-signed or its authority"),
      untrusted("certificate-stranger", "a certificate of an authority nobody knows", of_stranger,
                "self-signed or its authority"),
      untrusted(
          "certificate-other-name", "a certificate for another host",
          [] { return authority().wrong_name(); }, "for another host name"),
      {"certificate-of-ip", "a certificate for names, asked by an address it does not have",
       [](stage& s) {
         leaf_options o;
         o.names = {"localhost"};
         s.serve_tls(authority().issue(o)).add("/f", file_of(medium));
         s.url = s.server().url("/f", "127.0.0.1");
         s.args.insert(s.args.end(), {"--retries", "1"});
         s.fails("for another host name");
       }},
      {"tls-1.1", "speaks no TLS newer than 1.1",
       [](stage& s) {
         server_options o;
         o.tune_tls = [](SSL_CTX* c) {
           SSL_CTX_set_security_level(c, 0);
           SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
           SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
         };
         s.serve_tls(authority().valid(), o).add("/f", file_of(medium));
         s.args.insert(s.args.end(), {"--retries", "1"});
         s.fails("the TLS connection failed");
       }},
      {"tls-1.2", "speaks TLS 1.2 only",
       [](stage& s) {
         server_options o;
         o.tune_tls = [](SSL_CTX* c) { SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION); };
         s.serve_tls(authority().valid(), o).add("/f", file_of(medium));
         s.exact(medium);
       }},
      {"tls-is-plain", "no TLS where TLS is asked for",
       [](stage& s) {
         s.serve().add("/f", file_of(medium));
         s.url = "https://localhost:" + std::to_string(s.server().port()) + "/f";
         s.args = {"--retries", "1",        "--connect-timeout",
                   "2",         "--cacert", authority().file().string()};
         s.cacert = authority().file().string();
         s.fails("haul: ");
       }},
      greeting(
          "tls-http-error", "answers the handshake with HTTP",
          ending_with("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", ending::graceful),
          "the TLS connection failed"),
      greeting("tls-closes", "closes in the handshake", ending_with("", ending::graceful),
               ": handshaking: "),
      greeting("tls-resets", "resets in the handshake", ending_with("", ending::reset),
               "Connection reset"),
      greeting("tls-silent", "says nothing in the handshake", silence,
               "the handshake was not finished in time", {"--connect-timeout", "0.7"}),
      {"tls-cut-length", "ends without close_notify in the middle, once",
       over_tls(file_of(medium), first(reply_plan().cut_body(300'000)), true, "")},
      {"tls-cut-length-always", "ends without close_notify in the middle, always",
       over_tls(whole_only(medium), always(reply_plan().cut_body(300'000)), false, ended)},
      {"tls-cut-until-close", "a body without a length that ends without close_notify",
       over_tls(whole_only(medium, framing::until_close),
                always(reply_plan().cut_body(300'000, ending::abrupt)), false, "haul: ")},
      {"tls-until-close", "a body without a length that ends as it should",
       over_tls(whole_only(medium, framing::until_close), {}, true, "")},
      {"tls-chunked-cut", "chunks that end with close_notify in the middle",
       over_tls(whole_only(medium, framing::chunked),
                always(reply_plan().cut_body(300'000, ending::graceful)), false, ended)},
      {"tls-new-keys", "changes its keys in the middle, and asks for new ones",
       [](stage& s) {
         s.serve_tls(authority().valid()).add("/f", file_of(40'000'000));
         s.server().behave("/f", always(reply_plan().rekey(1'000'000).rekey(5'000'000)));
         s.exact(40'000'000);
       }},
      {"tls-reset-once", "a reset in the middle, once",
       over_tls(file_of(medium), first(reply_plan().cut_body(300'000, ending::reset)), true, "")},
      {"tls-close-notify-in-the-middle", "close_notify in the middle, once",
       over_tls(file_of(medium), first(reply_plan().cut_body(300'000, ending::graceful)), true,
                "")},
  };
  return {"TLS", std::move(all)};
}

}  // namespace haul::test::hostile
