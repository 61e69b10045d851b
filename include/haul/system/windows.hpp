#ifndef HAUL_SYSTEM_WINDOWS_HPP
#define HAUL_SYSTEM_WINDOWS_HPP

// Windows' own header, with as few of its macros as it allows and without the sockets of 1993,
// which Asio's would collide with. Who has included it already has chosen.

#ifdef _WIN32

#ifndef _WINDOWS_
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#define HAUL_UNDEF_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#define HAUL_UNDEF_NOMINMAX
#endif
#include <windows.h>
#ifdef HAUL_UNDEF_LEAN_AND_MEAN
#undef WIN32_LEAN_AND_MEAN
#undef HAUL_UNDEF_LEAN_AND_MEAN
#endif
#ifdef HAUL_UNDEF_NOMINMAX
#undef NOMINMAX
#undef HAUL_UNDEF_NOMINMAX
#endif
#endif

#endif

#endif
