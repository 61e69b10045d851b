#ifndef HAUL_TEST_SIM_STORE_HPP
#define HAUL_TEST_SIM_STORE_HPP

#include "environment.hpp"
#include <haul/store/task_store.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace haul::sim {

/// A database: what was told to it is kept a little later, in order; a crash loses the rest.
struct database {
  std::vector<batch_record> batches;
  std::deque<std::function<void(database&)>> queue;

  void settle(std::size_t most) {
    for (; most > 0 && !queue.empty(); --most) {
      queue.front()(*this);
      queue.pop_front();
    }
  }
};

class sim_store {
 public:
  static constexpr bool persistent = true;

  sim_store(universe& u, database& d) : universe_(&u), database_(&d) {}

  void add(const std::shared_ptr<const batch_record>& batch) const {
    batch_record kept = *batch;
    for (file_record& f : kept.files) f.request.refresh_url({}).check_reply({});
    tell([kept = std::move(kept)](database& d) { d.batches.push_back(kept); });
  }
  void update(const file_update& u) const {
    tell([u](database& d) {
      for (batch_record& b : d.batches) {
        for (file_record& f : b.files) {
          if (f.request.id() != u.id) continue;
          f.state = u.state;
          f.path = u.path;
          f.downloaded = u.downloaded;
          f.total = u.total;
          f.error_value = u.error_value;
          f.error_category = u.error_category;
          f.message = u.message;
        }
      }
    });
  }
  void set_paused(const std::string& id, bool on) const {
    tell([id, on](database& d) {
      for (batch_record& b : d.batches) {
        if (b.id == id) b.paused = on;
      }
    });
  }
  void finish(const std::string& id, std::chrono::sys_seconds when) const {
    tell([id, when](database& d) {
      for (batch_record& b : d.batches) {
        if (b.id == id) b.finished = when;
      }
    });
  }
  void erase(const std::string& id) const {
    tell([id](database& d) {
      std::erase_if(d.batches, [&](const batch_record& b) { return b.id == id; });
    });
  }
  std::vector<batch_record> load() const {
    flush();
    return database_->batches;
  }
  void flush() const { database_->settle(database_->queue.size()); }
  std::error_code error() const { return {}; }

 private:
  void tell(std::function<void(database&)> what) const {
    if (universe_->d.crashed()) return;
    database_->queue.push_back(std::move(what));
    if (universe_->w.random.chance(500)) database_->settle(universe_->w.random.below(8));
  }

  universe* universe_;
  database* database_;
};

static_assert(task_store<sim_store>);

}  // namespace haul::sim

#endif
