#ifndef HAUL_ENGINE_TASK_INFO_HPP
#define HAUL_ENGINE_TASK_INFO_HPP

#include <haul/config.hpp>

#include <haul/download_request.hpp>
#include <haul/event.hpp>
#include <haul/http/url.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace haul::engine {

/// What a request does not say of its task.
struct task_place {
  std::uint64_t random = 0;  ///< becomes the id, where the request has none
  std::size_t index = 1;     ///< in its batch, from 1
  std::size_t total = 1;     ///< files in the batch
};

/// What events say about a request.
///
/// @param random  Becomes the id of a request that has none.
HAUL_DECL task_ref describe(const download_request& r, std::uint64_t random, std::size_t index = 1,
                            std::size_t total = 1);
/// The same, for who has read the URL of the request already, and the file name that it gives.
HAUL_DECL task_ref describe(const download_request& r, const http::url_result& url,
                            const std::string& url_name, const task_place& place);

/// The task that an event is about; null for the events of batches.
HAUL_DECL const task_info* task_of(const event& e) noexcept;

}  // namespace haul::engine

#ifndef HAUL_SEPARATE_COMPILATION
#include <haul/engine/impl/task_info.ipp>
#endif

#endif
