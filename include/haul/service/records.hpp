#ifndef HAUL_SERVICE_RECORDS_HPP
#define HAUL_SERVICE_RECORDS_HPP

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace haul::service {

/// Where a dialect keeps what has to survive a restart beside the downloads themselves: texts by
/// kind and key. All members may be called from any thread and return at once; what a
/// `batch_manager`'s store may lose at a crash may be lost here too.
class records {
 public:
  /// Called with each text.
  using visitor = std::function<void(std::string_view key, std::string_view value)>;

  records() = default;
  records(const records&) = delete;
  records& operator=(const records&) = delete;
  virtual ~records() = default;

  /// Keeps a text under a kind and a key, in place of an earlier one. Returns at once.
  virtual void put(std::string_view kind, std::string_view key, std::string value) = 0;
  /// Forgets a text, if there is one.
  virtual void erase(std::string_view kind, std::string_view key) = 0;
  /// All of one kind, in the order of their keys.
  virtual void for_each(std::string_view kind, const visitor& visit) const = 0;
};

/// Survives nothing: for tests, and for a service that is to forget.
class memory_records final : public records {
 public:
  /// Keeps a text in memory.
  void put(std::string_view kind, std::string_view key, std::string value) override {
    const std::lock_guard lock{mutex_};
    kinds_[std::string{kind}].insert_or_assign(std::string{key}, std::move(value));
  }
  /// Forgets a text, if there is one.
  void erase(std::string_view kind, std::string_view key) override {
    const std::lock_guard lock{mutex_};
    if (const auto found = kinds_.find(kind); found != kinds_.end()) {
      found->second.erase(std::string{key});
    }
  }
  void for_each(std::string_view kind, const visitor& visit) const override {
    std::map<std::string, std::string> all;
    {
      const std::lock_guard lock{mutex_};
      if (const auto found = kinds_.find(kind); found != kinds_.end()) all = found->second;
    }
    for (const auto& [key, value] : all) visit(key, value);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>, std::less<>> kinds_;
};

}  // namespace haul::service

#endif
