#!/usr/bin/env bash
# Installs what the tests need (Debian packages, only what is missing), builds haul in several ways
# and runs all tests of all of them. The last lines are ctest's, over everything.
#
# usage: bash tests/run.sh [PRESET...]     release asan tsan clang fuzz, unless told otherwise;
#                                          others: docs/compilers.md
#        HAUL_FUZZ_SECONDS=N              for each fuzz target; 10 unless told otherwise
#        JOBS=N                            processes at once; the machine's processors otherwise
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
presets=("$@")
[ $# -gt 0 ] || presets=(release asan tsan clang fuzz)
for preset in "${presets[@]}"; do
  case $preset in
    release | debug | asan | tsan | clang | clang19 | libcxx | cxx23 | cxx23-clang | \
      mingw | fuzz) ;;
    *)
      echo "run.sh: no preset $preset (there are: release debug asan tsan clang clang19 libcxx" \
        "cxx23 cxx23-clang mingw fuzz)" >&2
      exit 2
      ;;
  esac
done
has() { [[ " ${presets[*]} " == *" $1 "* ]]; }
jobs=${JOBS:-$(nproc)}
# Where Debian keeps nginx, which is not in everybody's path.
export PATH="$PATH:/usr/sbin"

# Each command runs in a process group of its own, so that an interrupted run leaves nothing behind.
set -m
child=
end() {
  local status=$?
  trap - EXIT INT TERM
  [ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null
  exit "${1:-$status}"
}
trap end EXIT
trap 'end 130' INT
trap 'end 143' TERM
run() {
  "$@" &
  child=$!
  wait "$child"
  local status=$?
  child=
  return $status
}

. .ci/packages.sh
packages=(
  g++ cmake ninja-build ccache pkg-config python3-minimal libpython3-stdlib ca-certificates
  libasio-dev libssl-dev libboost1.81-dev libboost-url1.81-dev libboost-json1.81-dev
  libsqlite3-dev libpugixml-dev libcli11-dev librestinio-dev libuv1-dev catch2
  nginx tinyproxy-bin microsocks
)
if has release; then packages+=(clang-tools-16 clang-format-14 chromium chromium-driver curl doxygen python3-yaml); fi
if has release || has clang; then packages+=(qtbase5-dev); fi
if has clang || has fuzz; then packages+=(clang-16); fi
if has fuzz; then packages+=(libclang-rt-16-dev); fi
if has clang19 || has libcxx || has cxx23-clang; then packages+=(clang-19); fi
if has libcxx; then packages+=(libc++-19-dev libc++abi-19-dev); fi
if has mingw; then
  packages+=(g++-mingw-w64-x86-64-posix gcc-mingw-w64-x86-64-posix wine64 wine dpkg-dev perl tcl)
fi
need_packages "${packages[@]}" || exit 1

if has mingw; then
  JOBS=$jobs bash .ci/mingw_libraries.sh >/dev/null || exit 1
  # Made before the tests, which run at the same time.
  run cmake/wine.sh wineboot -i >/dev/null 2>&1 || {
    echo "run.sh: Wine does not start: cmake/wine.sh wineboot -i" >&2
    exit 1
  }
fi

# One suite over all presets: ctest's own summary tells the outcome of the whole run. A build that
# fails is a test that fails.
suite=build/run
mkdir -p "$suite"
: >"$suite/CTestTestfile.cmake"

build() {
  local preset=$1 targets=(all) started=$SECONDS metalink=ON
  # Each public header alone, once for each compiler.
  case $preset in
    release | clang | clang19 | libcxx) targets+=(all_verify_interface_header_sets) ;;
    cxx23*) targets=(all_verify_interface_header_sets) ;;
  esac
  # Debian's pugixml is libstdc++'s.
  [ "$preset" != libcxx ] || metalink=OFF
  echo "== $preset: building"
  # The optional parts too: what is left out is not tested.
  run cmake --preset "$preset" -DHAUL_FUZZ_SECONDS="${HAUL_FUZZ_SECONDS:-10}" -DHAUL_WITH_JSON=ON \
    -DHAUL_WITH_METALINK=$metalink -DHAUL_WITH_PAN123=ON -DHAUL_WITH_SERVICE=ON -DHAUL_WITH_SQLITE=ON \
    >"$suite/$preset.log" 2>&1 &&
    run cmake --build --preset "$preset" --parallel "$jobs" --target "${targets[@]}" \
      >>"$suite/$preset.log" 2>&1
  local status=$?
  if [ $status -eq 0 ]; then
    echo "== $preset: built in $((SECONDS - started)) s"
    case $preset in
      # That it compiles is the test.
      cxx23*)
        printf 'add_test("%s.headers" cmake --build "%s" --target all_verify_interface_header_sets)\n' \
          "$preset" "$root/build/$preset" >>"$suite/CTestTestfile.cmake"
        ;;
      *) echo "subdirs(\"$root/build/$preset\")" >>"$suite/CTestTestfile.cmake" ;;
    esac
  else
    echo "== $preset: NOT built, after $((SECONDS - started)) s"
    grep -E -m 20 'error|FAILED|Error' "$suite/$preset.log" || tail -n 20 "$suite/$preset.log"
    printf 'add_test("%s.build" sh -c "tail -n 40 \\"$1\\"; exit 1" sh "%s")\n' \
      "$preset" "$root/$suite/$preset.log" >>"$suite/CTestTestfile.cmake"
  fi
}
for preset in "${presets[@]}"; do
  build "$preset"
done

# The thread sanitizer of g++ 12 cannot start where the kernel spreads addresses more widely than it
# knows of.
wrapper=()
spread=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
if has tsan && [ "$spread" -gt 28 ] && setarch -R true 2>/dev/null; then
  wrapper=(setarch -R)
fi
# One more at once than there are processors: some tests wait more than they work.
run "${wrapper[@]}" ctest --test-dir "$suite" --parallel "$((jobs + 1))" --output-on-failure \
  --no-tests=error --timeout 600
