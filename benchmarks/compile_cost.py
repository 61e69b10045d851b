#!/usr/bin/env python3
"""What it costs to compile a program that uses haul.

usage: compile_cost.py [--cxx COMPILER] [--runs N]     measures and prints a table
       compile_cost.py [--cxx COMPILER] --check LIMIT  fails when the separate form has more than
                                                       LIMIT times the bare lines; tells the time

The README's program with haul as headers only, with HAUL_SEPARATE_COMPILATION, and with Asio's own
ASIO_SEPARATE_COMPILATION beside it. Then what there is to compare with: a program that only includes
the headers of Asio, OpenSSL and Boost.URL that haul's own headers include, and one that also runs a
coroutine as the README's program does, but an empty one. Lines are those left after the preprocessor,
without empty ones. Seconds are the processor's, the best of N runs of the compiler, without
optimisation and with -O2.
"""
import argparse
import collections
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "tests/docs/readme_program.cpp"
FLAGS = ["-std=c++20", f"-I{ROOT}/include", "-DASIO_STANDALONE"]
LIBRARIES = ("asio", "openssl", "boost")
SPAWN = """
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

asio::awaitable<void> run() { co_return; }

int main() {
  asio::io_context io;
  asio::co_spawn(io, run(), asio::detached);
  io.run();
}
"""


def bare_program():
    """Includes what haul.hpp and all below it include of other libraries."""
    listed = re.search(r"set\(HAUL_HEADERS\n(.*?)\)", (ROOT / "cmake/headers.cmake").read_text(),
                       re.DOTALL)[1].split()
    found = set()
    for header in listed:
        found.update(re.findall(r"^#\s*include <((?:%s)[/.][^>]+)>" % "|".join(LIBRARIES),
                                (ROOT / "include" / header).read_text(), re.MULTILINE))
    # Not the source that Boost.URL and Asio may be compiled from, nor what is for newer versions.
    found = sorted(h for h in found if not re.search(r"/src\.hpp$|/impl/", h))
    return "".join(f"#if __has_include(<{h}>)\n#include <{h}>\n#endif\n"
                   for h in found), len(found)


def preprocess(cxx, source, flags):
    done = subprocess.run([cxx, *FLAGS, *flags, "-E", str(source)], check=True, text=True,
                          stdout=subprocess.PIPE)
    lines, place = collections.Counter(), "haul"
    for line in done.stdout.splitlines():
        mark = re.match(r'# \d+ "(.*?)"', line)
        if mark:
            place = where(mark[1])
        elif line.strip():
            lines[place] += 1
    return lines


def where(path):
    for name, part in (("haul", f"{ROOT}/include/haul/"), ("Asio", "/asio/"), ("Asio", "/asio.hpp"),
                       ("OpenSSL", "/openssl/"), ("Boost", "/boost/"),
                       ("the standard library", "/c++/"), ("the program", f"{ROOT}/tests/")):
        if part in path:
            return name
    return "the system"


def seconds(cxx, source, flags, runs, out):
    best = None
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([cxx, *FLAGS, *flags, "-c", str(source), "-o", out], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        best = took if best is None else min(best, took)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cxx", default="g++")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", type=float)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        bare, spawn = folder / "bare.cpp", folder / "spawn.cpp"
        text, headers = bare_program()
        bare.write_text(text + "int main() {}\n")
        spawn.write_text(text + SPAWN)
        if headers < 10:
            sys.exit(f"compile_cost: only {headers} headers of other libraries were found")
        forms = {
            "header-only": (PROGRAM, []),
            "HAUL_SEPARATE_COMPILATION": (PROGRAM, ["-DHAUL_SEPARATE_COMPILATION"]),
            "ASIO_SEPARATE_COMPILATION too": (PROGRAM, ["-DHAUL_SEPARATE_COMPILATION",
                                                        "-DASIO_SEPARATE_COMPILATION"]),
            f"the {headers} headers that haul needs": (bare, []),
            "they, and an empty coroutine": (spawn, []),
        }
        lines = {name: preprocess(options.cxx, *form) for name, form in forms.items()}
        whole, separate, _, needed, _ = (sum(c.values()) for c in lines.values())
        if options.check is not None:
            ratio = separate / needed
            print(f"compile_cost: {separate} lines, the bare includes have {needed}: {ratio:.2f} times")
            # Told, and not judged: time is the machine's.
            for o in ("-O0", "-O2"):
                own, other = (seconds(options.cxx, source, [*flags, o], 1, str(folder / "o"))
                              for source, flags in (forms["HAUL_SEPARATE_COMPILATION"],
                                                    (bare, [])))
                print(f"{o}: {own:.2f} s, the bare includes {other:.2f} s: {own / other:.2f} times")
            return 1 if ratio > options.check else 0
        print(f"{'':32} {'lines':>8} {'-O0':>8} {'-O2':>8}")
        table = {name: [seconds(options.cxx, source, [*flags, o], options.runs, str(folder / "o"))
                        for o in ("-O0", "-O2")] for name, (source, flags) in forms.items()}
        for name, took in table.items():
            print(f"{name:32} {sum(lines[name].values()):>8} {took[0]:>6.2f} s {took[1]:>6.2f} s")
        base = table[f"the {headers} headers that haul needs"]
        print("\nseconds, to the bare includes:")
        for name, took in table.items():
            print(f"{name:32} {'':>8} {took[0] / base[0]:>8.2f} {took[1] / base[1]:>8.2f}")
        print(f"\nlines, header-only to the bare includes: {whole / needed:.2f}; "
              f"separate to them: {separate / needed:.2f}")
        for name, counted in lines.items():
            print(f"{name}: " + ", ".join(f"{n} of {place}" for place, n in counted.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
