#!/usr/bin/env bash
# Builds for Windows, with mingw-w64, what haul needs and Debian has for itself only: OpenSSL, SQLite
# and pugixml, from the sources of Debian's own packages. Prints the folder that they are in. Some
# minutes the first time; kept afterwards.
#
# usage: bash .ci/mingw_libraries.sh      HAUL_MINGW_CACHE=FOLDER  ~/.cache/haul-mingw otherwise
set -eu -o pipefail

cache=${HAUL_MINGW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/haul-mingw}
host=x86_64-w64-mingw32
jobs=${JOBS:-$(nproc)}
mkdir -p "$cache"

# Headers alone need no build, only a folder without the rest of /usr/include.
mkdir -p "$cache/include"
for name in asio asio.hpp boost catch2 CLI; do
  ln -sfn "/usr/include/$name" "$cache/include/$name"
done

work=
clean() { [ -z "$work" ] || rm -rf "$work"; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# source_of PACKAGE: its newest source that can be had, in $work/source.
source_of() {
  local package=$1 version
  # A list of sources of its own: the machine's stays as it is, and nobody has to be root.
  mkdir -p "$work/lists/partial" "$work/archives/partial"
  local key=/usr/share/keyrings/debian-archive-keyring.gpg signed=
  [ ! -e $key ] || signed="[signed-by=$key] "
  apt-get indextargets --format "deb-src $signed\$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
    'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
  local options=(-o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work" -o APT::Sandbox::User=
    -o Dir::Cache::Archives="$work/archives" -o Acquire::Retries=3)
  apt-get -qq "${options[@]}" update
  # A mirror may announce what it does not have yet.
  local versions
  versions=$(apt-cache "${options[@]}" showsrc "$package" | sed -n 's/^Version: //p' | sort -urV)
  for version in $versions; do
    if (cd "$work" && apt-get -qq "${options[@]}" source --download-only "$package=$version"); then
      dpkg-source --no-check -x "$work/${package}_${version#*:}.dsc" "$work/source"
      return
    fi
  done
  return 1
}

build_openssl() {
  cd "$work/source"
  ./Configure mingw64 no-shared no-tests no-module no-legacy no-engine \
    --cross-compile-prefix=$host- --prefix="$1" --libdir=lib
  make -j "$jobs" build_libs
  make install_dev DESTDIR="$work/made"
}

build_sqlite3() {
  mkdir "$work/build"
  cd "$work/build"
  "$work/source/configure" --disable-tcl
  make sqlite3.c
  mkdir -p "$work/made$1/include" "$work/made$1/lib"
  cp sqlite3.h "$work/made$1/include"
  $host-gcc-posix -O2 -DSQLITE_OMIT_LOAD_EXTENSION -c sqlite3.c
  $host-ar rcs "$work/made$1/lib/libsqlite3.a" sqlite3.o
}

build_pugixml() {
  cmake -S "$work/source" -B "$work/build" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_COMPILER=$host-g++-posix -DCMAKE_INSTALL_PREFIX="$1" -DCMAKE_INSTALL_LIBDIR=lib
  cmake --build "$work/build" --parallel "$jobs"
  DESTDIR="$work/made" cmake --install "$work/build"
}

# want PACKAGE: built once.
want() {
  local package=$1 prefix=$cache/$1 log=$cache/$1.log
  [ ! -d "$prefix" ] || return 0
  echo "mingw_libraries.sh: building $package for Windows" >&2
  work=$(mktemp -d "$cache/build.XXXXXX")
  # A shell of its own: within a condition, a failure would not end it.
  set +e
  (
    set -e
    source_of "$package"
    "build_$package" "$prefix"
  ) </dev/null >"$log" 2>&1
  local status=$?
  set -e
  if [ $status -ne 0 ]; then
    tail -n 20 "$log" >&2
    echo "mingw_libraries.sh: $package could not be built for Windows; see $log" >&2
    return 1
  fi
  # In one step, so that a build that was broken off is not taken for a whole one.
  mv "$work/made$prefix" "$prefix"
  clean
  work=
}

want openssl
want sqlite3
want pugixml
echo "$cache"
