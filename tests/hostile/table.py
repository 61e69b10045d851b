#!/usr/bin/env python3
"""Writes what compare.sh found into the section "Hostile servers" of a page; the rest of the page
stays as it is.

usage: table.py FOLDER PAGE HAUL CURL ARIA2     the folder of the verdicts; versions
"""
import collections
import datetime
import pathlib
import platform
import re
import sys

TITLE = "## Hostile servers"
TOOLS = ("haul", "curl", "aria2c")
GOOD = ("right file", "clean error")


def verdicts(folder, tool):
    lines = (folder / f"{tool}.verdicts").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def cell(text):
    return re.sub(r"[^\x20-\x7e]", "?", text).replace("|", "\\|").replace("<", "&lt;")


def bold(verdict):
    return verdict if verdict in GOOD or verdict.startswith("error") or verdict == "–" else f"**{verdict}**"


def summary(found, names):
    """A row for each verdict, over the cases that all three were run against."""
    common = [n for n in names if all(found[t].get(n, "–") not in ("–", "skipped") for t in TOOLS)]
    counts = {t: collections.Counter(found[t][n] for n in common) for t in TOOLS}
    order = ["right file", "clean error", "error, part file kept", "error, part of it at the final path",
             "WRONG FILE", "WRONG PLACE", "success, but no file", "CRASH", "HANG"]
    seen = {v for t in TOOLS for v in counts[t]}
    rows = [v for v in order if v in seen or v in ("WRONG FILE", "HANG")] + sorted(seen - set(order))
    yield f"| of {len(common)} cases | " + " | ".join(TOOLS) + " |"
    yield "|---|" + "--:|" * len(TOOLS)
    for v in rows:
        yield f"| {v} | " + " | ".join(str(counts[t][v]) for t in TOOLS) + " |"


def section(folder, versions):
    cases = [line.split("\t") for line in (folder / "curl.cases").read_text(encoding="utf-8", errors="replace").splitlines() if line]
    found = {t: verdicts(folder, t) for t in TOOLS}
    names = [c[1] for c in cases]
    today = datetime.date.today().isoformat()
    mine = collections.Counter(found["haul"].values())
    yield TITLE
    yield ""
    yield (f"{len(cases)} servers that lie, stall and cheat, over real sockets: `tests/hostile/`. The test "
           "`hostile_test` runs haul")
    yield ("against all of them: each must end in exactly the right file, or in one line that says what is "
           "wrong and no file at the final")
    yield (f"path. Last seen: {mine['right file']} right files, {mine['clean error']} clean errors, "
           f"{mine['WRONG FILE']} wrong files, {mine['HANG']} hangs.")
    yield ""
    yield ("`tests/hostile/compare.sh` runs curl and aria2c against the same servers, where a case makes "
           "sense for them: curl with")
    yield ("`-f -L --retry 2 --retry-all-errors --speed-limit 100 --speed-time 2`, aria2c with eight "
           "connections, three tries, two seconds of")
    yield ("silence and `--lowest-speed-limit=100`. Each may write 64 MiB, and is killed after 30 seconds. "
           "haul runs with the options of its")
    yield ("case. *Right file*: success, and the file is what the server had (at the path asked for, or, where "
           "the server gives the name, under any")
    yield ("name in the folder). *Clean error*: failure, and nothing at the final path. *Error, part of it at "
           "the final path*: failure, but an")
    yield ("incomplete or wrong file has the name of the whole one. *Error, part file kept*: the same, with a "
           "control file beside it that says so.")
    yield ("**WRONG FILE**: success, with a file that the server never had. **HANG**: still running after 30 "
           "seconds. Who is content with less")
    yield ("than haul asks for (a strange head, say) and gets the right bytes has the right file. Where the "
           "file is replaced between two runs, the")
    yield "first is ended with SIGTERM (haul: with SIGKILL) and the second told to go on."
    yield ""
    yield f"{today}; {', '.join(versions)}; {platform.system()} {platform.release()}."
    yield ""
    yield from summary(found, names)
    title = None
    for c in cases:
        if c[0] != title:
            title = c[0]
            yield ""
            yield f"### {title}"
            yield ""
            yield "| case | the server | " + " | ".join(TOOLS) + " |"
            yield "|---|---|" + "---|" * len(TOOLS)
        row = " | ".join(bold(found[t].get(c[1], "–")) for t in TOOLS)
        yield f"| {c[1]} | {cell(c[2])} | {row} |"


def main():
    folder, page, versions = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    old = page.read_text(encoding="utf-8") if page.exists() else "# Reliability\n"
    new = "\n".join(section(folder, versions)) + "\n"
    match = re.search(rf"^{TITLE}\n.*?(?=^## |\Z)", old, re.MULTILINE | re.DOTALL)
    if match:
        rest = old[match.end():]
        text = old[:match.start()] + new + ("\n" if rest else "") + rest
    else:
        text = old.rstrip("\n") + "\n\n" + new
    page.write_text(text, encoding="utf-8")
    print(f"{page}: section {TITLE[3:]!r} written")


if __name__ == "__main__":
    main()
