#ifndef HAUL_SERVICE_SRC_HPP
#define HAUL_SERVICE_SRC_HPP

// The bodies of haul::service, for one translation unit of a program that is compiled with
// HAUL_SEPARATE_COMPILATION, beside <haul/src.hpp>.

#ifndef HAUL_SEPARATE_COMPILATION
#error "haul/service/src.hpp is of use only when HAUL_SEPARATE_COMPILATION is defined for all of it"
#endif

#include <haul/service/impl/access.ipp>
#include <haul/service/impl/aria2_args.ipp>
#include <haul/service/impl/bbdown.ipp>
#include <haul/service/impl/bbdown_core.ipp>
#include <haul/service/impl/bbdown_core_run.ipp>
#include <haul/service/impl/bbdown_json.ipp>
#include <haul/service/impl/bbdown_plan.ipp>
#include <haul/service/impl/bbdown_record.ipp>
#include <haul/service/impl/bbdown_routes.ipp>
#include <haul/service/impl/byte_serving.ipp>
#include <haul/service/impl/catalog.ipp>
#include <haul/service/impl/download_archive.ipp>
#include <haul/service/impl/event_feed.ipp>
#include <haul/service/impl/file_pattern.ipp>
#include <haul/service/impl/lax_json.ipp>
#include <haul/service/impl/media.ipp>
#include <haul/service/impl/media_batches.ipp>
#include <haul/service/impl/media_files.ipp>
#include <haul/service/impl/page_selection.ipp>
#include <haul/service/impl/panel.ipp>
#include <haul/service/impl/path_confinement.ipp>
#include <haul/service/impl/serve_options.ipp>
#include <haul/service/impl/validation.ipp>

#endif
