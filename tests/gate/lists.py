#!/usr/bin/env python3
"""Checks that what is built is what is there: the lists of headers against include/, the lists of
sources in tests/, examples/ and benchmarks/ against their trees, the guards of the headers, the
packages (packaging/) against the version and the parts of the library, and the patches that break
the engine on purpose against what they patch."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def compare(what, listed, present):
    problems = [f"{what} lists {path}, which is not there" for path in sorted(listed - present)]
    problems += [f"{path} is not in {what}" for path in sorted(present - listed)]
    return problems


def headers():
    text = (ROOT / "cmake/headers.cmake").read_text()
    lines = re.findall(r"^\s+(haul/\S+\.[hi]pp)\s*$", text, re.MULTILINE)
    present = {
        p.relative_to(ROOT / "include").as_posix() for p in (ROOT / "include").rglob("*")
        if p.suffix in (".hpp", ".ipp")
    }
    twice = sorted({line for line in lines if lines.count(line) > 1})
    problems = [f"cmake/headers.cmake lists {path} twice" for path in twice]
    return problems + compare("cmake/headers.cmake", set(lines), present)


def sources(folder, ignored):
    script = ROOT / folder / "CMakeLists.txt"
    present = {
        p.relative_to(ROOT / folder).as_posix() for p in (ROOT / folder).rglob("*.cpp")
    } if (ROOT / folder).exists() else set()
    present = {p for p in present if not p.startswith(ignored)}
    text = script.read_text() if script.exists() else ""
    text = re.sub(r"#.*", "", text)
    listed = set(re.findall(r"(?<![\w./-])([\w./-]+\.cpp)\b", text))
    return compare(f"{folder}/CMakeLists.txt", listed, present)


def guards():
    """HAUL_HTTP_DATE_HPP for haul/http/date.hpp."""
    for header in sorted((ROOT / "include").rglob("*.[hi]pp")):
        path = header.relative_to(ROOT / "include").as_posix()
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper())
        text = header.read_text()
        if f"#ifndef {guard}\n#define {guard}\n" not in text or not text.endswith("#endif\n"):
            yield f"include/{path}: no guard {guard} around the whole"


def breakages():
    """tests/sim/breakages.sh takes its time: what does not fit any more is to be known before."""
    for patch in sorted((ROOT / "tests/sim/breakages").glob("*.patch")):
        target = None
        for part in re.split(r"^(?=diff |\+\+\+ |@@)", patch.read_text(), flags=re.MULTILINE):
            if part.startswith("+++ b/"):
                target = (ROOT / part.split()[1][2:]).read_text()
            elif part.startswith("@@"):
                before = [line[1:] for line in part.splitlines()[1:] if line[:1] in (" ", "-")]
                if "\n".join(before) not in target:
                    yield f"{patch.relative_to(ROOT)} does not fit any more"


def packages():
    header = (ROOT / "include/haul/version.hpp").read_text()
    version = re.search(r'HAUL_VERSION_STRING "(.*)"', header)[1]
    port = json.loads((ROOT / "packaging/vcpkg/haul/vcpkg.json").read_text())
    recipe = (ROOT / "packaging/conan/all/conanfile.py").read_text()
    config = (ROOT / "packaging/conan/config.yml").read_text()
    if port["version"] != version:
        yield f"packaging/vcpkg/haul/vcpkg.json: version {port['version']}, not {version}"
    if f'version = "{version}"' not in recipe or f'"{version}":' not in config:
        yield f"packaging/conan: the version is not {version}"
    if f"## {version}\n" not in (ROOT / "CHANGELOG.md").read_text():
        yield f"CHANGELOG.md says nothing of {version}"
    parts = set(re.findall(r"haul_part\((\w+)", (ROOT / "CMakeLists.txt").read_text())) - {"haul"}
    portfile = (ROOT / "packaging/vcpkg/haul/portfile.cmake").read_text()
    for part in sorted(parts):
        if part not in port["features"] or f"HAUL_WITH_{part.upper()}" not in portfile:
            yield f"packaging/vcpkg has no feature {part}"
        if f'"with_{part}"' not in recipe:
            yield f"packaging/conan has no option with_{part}"
    for part in sorted(set(port["features"]) - parts):
        yield f"packaging/vcpkg has a feature {part}, which is no part of haul"


def main():
    problems = headers() + list(guards()) + list(packages()) + list(breakages())
    problems += sources("tests", ("gate/", "package/", "fuzz/"))
    problems += sources("examples", ())
    problems += sources("benchmarks", ())
    problems += sources("tests/fuzz", ())
    print("\n".join(problems) if problems else "lists: complete")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
