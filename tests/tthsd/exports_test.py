#!/usr/bin/env python3
"""What the TTHSD library shows of itself: the symbols of the version script and the header, no more,
and the libraries that it needs.

usage: exports_test.py LIBRARY
"""
import pathlib
import re
import subprocess
import sys

from binding import SYMBOLS

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = {"libssl.so.3", "libcrypto.so.3", "libstdc++.so.6", "libgcc_s.so.1", "libm.so.6",
          "libc.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    library = sys.argv[1]
    shown = {line.split()[-1] for line in output("nm", "-D", "--defined-only", library).splitlines()}
    header = (ROOT / "examples/tthsd/tthsd.h").read_text()
    declared = set(re.findall(r"^(?:int|char\*|void) (\w+)\(", header, re.MULTILINE))
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", library)))
    problems = []
    for what, found in (("the library", shown), ("the header", declared)):
        if found != set(SYMBOLS):
            problems.append(f"{what}: missing {set(SYMBOLS) - found}, too much {found - set(SYMBOLS)}")
    if needed - SYSTEM:
        problems.append(f"needs more than a system has: {needed - SYSTEM}")
    print("\n".join(problems) if problems else f"{len(shown)} symbols; needs {sorted(needed)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
