"""The blocks of code in the project's pages, and what the pages say of them."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Block:
    page: str  # relative to the root
    line: int  # of the opening fence, from 1
    language: str
    text: str
    mark: str  # of the comment directly before the fence: <!-- mark -->

    def where(self):
        return f"{self.page}:{self.line}"


def pages():
    return sorted(p for folder, glob in ((ROOT, "README*.md"), (ROOT / "docs", "*.md"))
                  for p in folder.glob(glob))


def blocks(page, text):
    found, opened, indent, before = [], None, "", ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r"(\s*)```(.*)", line)
        if opened:
            if fence and not fence[2]:
                found.append(opened)
                opened = None
            else:
                opened.text += line.removeprefix(indent) + "\n"
        elif fence:
            mark = re.fullmatch(r"<!-- (.*) -->", before.strip())
            indent = fence[1]
            opened = Block(page, number, fence[2].strip(), "", mark[1] if mark else "")
        before = line
    if opened:
        raise SystemExit(f"{opened.where()}: a block that does not end")
    return found


def without_blocks(text):
    """The page with an empty line for each line of code."""
    inside, kept = False, []
    for line in text.splitlines():
        fence = line.strip().startswith("```")
        kept.append("" if inside or fence else line)
        inside ^= fence
    return "\n".join(kept)


def all_blocks():
    for p in pages():
        yield from blocks(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8"))
