#!/usr/bin/env bash
# Breaks the engine on purpose, in each of the ways of tests/sim/breakages, and looks how soon the
# simulator finds it. Takes a compilation of the engine for each; not a part of the test run.
#
# usage: bash tests/sim/breakages.sh [PATCH...]
#        SEEDS=N   how many seeds each breakage has to be found in; 20000 unless told otherwise
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
patches=("$@")
[ $# -gt 0 ] || patches=(tests/sim/breakages/*.patch)
seeds=${SEEDS:-20000}
work=build/breakages
missed=0
mkdir -p "$work"
for patch in "${patches[@]}"; do
  name=$(basename "$patch" .patch)
  rm -rf "$work/include" && cp -r include "$work/include" || exit 1
  if ! patch -s -p1 -d "$work" <"$patch"; then
    echo "$name: the patch does not fit any more"
    missed=$((missed + 1))
    continue
  fi
  echo '#include <haul/src.hpp>' >"$work/bodies.cpp"
  rm -f "$work"/*.o
  if ! printf '%s\n' tests/sim/*.cpp "$work/bodies.cpp" | xargs -P "$(nproc)" -I{} sh -c \
    'g++ -std=c++20 -O0 -DASIO_STANDALONE -DHAUL_SEPARATE_COMPILATION -DBOOST_URL_NO_LIB \
      -I"$1/include" -c -o "$1/$(basename "$2" .cpp).o" "$2"' sh "$work" {} 2>"$work/$name.log" ||
    ! g++ -o "$work/sim_runner" "$work"/*.o -lboost_url -lssl -lcrypto -pthread \
      2>>"$work/$name.log"; then
    echo "$name: does not build, see $work/$name.log"
    missed=$((missed + 1))
    continue
  fi
  if timeout 600 "$work/sim_runner" --seeds "1-$seeds" >"$work/$name.out" 2>&1; then
    echo "$name: NOT FOUND in $seeds seeds"
    missed=$((missed + 1))
  else
    found=$(grep -m 1 '^seed ' "$work/$name.out" || echo "the program died: $(tail -n 1 "$work/$name.out")")
    echo "$name: found by $found"
  fi
done
[ $missed -eq 0 ]
