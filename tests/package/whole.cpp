// A program with the whole engine in it: a download from a port where nobody listens.
#include <haul/haul.hpp>

#include <cstdio>

int main() {
  haul::download_options options;
  options.retries = 0;
  haul::session_options shared;
  shared.proxy_from_environment = false;
  const haul::download_result r =
      haul::fetch(haul::download_request{"http://127.0.0.1:1/file", "file"}, haul::null_sink{},
                  options, shared);
  std::printf("%s\n", r.message().c_str());
  return r.error == haul::condition::retryable && r.doing == haul::operation::connecting ? 0 : 1;
}
