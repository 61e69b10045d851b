# need_packages PACKAGE...: installs those of Debian's packages that are missing, and says so.
#
# Sourced by tests/run.sh and examples/quickstart.sh. No service that a package brings is started:
# what needs nginx starts its own, with its own settings.

need_packages() {
  local missing=() package
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "not a Debian machine: what is needed here is called there: $*" >&2
    return 0
  fi
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null) in
      *installed*) ;;
      *) missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "missing packages, and neither root nor sudo to install them: ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"

  # Package scripts ask this file whether they may start a service. Somebody else's is left alone.
  local policy=/usr/sbin/policy-rc.d made_policy=no status=0
  if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null &&
      "${as_root[@]}" chmod 755 "$policy"
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -qq)
  {
    "${apt[@]}" update &&
      "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
  } </dev/null >/tmp/haul-apt.$$ 2>&1 || status=$?
  [ $status -eq 0 ] || tail -n 30 /tmp/haul-apt.$$ >&2
  rm -f /tmp/haul-apt.$$
  [ $made_policy = no ] || "${as_root[@]}" rm -f "$policy"
  return $status
}
