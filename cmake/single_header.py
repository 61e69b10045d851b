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


# Conditions that hold throughout one header, or are a file's own guard.
NEUTRAL = re.compile(r"HAUL_SEPARATE_COMPILATION|HAUL_\w+_IPP")


def text_of(name, seen, before=None):
    """A file with what it includes of haul in the place of the includes, each once.

    What is included where a condition may not hold may be needed elsewhere, too: it goes in front of
    the condition, or to `before`, where the file itself stands below one.
    """
    text = (INCLUDE / name).read_text()
    guarded = GUARD.fullmatch(text)
    if guarded:
        text = guarded[2]
    lines = []
    conditions = []  # for each open one, whether it may not hold
    front = 0        # where the outermost that may not hold begins
    for line in text.splitlines():
        if re.match(r"\s*#\s*if", line):
            doubtful = not NEUTRAL.search(line)
            if doubtful and not any(conditions):
                front = len(lines)
            conditions.append(doubtful)
        elif re.match(r"\s*#\s*endif", line):
            conditions.pop()
        own = OWN.match(line)
        if not own:
            lines.append(line)
        elif own[1] not in seen:
            seen.add(own[1])
            if before is not None:
                before.append(text_of(own[1], seen))
            elif any(conditions):
                needed = []
                body = text_of(own[1], seen, needed)
                lines[front:front] = needed
                front += len(needed)
                lines.append(body)
            else:
                lines.append(text_of(own[1], seen))
    return "\n".join(lines)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
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
