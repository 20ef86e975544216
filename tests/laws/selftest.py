#!/usr/bin/env python3
"""Plants one breach of every law into a small clean tree and expects tools/laws to find just that one.

SPDX-License-Identifier: MIT
"""
import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPDX = "/* A file.\n * SPDX-License-Identifier: MIT */\n"


def load(path):
    loader = importlib.machinery.SourceFileLoader("laws", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("laws", loader))
    loader.exec_module(module)
    return module


# A tree that keeps every law, with things in it that only look like breaches.
CLEAN = {
    "include/bitena.h": SPDX + "#ifndef BITENA_H\n#define BITENA_H\n#include <stddef.h>\n"
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\n#if defined(__GNUC__)\n#endif\n"
        "static inline long bitena_peek(long *p)\n{\n    return __atomic_load_n(p, 0);\n}\n"
        "#ifdef __cplusplus\n}\n#endif\n#endif\n",
    "include/bitena/text.h": SPDX + "#ifndef BITENA_TEXT_H\n#define BITENA_TEXT_H\n"
        "#include <bitena.h>\n#ifdef __cplusplus\n#endif\n#endif\n",
    "include/bitena/order.h": SPDX + "#ifndef ORDER_H\n#define ORDER_H\n#include <stdatomic.h>\n#if 1\n#endif\n"
        "static inline long load_acquire(long *p)\n{\n    return __atomic_load_n(p, 2);\n}\n#endif\n",
    "include/bitena/link.h": SPDX + "#ifndef LINK_H\n#define LINK_H\n#include <bitena.h>\n#endif\n",
    "include/bitena/text_parts.h": SPDX + "#ifndef TEXT_PARTS_H\n#define TEXT_PARTS_H\n#include <bitena/link.h>\n"
        "#include <bitena/order.h>\n#include <bitena/text.h>\n#endif\n",
    "src/place.h": SPDX + "#ifndef PLACE_H\n#define PLACE_H\n#include <stdint.h>\n#endif\n",
    "src/arena.h": SPDX + "#ifndef ARENA_H\n#define ARENA_H\n#include \"block/block.h\"\n#endif\n",
    "src/arena.c": SPDX + "#include <bitena.h>\n#include \"arena.h\"\n#include <bitena/order.h>\n"
        "#include \"platform/platform.h\"\n"
        "/* atomic_load and #if in a comment, atomic_thread_fence too */\n"
        "static const char *text = \"atomic_load /* \";\n"
        "static long look(long *p)\n{\n    return load_acquire(p); /* [M01] */\n}\n",
    "src/block/block.h": SPDX + "#include \"../platform/platform.h\"\n#include \"place.h\"\n",
    "src/platform/platform.h": SPDX + "#ifdef __linux__\n#endif\n",
    "src/modules/text.c": SPDX + "#include <bitena/text_parts.h>\n#include <bitena/order.h>\n#include <string.h>\n",
    "tests/unit/a.c": SPDX + "#include \"place.h\"\n#include <stdatomic.h>\n#if 1\n#endif\n",
    "tests/support/help.h": SPDX,
    "tests/unit/b.c": SPDX + "#include \"support/help.h\"\n",
    "bench/core/main.c": SPDX + "#include <bitena.h>\n#include \"table.h\"\n",
    "bench/core/table.h": SPDX,
    "examples/one.c": SPDX + "#include <bitena.h>\nint main(void)\n{\n    return 0;\n}\n",
    "docs/MEMORY_ORDER.md": "# Edges\n\nText may name M77.\n\n| id | what |\n|---|---|\n| `M01` | a |\n",
}

LONG_FUNCTION = "static void slow(void)\n{\n" + "    work();\n" * 58 + "}\n"
LONG_KR_FUNCTION = "static void slow(void) {\n" + "    work();\n" * 58 + "}\n"

