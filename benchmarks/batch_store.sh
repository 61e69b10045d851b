#!/usr/bin/env bash
# Makes small files, starts an nginx for them on loopback, and measures what a store costs.
#
#   bash benchmarks/batch_store.sh [COUNT [BYTES [ROUNDS]]]      (5000 16384 5)
set -euo pipefail
count=${1:-5000} bytes=${2:-16384} rounds=${3:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
program=$here/build/release/benchmarks/batch_store
[ -x "$program" ] || {
  echo "first: cmake --preset release -DHAUL_BUILD_BENCHMARKS=ON && cmake --build build/release" >&2
  exit 2
}
dir=$(mktemp -d)
trap 'kill "${nginx:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
mkdir "$dir/www" "$dir/data"
head -c "$bytes" /dev/urandom >"$dir/file"
for ((i = 0; i < count; i++)); do ln "$dir/file" "$dir/www/$i"; done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$dir/nginx.conf" <<C
daemon off; worker_processes 1; pid $dir/pid; error_log $dir/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; keepalive_requests 1000000;
  client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir;
  uwsgi_temp_path $dir; scgi_temp_path $dir;
  server { listen 127.0.0.1:$port; root $dir/www; }
}
C
chmod 755 "$dir"
nginx -c "$dir/nginx.conf" &
nginx=$!
for _ in $(seq 100); do (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
"$program" "http://127.0.0.1:$port/" "$count" "$dir/data" "$rounds"
