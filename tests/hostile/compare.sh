#!/usr/bin/env bash
# Runs other programs against the table of hostile servers, where a case makes sense for them, and
# writes what came of it, beside what haul makes of it, into docs/reliability.md, in the section
# "Hostile servers". Not part of the tests: it judges programs that are not ours.
#
# usage: tests/hostile/compare.sh [BUILD]      build/release, unless told otherwise
#        JOBS=N                                cases at once (4)
#
# Each program may try three times, gives up a silent server after two seconds, may write 64 MiB, and
# is killed after thirty seconds, which counts as a hang.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
build=${1:-build/release}
program=$build/tests/hostile_test
haul=$build/examples/haul
page=docs/reliability.md
if [ ! -x "$program" ] || [ ! -x "$haul" ]; then
  echo "compare.sh: no $program: build it first (target hostile_test)" >&2
  exit 1
fi
for tool in curl aria2c python3; do
  if ! command -v "$tool" >/dev/null; then
    echo "compare.sh: $tool is missing (Debian: apt-get install curl aria2 python3-minimal)" >&2
    exit 1
  fi
done

work=$(mktemp -d)
server=
end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
export LC_ALL=C

# fetch TOOL FOLDER KIND NAME CACERT CHECKSUM URL: as a careful user would.
fetch() {
  local tool=$1 to=$2 kind=$3 name=$4 cacert=$5 checksum=$6 url=$7 args=()
  case $tool in
    curl)
      args=(-q -sS -f -L --max-redirs 10 --connect-timeout 2 --speed-limit 100 --speed-time 2
        --retry 2 --retry-all-errors --retry-delay 1)
      [ "$cacert" = - ] || args+=(--cacert "$cacert")
      case $kind in
        naming) args+=(-O -J --output-dir "$to") ;;
        resume) args+=(-C - -o "$to/$name") ;;
        *) args+=(-o "$to/$name") ;;
      esac
      exec curl "${args[@]}" "$url"
      ;;
    aria2c)
      args=(--no-conf -q --connect-timeout=2 --timeout=2 --max-tries=3 --retry-wait=1
        --lowest-speed-limit=100        -x 8 -s 8 -k 1M --file-allocation=none --allow-overwrite=true --auto-file-renaming=false
        -d "$to")
      [ "$cacert" = - ] || args+=("--ca-certificate=$cacert")
      [ "$checksum" = - ] || args+=("--checksum=sha-256=$checksum")
      case $kind in
        naming) ;;
        resume) args+=(-c -o "$name") ;;
        *) args+=(-o "$name") ;;
      esac
      exec aria2c "${args[@]}" "$url"
      ;;
  esac
}

# judge FOLDER KIND NAME RIGHT CODE: what came of it.
judge() {
  local to=$1 kind=$2 name=$3 right=$4 code=$5 file=$1/$3
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    echo HANG
    return
  fi
  if [ -n "$(find "$(dirname "$to")" -mindepth 1 -maxdepth 1 ! -name to ! -name log)" ]; then
    echo "WRONG PLACE"
    return
  fi
  # The name is the program's own choice, as long as it is in the folder.
  if [ "$kind" = naming ]; then
    file=$(find "$to" -mindepth 1 -type f | head -n 1)
  fi
  if [ "$code" -gt 128 ] && [ "$code" -ne 153 ]; then  # 153: the limit on files
    echo CRASH
  elif [ "$code" -ne 0 ] && [ -s "$file" ] && { [ "$kind" = naming ] || [ -e "$file.aria2" ]; }; then
    echo "error, part file kept"
  elif [ "$code" -ne 0 ] && [ -s "$file" ]; then
    echo "error, part of it at the final path"
  elif [ "$code" -ne 0 ]; then
    echo "clean error"
  elif [ ! -f "$file" ]; then
    echo "success, but no file"
  elif [[ ",$right," == *",$(sha256sum <"$file" | cut -d ' ' -f 1),"* ]]; then
    echo "right file"
  else
    echo "WRONG FILE"
  fi
}

# one TOOL LINE: a case; prints its name and the verdict.
one() {
  local tool=$1 line=$2 group name does kind url expected right cacert checksum file code
  IFS=$'\t' read -r group name does kind url expected right cacert checksum file <<<"$line"
  local home=$work/$tool/$name
  mkdir -p "$home/to"
  # curl checks no hashes.
  if [ "$kind" = own ] || { [ "$tool" = curl ] && [ "$checksum" != - ]; }; then
    printf '%s\t%s\n' "$name" "–"
    return
  fi
  if [ "$kind" = resume ]; then
    # Ended in the middle, with time to write down its state; the server changes; the same again.
    (fetch "$tool" "$home/to" "$kind" "$file" "$cacert" "$checksum" "$url") >"$home/log" 2>&1 &
    local first=$!
    sleep 1.2
    kill -TERM "$first" 2>/dev/null
    wait "$first" 2>/dev/null
    curl -q -sS -o /dev/null "${url%/*}/switch"
  fi
  timeout -k 2 30 bash -c "$(declare -f fetch); fetch \"\$@\"" sh \
    "$tool" "$home/to" "$kind" "$file" "$cacert" "$checksum" "$url" >>"$home/log" 2>&1
  code=$?
  printf '%s\t%s\n' "$name" "$(judge "$home/to" "$kind" "$file" "$right" "$code")"
  rm -rf "$home/to"
}
# What never ends shall not fill the disk.
ulimit -f 65536
export -f fetch judge one
export work

# Fresh servers for each program: some tell one visit from the next.
for tool in curl aria2c; do
  mkfifo "$work/$tool.hold"
  "$program" --serve <"$work/$tool.hold" >"$work/$tool.cases" &
  server=$!
  exec 7>"$work/$tool.hold"
  until grep -q '^$' "$work/$tool.cases"; do sleep 0.1; done
  grep -v '^$' "$work/$tool.cases" |
    tr '\n' '\0' | xargs -0 -n 1 -P "${JOBS:-4}" bash -c 'one "$0" "$1"' "$tool" \
    >"$work/$tool.verdicts"
  exec 7>&-
  wait "$server"
  server=
  echo "$tool: done, after $SECONDS s"
done
"$program" --report >"$work/haul.verdicts" || echo "haul: not all as expected" >&2

python3 tests/hostile/table.py "$work" "$page" \
  "$("$haul" --version)" "$(curl -q --version | head -n 1 | cut -d ' ' -f 1,2)" \
  "$(aria2c --version | head -n 1)"