# (law, file, text added at its end); a file that is not there yet begins with SPDX.
PLANTED = [
    ("atomics", "src/arena.c", "long x = __atomic_load_n(p, 0);\n"),
    ("atomics", "src/arena.c", "long x = atomic_load(p);\n"),
    ("atomics", "src/arena.c", "#include <stdatomic.h>\n"),
    ("atomics", "src/place.h", "static _Atomic long x;\n"),
    ("atomics", "src/block/private.c", "long x = __sync_fetch_and_add(p, 1);\n"),
    ("atomics", "include/bitena.h", "extern _Atomic long x;\n"),
    ("atomics", "include/bitena/text.h", "long x = __atomic_load_n(p, 0);\n"),
    ("fences", "include/bitena/order.h", "__atomic_thread_fence(3);\n"),
    ("fences", "include/bitena/order.h", "atomic_thread_fence(3);\n"),
    ("conditions", "src/arena.c", "#if 1\n#endif\n"),
    ("conditions", "src/arena.c", "#  ifdef DEBUG\n#  endif\n"),
    ("conditions", "src/late.h", "#define Y 1\n#ifndef LATE_H\n#define LATE_H\n#endif\n"),
    ("conditions", "src/block/private.c", "#ifndef X\n#endif\n"),
    ("conditions", "src/modules/text.c", "#ifdef __cplusplus\n#endif\n"),
    ("conditions", "include/bitena/text.h", "#if X\n#endif\n"),
    ("includes", "src/platform/platform.h", "#include \"../block/block.h\"\n"),
    ("includes", "src/platform/platform.h", "#include \"arena.h\"\n"),
    ("includes", "src/block/block.h", "#include \"arena.h\"\n"),
    ("includes", "include/bitena/order.h", "#include \"arena.h\"\n"),
    ("includes", "src/place.h", "#include <string.h>\n"),
    ("includes", "src/place.h", "#include <bitena/order.h>\n"),
    ("includes", "src/modules/text.c", "#include \"../arena.h\"\n"),
    ("includes", "src/modules/text.c", "#include \"place.h\"\n"),
    ("includes", "src/arena.c", "#include \"missing.h\"\n"),
    ("includes", "src/arena.c", "#include \"modules/text.c\"\n"),
    ("includes", "src/arena.c", "#include \"support/help.h\"\n"),
    ("includes", "include/bitena.h", "#include \"bitena/text.h\"\n"),
    ("includes", "include/bitena/text.h", "#include <bitena/order.h>\n"),
    ("includes", "include/bitena/text.h", "#include <bitena/link.h>\n"),
    ("includes", "include/bitena/text.h", "#include <bitena/text_parts.h>\n"),
    ("includes", "include/bitena/text_parts.h", "#include \"../../src/place.h\"\n"),
    ("includes", "examples/one.c", "#include <bitena/text_parts.h>\n"),
    ("includes", "include/bitena/text.h", "#include \"../../src/place.h\"\n"),
    ("includes", "examples/one.c", "#include \"../src/place.h\"\n"),
    ("includes", "bench/core/main.c", "#include \"../../src/place.h\"\n"),
    ("file_length", "src/long.h", "\n" * 399),
    ("file_length", "tools/long", "#\n" * 401),
    ("file_length", "tests/unit/long.c", "int x;\n" * 400),
    ("function_length", "src/arena.c", LONG_FUNCTION),
    ("function_length", "examples/one.c", LONG_KR_FUNCTION),
    ("function_length", "src/arena.c", "static void odd(void)\n{\n    work(); }\n"),
    ("edges", "src/arena.c", "/* [M02] */\n"),
    ("edges", "docs/MEMORY_ORDER.md", "| M03 | b |\n"),
    ("edges", "docs/MEMORY_ORDER.md", "## M04: c\n"),
]


def build(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def laws_broken(laws, files):
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), files)
        return laws.breaches(folder)


def exported(laws, text):
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "lib.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)],
                       input=text, text=True, check=True)
        return list(laws.law_symbols(library))


def main():
    laws = load(ROOT / "tools" / "laws")
    wrong = []
    count = 0

    def expect(what, condition, seen=""):
        nonlocal count
        count += 1
        if not condition:
            wrong.append(f"{what} {seen}")

    clean = laws_broken(laws, CLEAN)
    expect("the clean tree is clean:", not clean, clean)
    for law, name, text in PLANTED:
        start = CLEAN.get(name, SPDX)
        seen = laws_broken(laws, {**CLEAN, name: start + text})
        expect(f"{law} in {name}: {text[:40]!r}:", {s[0] for s in seen} == {law}, seen)
    for text in ("int x;\n", "int x;\n" + SPDX, "/* no licence */\n", "/*\n" + " *\n" * 15 + SPDX[2:]):
        seen = laws_broken(laws, {**CLEAN, "src/head.h": text})
        expect(f"headings: {text[:40]!r}:", {s[0] for s in seen} == {"headings"}, seen)
    without_page = {name: text for name, text in CLEAN.items() if not name.startswith("docs/")}
    seen = laws_broken(laws, without_page)
    expect("edges without a page:", {s[0] for s in seen} == {"edges"}, seen)

    expect("a good library:", not exported(laws, "int bitena_one(void) { return 1; }"))
    expect("a bad symbol:", exported(laws, "int bitena_one, lease_take;"))
    expect("nothing exported:", exported(laws, "static int x;"))
    limit = laws_broken(laws, {**CLEAN, "src/fits.h": SPDX + "\n" * 397,
                               "src/fits.c": SPDX + LONG_FUNCTION.replace("work();\n", "", 1)})
    expect("399 lines and 59 lines are within the law:", not limit, limit)

    for line in wrong:
        print("WRONG:", line)
    print(f"laws selftest: {count} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
