#!/usr/bin/env bash
# From a fresh Debian machine to a download: installs what building haul needs (only what is
# missing), builds the command and downloads.
#
# usage: bash examples/quickstart.sh [URL [HAUL OPTION...]]
#
# With a URL: into the current folder. Without: 256 MiB of noise from an nginx that is started for
# this on a free port of 127.0.0.1, checked against its SHA-256; nothing of it is left afterwards.
set -eu -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$PWD
PATH="$PATH:/usr/sbin"

. "$root/.ci/packages.sh"
packages=(
  g++ cmake ninja-build ccache ca-certificates
  libasio-dev libssl-dev libboost1.81-dev libboost-url1.81-dev libcli11-dev libsqlite3-dev libpugixml-dev
)
[ $# -gt 0 ] || packages+=(nginx)
need_packages "${packages[@]}"

# The tests' own needs are not installed here; a build folder that has the tests keeps them.
cd "$root"
options=()
grep -qs 'HAUL_BUILD_TESTS:.*=ON' build/release/CMakeCache.txt || options=(-DHAUL_BUILD_TESTS=OFF)
echo "building haul"
build() {
  cmake --preset release "${options[@]}" && cmake --build --preset release --target haul_command
}
log=$(mktemp)
if ! build >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
haul=$root/build/release/examples/haul
cd "$here"

if [ $# -gt 0 ]; then
  exec "$haul" --dir . "$@"
fi

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir "$work/files" "$work/nginx"
echo "making 256 MiB of noise"
head -c $((256 << 20)) /dev/urandom >"$work/files/noise.bin"
sum=$(sha256sum <"$work/files/noise.bin")
sum=${sum%% *}

# Root starts no server as root.
as_nobody=()
if [ "$(id -u)" -eq 0 ]; then
  as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
  chmod 711 "$work"
  chown -R nobody:nogroup "$work/nginx"
fi

answers() {
  # In a subshell: the connection is closed again at its end.
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
  port=$((20000 + RANDOM % 12000))
  ! answers "$port" || continue
  cat >"$work/nginx.conf" <<END
daemon off;
worker_processes 1;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { worker_connections 128; }
http {
  access_log off;
  sendfile on;
  default_type application/octet-stream;
  client_body_temp_path $work/nginx/body;
  proxy_temp_path $work/nginx/proxy;
  fastcgi_temp_path $work/nginx/fastcgi;
  uwsgi_temp_path $work/nginx/uwsgi;
  scgi_temp_path $work/nginx/scgi;
  server {
    listen 127.0.0.1:$port;
    root $work/files;
  }
}
END
  "${as_nobody[@]}" nginx -p "$work/nginx/" -e "$work/nginx/error.log" -c "$work/nginx.conf" \
    2>/dev/null &
  server=$!
  for _ in $(seq 50); do
    answers "$port" && break 2
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  kill "$server" 2>/dev/null && wait "$server" || true
  server=
done
if [ -z "$server" ]; then
  echo "quickstart.sh: nginx did not start" >&2
  cat "$work/nginx/error.log" >&2 || true
  exit 1
fi

url=http://127.0.0.1:$port/noise.bin
echo "downloading $url"
# Not through whatever proxy the machine is set up with.
no_proxy=127.0.0.1 NO_PROXY=127.0.0.1 \
  "$haul" --output "$work/got.bin" --checksum "sha256:$sum" "$url"
got=$(sha256sum <"$work/got.bin")
got=${got%% *}
echo "SHA-256 of the file served:     $sum"
echo "SHA-256 of the file downloaded: $got"
[ "$got" = "$sum" ] || { echo "quickstart.sh: they differ" >&2; exit 1; }
echo "haul is at $haul"
