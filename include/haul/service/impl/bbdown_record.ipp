#ifndef HAUL_SERVICE_IMPL_BBDOWN_RECORD_IPP
#define HAUL_SERVICE_IMPL_BBDOWN_RECORD_IPP

#include <haul/engine/paths.hpp>
#include <haul/service/bbdown_record.hpp>
#include <haul/service/file_pattern.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace haul::service {
namespace bbdown_detail {

namespace json = boost::json;

template <class T>
json::value json_of(const std::optional<T>& v) {
  return v ? json::value(*v) : json::value(nullptr);
}

inline json::array json_of(const std::vector<std::string>& texts) {
  json::array a;
  for (const std::string& t : texts) a.emplace_back(t);
  return a;
}

inline json::array json_of(const std::vector<bbdown_record::attempt>& attempts) {
  json::array a;
  for (const auto& t : attempts) {
    json::object o;
    o["item"] = t.item;
    o["path"] = t.path;
    o["force"] = t.force;
    o["taken"] = t.taken;
    a.push_back(std::move(o));
  }
  return a;
}

inline json::object json_of(const bbdown_task& t) {
  json::object o;
  o["aid"] = t.aid;
  o["url"] = t.url;
  o["created"] = t.created;
  o["title"] = json_of(t.title);
  o["picture"] = json_of(t.picture);
  o["published"] = json_of(t.published);
  o["finished"] = json_of(t.finished);
  o["progress"] = t.progress;
  o["speed"] = t.speed;
  o["downloaded"] = t.downloaded;
  o["successful"] = t.successful;
  o["paths"] = json_of(t.paths);
  o["id"] = t.id;
  o["state"] = static_cast<unsigned>(t.state);
  o["error"] = t.error;
  o["total"] = json_of(t.total);
  return o;
}

/// Reads the members of an object; one that is missing or of another type spoils it.
class record_reader {
 public:
  explicit record_reader(const json::value& v) : object_(v.if_object()) {
    if (object_ == nullptr) bad_ = true;
  }

  template <class T>
  void number(const char* name, T& to) {
    const json::value* v = find(name);
    if (v == nullptr) return;
    json::error_code ec;
    const T n = v->to_number<T>(ec);
    if (ec) {
      bad_ = true;
    } else {
      to = n;
    }
  }
  template <class T>
  void number(const char* name, std::optional<T>& to) {
    const json::value* v = find(name);
    if (v == nullptr || v->is_null()) return;
    number(name, to.emplace());
  }
  void text(const char* name, std::string& to) {
    const json::value* v = find(name);
    if (v != nullptr) read(*v, to);
  }
  void text(const char* name, std::optional<std::string>& to) {
    const json::value* v = find(name);
    if (v != nullptr && !v->is_null()) read(*v, to.emplace());
  }
  void truth(const char* name, bool& to) {
    const json::value* v = find(name);
    if (v == nullptr) return;
    if (v->is_bool()) {
      to = v->get_bool();
    } else {
      bad_ = true;
    }
  }
  void texts(const char* name, std::vector<std::string>& to) {
    for_each(name, [&](const json::value& v) { read(v, to.emplace_back()); });
  }
  template <class F>
  void for_each(const char* name, F&& f) {
    const json::value* v = find(name);
    if (v == nullptr) return;
    if (!v->is_array()) {
      bad_ = true;
      return;
    }
    for (const json::value& each : v->get_array()) f(each);
  }
  const json::value* find(const char* name) {
    const json::value* v = bad_ ? nullptr : object_->if_contains(name);
    if (v == nullptr) bad_ = true;
    return v;
  }
  void spoil() noexcept { bad_ = true; }
  bool bad() const noexcept { return bad_; }

 private:
  void read(const json::value& v, std::string& to) {
    if (v.is_string()) {
      to.assign(v.get_string().data(), v.get_string().size());
    } else {
      bad_ = true;
    }
  }

  const json::object* object_;
  bool bad_ = false;
};

inline std::optional<bbdown_task> read_task(const json::value& v) {
  record_reader r{v};
  bbdown_task t;
  r.text("aid", t.aid);
  r.text("url", t.url);
  r.number("created", t.created);
  r.text("title", t.title);
  r.text("picture", t.picture);
  r.number("published", t.published);
  r.number("finished", t.finished);
  r.number("progress", t.progress);
  r.number("speed", t.speed);
  r.number("downloaded", t.downloaded);
  r.truth("successful", t.successful);
  r.texts("paths", t.paths);
  r.text("id", t.id);
  unsigned state = 0;
  r.number("state", state);
  r.text("error", t.error);
  r.number("total", t.total);
  if (r.bad() || state > static_cast<unsigned>(bbdown_state::cancelled) || t.id.empty()) {
    return std::nullopt;
  }
  t.state = static_cast<bbdown_state>(state);
  return t;
}

inline void read_attempts(record_reader& r, const char* name,
                          std::vector<bbdown_record::attempt>& to) {
  r.for_each(name, [&](const json::value& v) {
    record_reader each{v};
    bbdown_record::attempt a;
    each.number("item", a.item);
    each.text("path", a.path);
    each.truth("force", a.force);
    each.truth("taken", a.taken);
    if (each.bad()) r.spoil();
    to.push_back(std::move(a));
  });
}

inline std::optional<json::value> parse_record(std::string_view text) {
  json::error_code ec;
  json::value v = json::parse(json::string_view{text.data(), text.size()}, ec);
  if (ec) return std::nullopt;
  return v;
}

}  // namespace bbdown_detail

