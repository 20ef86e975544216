#!/usr/bin/env python3
"""Pages with planted faults, and good ones: tools/doctest must tell them apart.

Stands on an empty bitena.h and an empty library of its own, so it does not depend on the real ones.

SPDX-License-Identifier: MIT
"""
import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START = "<!-- doctest: quickstart -->\n```c\n#include <bitena.h>\nint main(void)\n{\n    return 0;\n}\n```\n"

GOOD = {
    "a program": "```c\nint main(void) { return 0; }\n```\n",
    "statements": "```c\nint x = 1;\nprintf(\"%d\\n\", x);\nchar *s = NULL;\n```\n",
    "an include": "```c\n#include <limits.h>\nint x = INT_MAX;\n```\n",
    "an abort": "<!-- doctest: expect-abort -->\n```c\nabort();\n```\n",
    "a mark above an empty line": "<!-- doctest: expect-abort -->\n\n```c\nabort();\n```\n",
    "declarations": "<!-- doctest: syntax-only -->\n```c\nint f(void);\nint g(void) { return f(); }\n```\n",
    "statements, not run": "<!-- doctest: syntax-only -->\n```c\nabort();\n```\n",
    "other languages": "```sh\nrm -rf nothing\n```\n```cpp\nclass\n```\n```\nint main\n```\n",
    "a fence in a longer fence": "````text\n```c\nnot code\n```\n````\n",
}
BAD = {
    "a syntax error": ("```c\nint x = ;\n```\n", "does not compile"),
    "a conversion": ("```c\nsize_t n = 1;\nint x = n;\n```\n", "does not compile"),
    "an unused variable in a program": ("```c\nint main(void) { int x; return 0; }\n```\n", "does not compile"),
    "a failure": ("```c\nreturn 3;\n```\n", "ended with 3"),
    "a crash": ("```c\nabort();\n```\n", "ended with -6"),
    "no abort": ("<!-- doctest: expect-abort -->\n```c\nputs(\"fine\");\n```\n", "ended with 0"),
    "a mark that text comes after": ("<!-- doctest: expect-abort -->\ntext\n```c\nabort();\n```\n", "ended with -6"),
    "a mark of the block before": (
        "<!-- doctest: expect-abort -->\n```c\nabort();\n```\n```c\nabort();\n```\n", "ended with -6"),
    "an unknown mark": ("<!-- doctest: ignore -->\n```c\nint x;\n```\n", "unknown word"),
    "bad declarations": ("<!-- doctest: syntax-only -->\n```c\nint f(;\n```\n", "does not compile"),
    "a second quick start": (START, "2 blocks are marked"),
}
BAD_STARTS = {
    "no quick start": ("text\n", "0 blocks are marked"),
    "a quick start without main": (START.replace("int main(void)", "int start(void)"), "no int main"),
}


def load(path):
    loader = importlib.machinery.SourceFileLoader("doctest_tool", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("doctest_tool", loader))
    loader.exec_module(module)
    return module


def complaints(tool, readme, page):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("docs", "include", "work"):
            (root / name).mkdir()
        (root / "README.md").write_text(readme)
        (root / "docs" / "page.md").write_text(page)
        (root / "include" / "bitena.h").write_text("extern int bitena_nothing;\n")
        subprocess.run(["ar", "rc", str(root / "lib.a")], check=True)
        return tool.check(root, "cc", root / "include", root / "lib.a", root / "work")[1]


def main():
    tool = load(ROOT / "tools" / "doctest")
    wrong = []
    for name, page in GOOD.items():
        seen = complaints(tool, START, page)
        if seen:
            wrong.append(f"{name}: {seen}")
    faults = [(name, START, page, word) for name, (page, word) in BAD.items()]
    faults += [(name, readme, "", word) for name, (readme, word) in BAD_STARTS.items()]
    for name, readme, page, word in faults:
        seen = complaints(tool, readme, page)
        if not any(word in complaint for complaint in seen):
            wrong.append(f"{name}: expected {word!r}, saw {seen}")
    for line in wrong:
        print("WRONG:", line)
    print(f"doctest selftest: {len(GOOD) + len(faults)} cases, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
