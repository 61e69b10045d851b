#ifndef HAUL_PAN123_SRC_HPP
#define HAUL_PAN123_SRC_HPP

// The bodies of haul::pan123, for one translation unit of a program that is compiled with
// HAUL_SEPARATE_COMPILATION, beside <haul/src.hpp>.

#ifndef HAUL_SEPARATE_COMPILATION
#error "haul/pan123/src.hpp is of use only when HAUL_SEPARATE_COMPILATION is defined for all of it"
#endif

#include <haul/pan123/client.hpp>
#include <haul/pan123/impl/api_files.ipp>
#include <haul/pan123/impl/api_pull.ipp>
#include <haul/pan123/impl/api_upload.ipp>
#include <haul/pan123/impl/callback.ipp>
#include <haul/pan123/impl/core.ipp>
#include <haul/pan123/impl/error.ipp>
#include <haul/pan123/impl/offline_state.ipp>
#include <haul/pan123/impl/wire.ipp>

#endif
