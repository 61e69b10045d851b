#!/usr/bin/env bash
# Checks the house rules for coroutines (coroutine_rules.query) in haul's headers, tests and
# programs, after proving on planted violations that each rule is seen, and nothing else.
#
# usage: coroutine_rules.sh [FILE.cpp...]     only these, instead of the whole project
set -u -o pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

query=${CLANG_QUERY:-}
for candidate in clang-query-16 clang-query-14 clang-query; do
  [ -n "$query" ] || query=$(command -v "$candidate" || true)
done
if [ -z "$query" ]; then
  echo "coroutine_rules.sh: no clang-query (Debian: clang-tools-16)" >&2
  exit 1
fi

# What haul/config.hpp defines for clang, where a file includes Asio before haul.
flags=(-std=c++20 -w -DASIO_STANDALONE -DASIO_HAS_CO_AWAIT=1 -DASIO_HAS_STD_COROUTINE=1
  -DASIO_DISABLE_THREAD_KEYWORD_EXTENSION=1
  "-I$root/include" "-I$root/tests" "-I$root/examples" "-I$root/benchmarks")

# One matcher to a line, as clang-query wants them; then all of a kind in one, because each goes
# through everything that the source includes.
grep -v '^#' "$here/coroutine_rules.query" |
  awk '/^ / { printf "%s", $0; next } { printf "\n%s", $0 } END { print "" }' |
  awk '
    /^m / {
      kind = $2 ~ /^[a-zA-Z]*Decl\(/ ? "decl" : "stmt"
      sub(/^m /, "let rule" ++n " ")
      all[kind] = all[kind] ", rule" n
    }
    { print }
    END { for (kind in all) print "m " kind "(eachOf(" substr(all[kind], 3) "))" }' >"$work/query"
wanted=$(grep -c '^m ' "$work/query")

# Bodies are looked at once, in a file that instantiates them; every other is read the quicker for it.
apart=(-DHAUL_SEPARATE_COMPILATION)

# look SOURCE: prints "file:line rule" for each finding outside the system's headers; fails if the
# source, or a matcher, cannot be read whole.
look() {
  local out how=("${apart[@]}")
  [ "$1" != "$work/all_headers.cpp" ] || how=()
  out=$("$query" -f "$work/query" "$1" -- "${flags[@]}" "${how[@]}" 2>&1)
  if [ "$(grep -cE '^[0-9]+ match(es)?\.$' <<<"$out")" != "$wanted" ] ||
    grep -qE '(^|: )(fatal )?error:' <<<"$out"; then
    echo "$1: clang-query failed:" >&2
    grep -E '(^|: )(fatal )?error:|^[0-9]+:[0-9]+: ' <<<"$out" | head -n 10 >&2
    return 1
  fi
  sed -nE 's/^(.*):([0-9]+):[0-9]+: note: "(rule_[a-z0-9_]+)" binds here$/\1:\2 \3/p' <<<"$out" | sort -u
}
export -f look
export query wanted here root work
# Arrays do not pass through the environment.
declare -p flags apart >"$work/flags"

# 1. The gate itself. A violating line says in a comment which rules it breaks.
planted=("$here"/violations/*.cpp)
for file in "$here/clean.cpp" "${planted[@]}"; do
  echo "#include \"$file\""
done >"$work/planted.cpp"
look "$work/planted.cpp" >"$work/found" || exit 1
grep -nE '// rule_' "${planted[@]}" | sed -E 's,^([^:]*:[0-9]+):.*// (rule_.*)$,\1 \2,' |
  awk '{ for (i = 2; i <= NF; ++i) print $1, $i }' | sort -u >"$work/expected"
if ! diff "$work/expected" "$work/found" >"$work/diff"; then
  echo "the gate does not see what it should (<: planted and not found, >: found and not planted):"
  grep '^[<>]' "$work/diff"
  exit 1
fi
for file in "${planted[@]}"; do
  if ! grep -q "^$file:" "$work/expected"; then
    echo "$file: nothing is planted here"
    exit 1
  fi
done

# 2. The project.
if [ $# -gt 0 ]; then
  realpath -- "$@" >"$work/sources"
else
  grep -hoE '^ +haul/[a-z0-9_/]+\.hpp' "$root"/cmake/headers.cmake |
    grep -v '/src\.hpp$' | sed -E 's,^ *(.*)$,#include <\1>,' >"$work/all_headers.cpp"
  printf '#include <%s>\n' haul/src.hpp haul/pan123/src.hpp haul/service/src.hpp \
    >"$work/bodies.cpp"
  printf '%s\n' "$work/all_headers.cpp" "$work/bodies.cpp" >"$work/sources"
  for folder in examples tests benchmarks; do
    [ ! -d "$root/$folder" ] || grep -rlE 'co_await|co_return' --include='*.cpp' "$root/$folder"
  done | grep -v "^$root/tests/gate/" | sort >>"$work/sources"
fi

xargs -d '\n' -n 1 -P "$(nproc)" bash -c '
  . "$work/flags"
  look "$1" || echo "$1 unreadable"
' _ <"$work/sources" | sort -u >"$work/found"

if [ -s "$work/found" ]; then
  echo "house rules for coroutines broken (see tests/gate/coroutine_rules.query):"
  sed "s,^$root/,," "$work/found"
  exit 1
fi
echo "coroutine rules: $(wc -l <"$work/sources") translation units clean," \
  "$(wc -l <"$work/expected") planted violations found"
