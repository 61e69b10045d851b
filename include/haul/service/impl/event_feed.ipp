#ifndef HAUL_SERVICE_IMPL_EVENT_FEED_IPP
#define HAUL_SERVICE_IMPL_EVENT_FEED_IPP

#include <haul/engine/event_queue.hpp>
#include <haul/http/utf8.hpp>
#include <haul/service/event_feed.hpp>
#include <haul/service/path_confinement.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <variant>

namespace haul::service {

struct event_feed::state : std::enable_shared_from_this<state> {
  state(std::filesystem::path below, limits limit) : root(std::move(below)), most(limit) {}

  /// The readers that are there; forgets those that are not.
  std::vector<std::shared_ptr<reader>> present() {
    std::vector<std::shared_ptr<reader>> found;
    std::erase_if(readers, [&](const std::weak_ptr<reader>& w) {
      auto r = w.lock();
      if (r) found.push_back(std::move(r));
      return w.expired();
    });
    return found;
  }

  void mark(const std::vector<std::string>& ids, bool ending) {
    const std::lock_guard lock{mutex};
    for (const auto& r : present()) {
      if (r->whole_) continue;
      for (const std::string& id : ids) r->changed_[id] |= ending;
      if (r->changed_.size() > most.changes) {
        r->changed_.clear();
        r->whole_ = true;
      }
    }
  }

  bool heeded() {
    const std::lock_guard lock{mutex};
    return !present().empty();
  }

  boost::json::object everything() const {
    boost::json::array rows;
    bool cut = false;
    if (all) {
      std::vector<std::string> ids = batches();
      std::reverse(ids.begin(), ids.end());
      std::unordered_set<std::string> seen;
      for (const std::string& id : ids) {
        if (rows.size() >= most.rows) {
          cut = true;
          break;
        }
        const auto batch = all->status(id);
        if (!batch) continue;
        for (const file_status& f : batch->files) {
          if (rows.size() >= most.rows) {
            cut = true;
            break;
          }
          if (seen.insert(f.id).second) rows.push_back(row_of(f, root));
        }
      }
    }
    boost::json::object o;
    o["files"] = std::move(rows);
    o["cut"] = cut;
    return o;
  }

  const std::filesystem::path root;
  const limits most;

  std::mutex mutex;  // of the readers
  std::vector<std::weak_ptr<reader>> readers;

  // Held while the downloads are asked, so that they are not asked after `detach`.
  std::mutex asking;
  const downloads* all = nullptr;
  list_batches batches;
};

HAUL_DECL boost::json::object row_of(const file_status& file, const std::filesystem::path& root) {
  const std::uint64_t total = file.total.value_or(0);
  boost::json::object o;
  o["id"] = http::to_valid_utf8(file.id);
  o["name"] = http::to_valid_utf8(file.name);
  o["url"] = http::to_valid_utf8(file.url);
  o["path"] = http::to_valid_utf8(path_below(root, file.path));
  o["state"] = name_of(file.state);
  o["percent"] = file.percent;
  o["downloaded"] = file.total ? (std::min)(file.downloaded, total) : file.downloaded;
  if (file.total) {
    o["total"] = total;
  } else {
    o["total"] = nullptr;
  }
  o["speed"] = file.speed;
  if (file.time_left) {
    o["left"] = file.time_left->count();
  } else {
    o["left"] = nullptr;
  }
  o["error"] = http::to_valid_utf8(file.message);
  return o;
}

HAUL_DECL event_feed::event_feed(std::filesystem::path root)
    : event_feed(std::move(root), limits{}) {}
HAUL_DECL event_feed::event_feed(std::filesystem::path root, limits most)
    : state_(std::make_shared<state>(std::move(root), most)) {}

HAUL_DECL void event_feed::attach(const downloads& all, list_batches batches) {
  const std::lock_guard lock{state_->asking};
  state_->all = &all;
  state_->batches = std::move(batches);
}
HAUL_DECL void event_feed::detach() {
  const std::lock_guard lock{state_->asking};
  state_->all = nullptr;
  state_->batches = nullptr;
}

HAUL_DECL void event_feed::operator()(const event& e) const {
  if (const auto* over = std::get_if<task_finished>(&e)) {
    // The manager takes note of it a moment later.
    state_->mark({over->task->id}, true);
  } else if (const task_info* task = engine::task_of(e)) {
    file_changed(task->id);
  } else if (const auto* begun = std::get_if<batch_started>(&e)) {
    batch_changed(begun->batch);
  } else if (const auto* done = std::get_if<batch_finished>(&e)) {
    batch_changed(done->batch);
  }
}

HAUL_DECL void event_feed::file_changed(const std::string& id) const { state_->mark({id}, false); }

HAUL_DECL void event_feed::batch_changed(const std::string& id) const {
  if (!state_->heeded()) return;
  std::vector<std::string> ids;
  {
    const std::lock_guard lock{state_->asking};
    if (!state_->all) return;
    if (const auto batch = state_->all->status(id)) {
      for (const file_status& f : batch->files) ids.push_back(f.id);
    }
  }
  state_->mark(ids, false);
}

HAUL_DECL std::shared_ptr<event_feed::reader> event_feed::open() const {
  const std::lock_guard lock{state_->mutex};
  if (state_->present().size() >= state_->most.readers) return nullptr;
  auto fresh = std::make_shared<reader>(state_);
  state_->readers.push_back(fresh);
  return fresh;
}

HAUL_DECL std::string event_feed::snapshot() const {
  const std::lock_guard lock{state_->asking};
  return boost::json::serialize(state_->everything());
}

HAUL_DECL std::string event_feed::reader::take() {
  bool whole = false;
  std::unordered_map<std::string, bool> changed;
  {
    const std::lock_guard lock{feed_->mutex};
    std::swap(whole, whole_);
    changed.swap(changed_);
  }
  if (whole) {
    const std::lock_guard lock{feed_->asking};
    return "event: snapshot\ndata: " + boost::json::serialize(feed_->everything()) + "\n\n";
  }
  boost::json::array rows;
  {
    const std::lock_guard lock{feed_->asking};
    for (auto at = changed.begin(); at != changed.end();) {
      const auto file = feed_->all ? feed_->all->file(at->first) : std::nullopt;
      if (file) rows.push_back(row_of(*file, feed_->root));
      const bool again = at->second && file && !is_final(file->state);
      at = again ? std::next(at) : changed.erase(at);
    }
  }
  if (!changed.empty()) {
    const std::lock_guard lock{feed_->mutex};
    changed_.merge(changed);
    for (const auto& [id, ending] : changed) changed_[id] |= ending;
  }
  if (rows.empty()) return {};
  return "event: files\ndata: " + boost::json::serialize(rows) + "\n\n";
}

}  // namespace haul::service

#endif
