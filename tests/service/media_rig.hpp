#ifndef HAUL_TEST_SERVICE_MEDIA_RIG_HPP
#define HAUL_TEST_SERVICE_MEDIA_RIG_HPP

#include "batch/rig.hpp"
#include <haul/service/downloads.hpp>
#include <haul/service/lax_json.hpp>
#include <haul/service/media.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

namespace haul::test {

inline service::media_options quick_media(const temp_dir& dir) {
  service::media_options o;
  o.root = dir / "root";
  o.download = quick_batch().download;
  return o;
}

inline service::catalog_entry entry(std::int64_t id, const std::string& url, std::string name = {},
                                    std::string type = "photo") {
  service::catalog_entry e;
  e.id = id;
  e.url = url;
  if (!name.empty()) e.name = std::move(name);
  e.type = std::move(type);
  return e;
}

/// The batch dialect over a manager of its own.
template <class Store = memory_store>
class media_rig {
 public:
  explicit media_rig(service::media_options options, service::records& kept, Store store = {},
                     unsigned threads = 1)
      : rig(std::move(store), manager_options{}, threads),
        to_(*rig),
        ids(kept),
        api_(to_, kept, ids, std::move(options)) {}

  service::response ask(service::request r) { return rig.run(api_(std::move(r))); }
  service::response ask(std::string method, std::string target) {
    return ask(service::request{std::move(method), std::move(target)});
  }
  service::response post(const std::string& target, std::string body = {}) {
    service::request r{"POST", target};
    if (!body.empty()) r.field("Content-Type", "application/json");
    r.body(std::move(body));
    return ask(std::move(r));
  }
  service::response batch(std::string body) {
    return post("/api/media/batch-download", std::move(body));
  }
  std::string status(const std::string& id) {
    const service::response r = ask("GET", "/api/media/batch-status/" + id);
    return r.status() == 200 ? r.body() : std::to_string(r.status()) + ' ' + r.body();
  }
  /// Waits until the status of the batch has this text in it.
  std::string wait_for(const std::string& id, std::string_view text) {
    return wait_at("/api/media/batch-status/" + id, text);
  }
  std::string wait_at(const std::string& target, std::string_view text) {
    const auto end = std::chrono::steady_clock::now() + too_long;
    for (;;) {
      std::string body = ask("GET", target).body();
      if (body.find(text) != body.npos) return body;
      if (std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("it never says " + std::string{text} + ": " + body);
      }
      std::this_thread::sleep_for(2ms);
    }
  }
  std::string finish(const std::string& id) {
    rig.wait(id);
    return status(id);
  }

  manager_rig<Store> rig;

 private:
  service::downloads_of<batch_manager<witness, Store>> to_;

 public:
  service::recorded_catalog ids;

 private:
  service::media api_;
};

inline std::string member(const std::string& body, std::string_view name) {
  const service::json_value v = service::parse_json(body).value;
  const service::json_value* m = v.find(name);
  if (!m) return "no " + std::string{name} + " in " + body;
  return m->is(service::json_value::kind::text) ? m->text() : service::write_json(*m);
}

}  // namespace haul::test

#endif
