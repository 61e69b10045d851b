#ifndef HAUL_CONFIG_HPP
#define HAUL_CONFIG_HPP

// Every haul header that includes Asio includes this file first.

#include <haul/version.hpp>

// Before Asio: its configuration asks libstdc++ whether there is aligned_alloc, and gets another
// answer in a translation unit that has included nothing of it yet. Two answers in one program mix
// two ways of allocating.
#include <cstddef>

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE 1
#endif

#include <asio/version.hpp>

#if ASIO_VERSION < 102201
#error "haul needs Asio 1.22.1 or newer"
#endif

// Also before Asio, where Windows has POSIX threads (mingw-w64): Asio's own threads are of that
// kind if something included so far says that there are any, else of Windows' kind. Two answers in
// one program, and one unit starts a timer thread that another does not join when the context ends:
// it goes on writing to memory that is somebody else's by then.
#ifdef __MINGW32__
#include <unistd.h>
#if defined(_POSIX_THREADS) && defined(ASIO_DETAIL_CONFIG_HPP) && !defined(ASIO_HAS_PTHREADS)
#error \
    "include a haul header before the first Asio header, or define ASIO_HAS_PTHREADS=1 for the whole program"
#endif
#endif

// Asio before 1.26 does not see that clang with libstdc++ has coroutines.
#if defined(__clang__) && ASIO_VERSION < 102600 && !defined(ASIO_HAS_CO_AWAIT)
#ifdef ASIO_DETAIL_CONFIG_HPP
#error \
    "include a haul header before the first Asio header, or define ASIO_HAS_CO_AWAIT=1 and ASIO_HAS_STD_COROUTINE=1 for the whole program"
#endif
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1
#endif

// clang takes the address of a thread-local variable once for a whole coroutine, although another
// thread may resume it (up to 16, whenever it optimises). Asio's pools of frames and operations are
// thread-local: two threads would hand out the same memory. With a key of the threading library in
// the place of the variable there is no address to keep.
#if defined(__clang__) && !defined(ASIO_DISABLE_THREAD_KEYWORD_EXTENSION)
#ifdef ASIO_HAS_THREAD_KEYWORD_EXTENSION
#error \
    "include a haul header before the first Asio header, or define ASIO_DISABLE_THREAD_KEYWORD_EXTENSION=1 for the whole program"
#endif
#define ASIO_DISABLE_THREAD_KEYWORD_EXTENSION 1
#endif

/// Marks functions whose bodies one translation unit holds for the whole program when
/// HAUL_SEPARATE_COMPILATION is defined for all of it; that unit includes <haul/src.hpp>.
#ifdef HAUL_SEPARATE_COMPILATION
#define HAUL_DECL
#else
#define HAUL_DECL inline
#endif

#endif
