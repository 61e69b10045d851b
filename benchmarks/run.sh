#!/usr/bin/env bash
# Measures haul against loops written by hand and against other programs, and prints a table.
# Installs and builds what it needs; all traffic is over loopback.
#
#   bash benchmarks/run.sh [--short] [--scenario NAME]... [--rounds N] [--mib N] [--files N]
#
# benchmarks/run.py says what each scenario is. docs/performance.md holds the last whole table.
set -eu -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/packages.sh
need_packages g++ cmake ninja-build ccache pkg-config python3-minimal openssl \
  libasio-dev libssl-dev libboost1.81-dev libboost-url1.81-dev libcli11-dev libsqlite3-dev \
  libpugixml-dev liburing-dev catch2 iproute2 nginx curl aria2 axel wget2 lftp
export PATH="$PATH:/usr/sbin"
cmake --preset release -DHAUL_BUILD_BENCHMARKS=ON >/dev/null
cmake --build --preset release --target haul_command large_loop list_loop uring_loop control micro \
  >/dev/null
exec python3 benchmarks/run.py --build build/release "$@"
