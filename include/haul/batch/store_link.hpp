#ifndef HAUL_BATCH_STORE_LINK_HPP
#define HAUL_BATCH_STORE_LINK_HPP

#include <haul/store/task_store.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace haul::batch {

/// A store whose type is not known.
class store_link {
 public:
  virtual ~store_link() = default;
  virtual bool persistent() const noexcept = 0;
  virtual void add(std::shared_ptr<const batch_record> b) = 0;
  virtual void update(const file_update& u) = 0;
  virtual void set_paused(const std::string& id, bool on) = 0;
  virtual void finish(const std::string& id, std::chrono::sys_seconds when) = 0;
  virtual void erase(const std::string& id) = 0;
  virtual std::vector<batch_record> load() = 0;
  virtual void flush() = 0;
  virtual std::error_code error() = 0;
};

template <task_store Store>
class store_link_impl final : public store_link {
 public:
  explicit store_link_impl(Store store) : store_(std::move(store)) {}

  bool persistent() const noexcept override { return Store::persistent; }
  void add(std::shared_ptr<const batch_record> b) override { store_.add(std::move(b)); }
  void update(const file_update& u) override { store_.update(u); }
  void set_paused(const std::string& id, bool on) override { store_.set_paused(id, on); }
  void finish(const std::string& id, std::chrono::sys_seconds when) override {
    store_.finish(id, when);
  }
  void erase(const std::string& id) override { store_.erase(id); }
  std::vector<batch_record> load() override { return store_.load(); }
  void flush() override { store_.flush(); }
  std::error_code error() override { return store_.error(); }

 private:
  Store store_;
};

}  // namespace haul::batch

#endif
