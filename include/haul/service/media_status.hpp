#ifndef HAUL_SERVICE_MEDIA_STATUS_HPP
#define HAUL_SERVICE_MEDIA_STATUS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace haul::service {

/// How many rows of a batch stand where.
struct media_counts {
  std::size_t completed = 0;
  std::size_t downloading = 0;
  std::size_t failed = 0;     ///< also those that were cancelled, are missing or have vanished
  std::size_t pending = 0;    ///< also those that are paused
  std::size_t cancelled = 0;  ///< of the failed ones
  std::size_t paused = 0;     ///< of the pending ones

  constexpr std::size_t total() const noexcept {
    return completed + downloading + failed + pending;
  }
};

/// How a batch stands as a whole. Extended: what has ended in more than one way is told apart, and
/// so is what stands still, where the original says `unknown` and `in_progress`.
constexpr std::string_view overall_status(const media_counts& n, bool extended) noexcept {
  if (n.completed == n.total()) return "completed";
  if (n.downloading > 0 || n.pending > 0) {
    return extended && n.downloading == 0 && n.paused == n.pending ? "paused" : "in_progress";
  }
  if (extended && n.cancelled > 0) return "cancelled";
  if (n.failed == n.total()) return "failed";
  return extended ? "completed_with_errors" : "unknown";
}

/// Whole seconds until the end at this speed; 0 when it stands still.
constexpr std::uint64_t seconds_left(std::uint64_t done, std::uint64_t total,
                                     std::uint64_t speed) noexcept {
  return speed == 0 || total <= done ? 0 : (total - done) / speed;
}

/// `batch_` and eight small hexadecimal digits.
constexpr bool is_batch_id(std::string_view id) noexcept {
  if (id.size() != 14 || id.substr(0, 6) != "batch_") return false;
  for (const char c : id.substr(6)) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace haul::service

#endif
