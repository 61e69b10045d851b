#!/bin/sh
# Runs a program for Windows with Wine, in a Windows of its own, without a word from Wine itself.
cache=${HAUL_MINGW_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/haul-mingw}
export WINEPREFIX="${WINEPREFIX:-$cache/wine}"
export WINEDEBUG="${WINEDEBUG:--all}"
# Neither .NET nor a browser to be installed, nor anything to be put into a menu.
export WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe="
for wine in /usr/lib/wine/wine64 /usr/lib/wine/wine; do
  [ ! -x "$wine" ] || exec "$wine" "$@"
done
exec wine "$@"