HAUL_DECL std::string bbdown_file_id(const bbdown_task& task, std::size_t item) {
  return task.id + '-' + std::to_string(item + 1);
}

HAUL_DECL void look_at_batch(bbdown_task& task, const bbdown_record& record, std::size_t items,
                             const batch_status& batch) {
  double parts = static_cast<double>(record.done);
  std::uint64_t total = 0;
  std::uint64_t downloaded = 0;
  std::uint64_t speed = 0;
  bool total_known = record.sent.size() == items;
  bool begun = record.done > 0;
  for (const bbdown_record::attempt& a : record.sent) {
    const std::string id = bbdown_file_id(task, a.item);
    const auto f = std::find_if(batch.files.begin(), batch.files.end(),
                                [&](const file_status& each) { return each.id == id; });
    if (f == batch.files.end()) {
      total_known = false;
      continue;
    }
    begun = begun || f->state != file_state::pending || f->downloaded > 0;
    if (!task.title && f->state != file_state::pending && !engine::names_folder(f->path.native())) {
      const std::u8string name = f->path.filename().u8string();
      task.title.emplace(split_file_name(std::string{name.begin(), name.end()}).stem);
    }
    downloaded += f->downloaded;
    speed += f->speed;
    if (!f->total) {
      total_known = false;
    } else {
      total += *f->total;
      if (*f->total > 0) {
        parts +=
            (std::min)(1.0, static_cast<double>(f->downloaded) / static_cast<double>(*f->total));
      }
    }
    if (f->state == file_state::completed && f->total.value_or(0) == 0) parts += 1;
  }
  task.progress = items == 0 ? 0 : (std::min)(1.0, parts / static_cast<double>(items));
  task.speed = static_cast<double>(speed);
  task.downloaded += static_cast<double>(downloaded);
  if (total_known) {
    task.total = total;
    if (speed > 0 && total >= downloaded) {
      task.time_left = static_cast<std::int64_t>((total - downloaded + speed - 1) / speed);
    }
  }
  if (record.paused || batch.overall == batch_state::paused) {
    task.state = bbdown_state::paused;
  } else {
    task.state = begun ? bbdown_state::running : bbdown_state::queued;
  }
}

HAUL_DECL std::string to_text(const bbdown_task& task) {
  return boost::json::serialize(bbdown_detail::json_of(task));
}

HAUL_DECL std::string to_text(const bbdown_record& record) {
  boost::json::object o;
  o["task"] = bbdown_detail::json_of(record.task);
  o["body"] = record.body;
  o["webhooks"] = bbdown_detail::json_of(record.webhooks);
  o["batch"] = record.batch;
  o["sent"] = bbdown_detail::json_of(record.sent);
  o["todo"] = bbdown_detail::json_of(record.todo);
  o["next"] = record.next;
  o["done"] = record.done;
  o["paused"] = record.paused;
  o["cancelled"] = record.cancelled;
  o["failed"] = record.failed;
  return boost::json::serialize(o);
}

HAUL_DECL std::optional<bbdown_task> parse_bbdown_task(std::string_view text) {
  const auto v = bbdown_detail::parse_record(text);
  return v ? bbdown_detail::read_task(*v) : std::nullopt;
}

HAUL_DECL std::optional<bbdown_record> parse_bbdown_record(std::string_view text) {
  const auto v = bbdown_detail::parse_record(text);
  if (!v) return std::nullopt;
  bbdown_detail::record_reader r{*v};
  bbdown_record record;
  if (const boost::json::value* t = r.find("task")) {
    std::optional<bbdown_task> task = bbdown_detail::read_task(*t);
    if (!task) return std::nullopt;
    record.task = std::move(*task);
  }
  r.text("body", record.body);
  r.texts("webhooks", record.webhooks);
  r.text("batch", record.batch);
  bbdown_detail::read_attempts(r, "sent", record.sent);
  bbdown_detail::read_attempts(r, "todo", record.todo);
  r.number("next", record.next);
  r.number("done", record.done);
  r.truth("paused", record.paused);
  r.truth("cancelled", record.cancelled);
  r.truth("failed", record.failed);
  if (r.bad()) return std::nullopt;
  return record;
}

}  // namespace haul::service

#endif
