#ifndef HAUL_HAUL_HPP
#define HAUL_HAUL_HPP

// All of haul but for the parts that need a package of their own.

#include <haul/config.hpp>

#include <haul/async/rate_limiter.hpp>
#include <haul/async/semaphore.hpp>
#include <haul/batch_manager.hpp>
#include <haul/batch_options.hpp>
#include <haul/batch_status.hpp>
#include <haul/checksum.hpp>
#include <haul/download_options.hpp>
#include <haul/download_request.hpp>
#include <haul/download_result.hpp>
#include <haul/download_task.hpp>
#include <haul/error.hpp>
#include <haul/event.hpp>
#include <haul/event_sink.hpp>
#include <haul/fetch.hpp>
#include <haul/piece_hashes.hpp>
#include <haul/session.hpp>
#include <haul/session_options.hpp>
#include <haul/store/memory_store.hpp>
#include <haul/store/task_store.hpp>
#include <haul/verify_and_repair.hpp>
#include <haul/version.hpp>

#endif
