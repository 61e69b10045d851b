#!/usr/bin/env python3
"""Writes all of haul, without its optional parts, into one header.

usage: single_header.py OUTPUT
"""
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[1] / "include"
OWN = re.compile(r'\s*#include <(haul/[^>]+)>')
GUARD = re.compile(r"#ifndef (HAUL_\w+_HPP)\n#define \1\n\n(.*)\n#endif\n", re.S)


def text_of(name, seen):
    """A file with what it includes of haul in the place of the includes, each once."""
    text = (INCLUDE / name).read_text()
    guarded = GUARD.fullmatch(text)
    if guarded:
        text = guarded[2]
    lines = []
    for line in text.splitlines():
        own = OWN.match(line)
        if not own:
            lines.append(line)
        elif own[1] not in seen:
            seen.add(own[1])
            lines.append(text_of(own[1], seen))
    return "\n".join(lines)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip().splitlines()[-1])
    root = "haul/haul.hpp"
    body = text_of(root, {root})
    licence = (INCLUDE.parent / "LICENSE").read_text().splitlines()[0]
    pathlib.Path(sys.argv[1]).write_text(
        f"// haul in one header; made by cmake/single_header.py. {licence}.\n"
        "#ifndef HAUL_HAUL_HPP\n#define HAUL_HAUL_HPP\n\n"
        "#ifdef HAUL_SEPARATE_COMPILATION\n"
        '#error "haul in one header is header-only: do not define HAUL_SEPARATE_COMPILATION"\n'
        f"#endif\n\n{body}\n\n#endif\n")


if __name__ == "__main__":
    main()
