#!/usr/bin/env bash
# Checks that every C++ file of the project is formatted as .clang-format says.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# Version 14 and no other: versions differ in what they make of the same rules.
format=${CLANG_FORMAT:-clang-format-14}
find include tests examples benchmarks \( -name '*.hpp' -o -name '*.ipp' -o -name '*.cpp' \) -print0 |
  xargs -0 -n 20 -P "$(nproc)" "$format" --dry-run -Werror
echo "format: clean"
