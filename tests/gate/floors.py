#!/usr/bin/env python3
"""Checks that a header includes only from its own floor or below (docs/architecture.md).

Before that it checks itself on planted includes. A new folder, or a new header beside the folders,
gets its floor in the tables below.
"""
import pathlib
import re
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"

# What a header may include from elsewhere; "std" is always allowed.
ASIO, OPENSSL, URL, JSON, SQLITE, PUGIXML = ("asio", "openssl", "boost/url", "boost/json", "sqlite3",
                                             "pugixml")
EXTERNAL = (ASIO, OPENSSL, URL, JSON, SQLITE, PUGIXML, "boost", "catch2", "CLI")

# part of the tree -> (floor, external includes). The longest matching prefix counts.
FOLDERS = {
    "detail/": (0, set()),
    "async/": (1, {ASIO}),
    "http/": (2, {URL}),
    "system/": (2, {ASIO, OPENSSL, URL}),
    "engine/": (3, {ASIO}),
    "batch/": (5, {ASIO}),
    "store/": (5, {ASIO}),
    "json/": (6, {ASIO, JSON}),
    "metalink/": (6, {ASIO, PUGIXML}),
    "pan123/": (6, {ASIO, URL, JSON}),
    "service/": (6, {ASIO, URL, JSON}),
    "store/sqlite": (6, {ASIO, SQLITE}),
}

# The client part of http/ stands on system/.
for name in ("client", "connection", "connection_pool", "exchange"):
    FOLDERS[f"http/{name}.hpp"] = (3, {ASIO})

# The headers at the root, and the one door to Asio's vocabulary for floor 0.
FOLDERS["config.hpp"] = FOLDERS["detail/asio_compat.hpp"] = (0, {ASIO})
ROOT = {
    0: "byte_range checksum download_options download_request download_result error event "
       "event_sink piece_hashes range_set session_options version",
    4: "session download_task fetch rate_limit semaphore rate_limiter verify_and_repair",
    5: "haul src batch batch_manager batch_options batch_status task_store memory_store",
}
for floor, names in ROOT.items():
    for name in names.split():
        FOLDERS[f"{name}.hpp"] = (floor, {ASIO} if floor >= 4 else set())

# Pure parts: what they may include of haul, beside the vocabulary. No Asio, no I/O.
PURE = {
    "http/": ("http/",),
    "engine/planner.hpp": ("engine/", "http/"),
    "engine/journal.hpp": ("engine/", "http/"),
    "engine/piece_check.hpp": ("engine/",),
}
IMPURE_VOCABULARY = {"detail/asio_compat.hpp", "event_sink.hpp", "download_request.hpp"}


def lookup(table, path):
    keys = [k for k in table if path == k or (not k.endswith(".hpp") and path.startswith(k))]
    return table[max(keys, key=len)] if keys else None


def header_of(path):
    """The header that a body (.ipp) belongs to: impl/http_date.ipp -> http/date.hpp."""
    if not path.endswith(".ipp"):
        return path
    folder, _, name = path.rpartition("impl/")
    stem = name[: -len(".ipp")]
    if not folder and "_" in stem and lookup(FOLDERS, f"{stem}.hpp") is None:
        stem = stem.replace("_", "/", 1)
    return f"{folder}{stem}.hpp"


def problems_of(path, includes):
    """What is wrong with the includes of one header, both relative to include/haul/."""
    owner = header_of(path)
    found = lookup(FOLDERS, owner)
    if found is None:
        yield "has no floor: say in tests/gate/floors.py where it stands"
        return
    floor, external = found
    pure = None if floor != 2 and owner not in PURE else lookup(PURE, owner)
    for include in includes:
        if not include.startswith("haul/"):
            family = next((e for e in EXTERNAL if re.match(rf"{e}(/|\.|$)", include)), None)
            if family is not None and family not in external:
                yield f"floor {floor} does not know <{include}>"
            continue
        target = header_of(include[len("haul/"):])
        other = lookup(FOLDERS, target)
        if other is None:
            yield f"<{include}> has no floor: say in tests/gate/floors.py where it stands"
        elif other[0] > floor:
            yield f"floor {floor} includes <{include}> of floor {other[0]}"
        elif pure is not None and target != owner:
            if target in IMPURE_VOCABULARY or not (other[0] == 0 or target.startswith(pure)):
                yield f"is pure and includes <{include}>"


def includes_of(text):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.MULTILINE)


# (header, its includes, whether that is wrong)
PLANTED = [
    ("byte_range.hpp", ["cstdint", "haul/error.hpp"], False),
    ("byte_range.hpp", ["asio/awaitable.hpp"], True),
    ("byte_range.hpp", ["haul/async/semaphore.hpp"], True),
    ("async/semaphore.hpp", ["haul/detail/asio_compat.hpp", "asio/post.hpp"], False),
    ("async/semaphore.hpp", ["haul/http/url.hpp"], True),
    ("async/semaphore.hpp", ["openssl/ssl.h"], True),
    ("http/head_parser.hpp", ["haul/http/grammar.hpp", "haul/byte_range.hpp"], False),
    ("http/head_parser.hpp", ["haul/detail/asio_compat.hpp"], True),
    ("http/head_parser.hpp", ["haul/async/semaphore.hpp"], True),
    ("http/head_parser.hpp", ["haul/system/file.hpp"], True),
    ("http/head_parser.hpp", ["asio/ip/tcp.hpp"], True),
    ("http/head_parser.hpp", ["haul/http/client.hpp"], True),
    ("impl/http_head_parser.ipp", ["asio/ip/tcp.hpp"], True),
    ("impl/http_head_parser.ipp", ["haul/http/head_parser.hpp"], False),
    ("http/client.hpp", ["haul/http/head_parser.hpp", "haul/system/tls.hpp"], False),
    ("http/client.hpp", ["haul/session.hpp"], True),
    ("system/tls.hpp", ["haul/http/url.hpp", "openssl/ssl.h", "asio/ip/tcp.hpp"], False),
    ("system/tls.hpp", ["haul/engine/planner.hpp"], True),
    ("engine/planner.hpp", ["haul/range_set.hpp", "haul/engine/pieces.hpp"], False),
    ("engine/planner.hpp", ["haul/async/semaphore.hpp"], True),
    ("engine/planner.hpp", ["haul/system/file.hpp"], True),
    ("engine/writer.hpp", ["haul/system/file.hpp"], False),
    ("session.hpp", ["haul/engine/planner.hpp", "haul/http/client.hpp"], False),
    ("session.hpp", ["haul/batch_manager.hpp"], True),
    ("haul.hpp", ["haul/session.hpp", "haul/store/memory_store.hpp"], False),
    ("haul.hpp", ["haul/store/sqlite_store.hpp"], True),
    ("haul.hpp", ["haul/json/event.hpp"], True),
    ("unheard_of.hpp", [], True),
]


def main():
    failed = False
    for path, includes, wrong in PLANTED:
        if bool(list(problems_of(path, includes))) != wrong:
            print(f"the gate itself is wrong about {path} including {includes}")
            failed = True
    headers = sorted(p for e in ("hpp", "ipp") for p in (INCLUDE / "haul").rglob(f"*.{e}"))
    for header in headers:
        path = header.relative_to(INCLUDE / "haul").as_posix()
        for problem in problems_of(path, includes_of(header.read_text())):
            print(f"include/haul/{path}: {problem}")
            failed = True
    if not failed:
        print(f"floors: {len(headers)} headers keep to them")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
