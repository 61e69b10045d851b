#ifndef HAUL_PAN123_OFFLINE_STATE_HPP
#define HAUL_PAN123_OFFLINE_STATE_HPP

#include <haul/config.hpp>

#include <haul/pan123/types.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace haul::pan123 {

/// How far an `offline_pull` has come. Saved and given back, it makes the next one go on where this
/// one was, with the same task in the cloud.
struct offline_state {
  /// How far it has come.
  enum class stage : std::uint8_t {
    begun,       ///< nothing has been made in the cloud
    folder,      ///< its own folder is there
    creating,    ///< the task may be there or not: the answer has not been seen
    waiting,     ///< the task is there
    downloaded,  ///< the file is in the cloud
    pulled,      ///< the file is on disk, complete and verified
  };

  stage at = stage::begun;  ///< what is done
  std::string url;          ///< what is downloaded: a saved state is good for this link only
  file_id folder = 0;       ///< in the cloud
  task_id task = 0;         ///< of the platform
  file_id file = 0;         ///< in the cloud
};

/// The state as JSON.
HAUL_DECL std::string to_text(const offline_state& state);
/// Nothing when the text is none that `to_text` has made.
HAUL_DECL std::optional<offline_state> parse_offline_state(std::string_view text);

}  // namespace haul::pan123

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/pan123/impl/offline_state.ipp>
#endif

#endif
