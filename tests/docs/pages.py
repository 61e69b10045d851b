#!/usr/bin/env python3
"""Checks that the pages of the documentation show what there is.

usage: pages.py BUILD [--write]

- A block of ```cpp is a region of a file that is compiled: <!-- snippet: FILE REGION --> stands before
  it, and in the file the region stands between `//[REGION` and `//]`. Or else it is marked as not
  compiled, with a reason: <!-- not compiled: REASON -->.
- A block of ```sh is run by tests/docs/shell_test.py, or is marked: <!-- not run: REASON -->.
- Links to files and headings lead somewhere.
- README.md and README.zh-CN.md have the same blocks of code, and headings of the same levels.

BUILD has the compile_commands.json that tells what is compiled. With --write, the blocks are written
anew from the files. Before all that it checks itself on planted pages.
"""
import json
import pathlib
import re
import sys
import textwrap

import markdown
import shell_test

ROOT = markdown.ROOT


def region(text, name):
    """The lines of a region, without the tags of regions inside; nothing when there is none."""
    lines, depth = [], 0
    for line in text.splitlines():
        tag = line.strip()
        if depth == 0:
            depth = 1 if tag == f"//[{name}" else 0
        elif tag == "//]":
            depth -= 1
            if depth == 0:
                return textwrap.dedent("\n".join(lines) + "\n")
        elif tag.startswith("//["):
            depth += 1
        else:
            lines.append(line)
    return None


def check_cpp(block, compiled, read):
    """What is wrong with a block of C++; `compiled` says it of a path, `read` gives its text."""
    if re.fullmatch(r"not compiled: .{10,}", block.mark):
        return None
    mark = re.fullmatch(r"snippet: (\S+) (\w+)", block.mark)
    if not mark:
        return "neither a snippet nor marked as not compiled"
    path, name = mark.groups()
    if not compiled(path):
        return f"{path} is not compiled"
    want = region(read(path), name)
    if want is None:
        return f"{path} has no region {name}"
    if want != block.text:
        return f"it is not the text of {path}, region {name} (pages.py BUILD --write mends it)"
    return None


def check_sh(block, run):
    """`run` has the pages whose blocks are run."""
    if re.fullmatch(r"not run: .{10,}", block.mark) or block.page in run:
        return None
    return "neither run nor marked as not run"


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for title in re.findall(r"^#+ (.*)$", markdown.without_blocks(text), re.MULTILINE):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found


def check_links(page, text, read):
    """`read` gives the text of a file or folder beside the page (empty for a folder), or None."""
    text = re.sub(r"`[^`\n]*`", "", markdown.without_blocks(text))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = read(path) if path else text
        if there is None:
            yield f"{page}: there is no {target}"
        elif anchor and anchor not in anchors(there):
            yield f"{page}: no heading for {target}"


def check_twins(one, other):
    """The same code, and headings of the same levels, in two languages."""
    code = [[(b.language, b.text, b.mark) for b in markdown.blocks("", t)] for t in (one, other)]
    levels = [re.findall(r"^#+(?= )", markdown.without_blocks(t), re.MULTILINE)
              for t in (one, other)]
    if code[0] != code[1]:
        yield "README.md and README.zh-CN.md differ in their code"
    if levels[0] != levels[1]:
        yield "README.md and README.zh-CN.md differ in their headings"


def check_self():
    source = "int a;\n  //[r\n  int b;\n  //[inner\n  int c;\n  //]\n  //]\n"
    assert region(source, "r") == "int b;\nint c;\n" and region(source, "inner") == "int c;\n"

    def cpp(mark, text, compiled=True):
        page = f"text\n\n<!-- {mark} -->\n```cpp\n{text}```\n"
        return check_cpp(markdown.blocks("p", page)[0], lambda _: compiled, lambda _: source)

    assert cpp("snippet: a.cpp r", "int b;\nint c;\n") is None
    assert cpp("snippet: a.cpp r", "int b;\nint d;\n") and cpp("snippet: a.cpp x", "int b;\n")
    assert cpp("snippet: a.cpp r", "int b;\nint c;\n", compiled=False)
    assert cpp("", "int b;\n") and cpp("not compiled: ", "int b;\n")
    assert cpp("not compiled: it has to be wrong", "int b;\n") is None

    sh = markdown.blocks("p", "```sh\ntrue\n```\n<!-- not run: it takes an hour -->\n```sh\nx\n```\n")
    assert check_sh(sh[0], {}) and not check_sh(sh[0], {"p": ""}) and not check_sh(sh[1], {})

    files = {"a.md": "# A b\n```\n# c\n```\n"}
    for link, bad in (("a.md", 0), ("a.md#a-b", 0), ("b.md", 1), ("a.md#c", 1), ("#here", 0)):
        assert len(list(check_links("p", f"# Here\n[x]({link})", files.get))) == bad, link
    twin = "# T\n```sh\nx\n```\n## U\n"
    assert not list(check_twins(twin, twin.replace("T", "V")))
    assert list(check_twins(twin, twin.replace("x", "y")))
    assert list(check_twins(twin, twin.replace("##", "#")))


def write():
    for p in markdown.pages():
        text = p.read_text(encoding="utf-8")

        def anew(found):
            body = region((ROOT / found[2]).read_text(), found[3])
            if body is None:
                sys.exit(f"{p.relative_to(ROOT)}: {found[2]} has no region {found[3]}")
            return f"{found[1]}{body}```"

        new = re.sub(r"^(<!-- snippet: (\S+) (\w+) -->\n```cpp\n)(?:.*\n)*?```$", anew, text,
                     flags=re.MULTILINE)
        if new != text:
            p.write_text(new, encoding="utf-8")
            print(f"pages: {p.relative_to(ROOT)} is written anew")


def main():
    check_self()
    build = pathlib.Path(sys.argv[1])
    if "--write" in sys.argv[2:]:
        write()
    units = json.loads((build / "compile_commands.json").read_text())
    compiled = {(pathlib.Path(u["directory"]) / u["file"]).resolve() for u in units}
    problems, cpp, sh = [], 0, 0
    for block in markdown.all_blocks():
        problem = None
        if block.language == "cpp":
            cpp += 1
            problem = check_cpp(block, lambda path: (ROOT / path).resolve() in compiled,
                                lambda path: (ROOT / path).read_text())
        elif block.language == "sh":
            sh += 1
            problem = check_sh(block, shell_test.PAGES)
        if problem:
            problems.append(f"{block.where()}: {problem}")

    for p in markdown.pages():

        def read(target, beside=p.parent):
            there = beside / target
            if there.is_dir():
                return ""
            return there.read_text(encoding="utf-8") if there.exists() else None

        problems += check_links(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8"), read)
    problems += check_twins((ROOT / "README.md").read_text(encoding="utf-8"),
                            (ROOT / "README.zh-CN.md").read_text(encoding="utf-8"))
    print("\n".join(problems) if problems else
          f"pages: {cpp} blocks of C++ and {sh} of shell are as they should be")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
