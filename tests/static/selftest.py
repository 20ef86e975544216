#!/usr/bin/env python3
"""Shows that each tool of tools/static finds what it is there for: the faults in planted.c, and records,
exceptions and outputs that are wrong. Writes in a folder of its own, outside the tree.

SPDX-License-Identifier: MIT
"""
import collections
import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLANTED = "tests/static/planted.c"

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("static", str(ROOT / "tools" / "static"))
static = importlib.util.module_from_spec(importlib.util.spec_from_loader("static", loader))
loader.exec_module(static)

# tool, function of planted.c, check that must name a line of it
EXPECTED = (
    ("gcc", "planted_null", "analyzer-null-dereference"),
    ("gcc", "planted_leak", "analyzer-malloc-leak"),
    ("gcc", "planted_bounds", "analyzer-use-of-uninitialized-value"),
    ("clang", "planted_null", "core.NullDereference"),
    ("clang", "planted_null_test", "core.NullDereference"),
    ("clang", "planted_leak", "unix.Malloc"),
    ("clang", "planted_bounds", "alpha.security.ArrayBoundV2"),
    ("clang-tidy", "planted_null", "clang-analyzer-core.NullDereference"),
    ("clang-tidy", "planted_null_test", "clang-analyzer-core.NullDereference"),
    ("clang-tidy", "planted_leak", "clang-analyzer-unix.Malloc"),
    ("clang-tidy", "planted_bounds", "clang-analyzer-core.uninitialized.UndefReturn"),
    ("clang-tidy", "planted_compare", "bugprone-branch-clone"),
    ("cppcheck", "planted_null_test", "nullPointerRedundantCheck"),
    ("cppcheck", "planted_leak", "memleak"),
    ("cppcheck", "planted_bounds", "arrayIndexOutOfBounds"),
    ("stack", "planted_frame", "over-512"),
    ("stack", "planted_row", "unbounded"),
)


def compile_planted(folder, name, *more):
    library = folder / name
    subprocess.run(["gcc", "-std=c11", "-O2", "-g", "-fPIC", "-shared", "-fvisibility=hidden", "-w",
                    *more, str(HERE / "planted.c"), "-o", str(library)], check=True)
    return library


def function_at(line):
    """The function of planted.c in which a line is: the last that began before it."""
    lines = (HERE / "planted.c").read_text(encoding="utf-8").splitlines()
    heads = [text for text in lines[:line] if text.endswith(")") and "planted_" in text]
    return heads[-1].split("(")[0].split()[-1].lstrip("*") if heads else ""


def faults_of_code(folder):
    """Each tool names the functions that have the faults."""
    subprocess.run(["gcc", "-std=c11", "-O2", "-w", "-fstack-usage", "-c", str(HERE / "planted.c")],
                   check=True, cwd=folder)
    found = set()
    for check, what in ((static.check_gcc, [PLANTED]), (static.check_clang, [PLANTED]),
                        (static.check_clang_tidy, [PLANTED]), (static.check_cppcheck, [PLANTED]),
                        (static.check_stack, list(folder.glob("*.su")))):
        found |= {(f.tool, function_at(f.line), f.check) for f in check(what)}
    for expected in EXPECTED:
        yield " ".join(expected), expected in found


def said(findings):
    return " ; ".join(f.message for f in findings)


def faults_of_binaries(folder):
    """Locked instructions, exported names, the ABI."""
    library, other = compile_planted(folder, "new.so"), compile_planted(folder, "old.so", "-DPLANTED_OTHER")
    clean = folder / "clean.o"
    subprocess.run("gcc -x c -c - -o clean.o".split(), input="int nothing;", text=True, check=True, cwd=folder)
    table = folder / "locked.txt"
    for case, rows, expected in (
            ("locked: none recorded", "", "planted_locked has 1, recorded are 0"),
            ("locked: may have none", "planted_locked none", "planted_locked may have none, but has 1"),
            ("locked: promised, but gone", "no_such none", "no_such may have none, but is not in"),
            ("locked: fewer than recorded", "planted_locked 2", "planted_locked has 1, recorded are 2"),
            ("locked: as recorded", "planted_locked 1", "")):
        table.write_text(f"# built by {static.built_by()}\n{rows}\n", encoding="utf-8")
        text = said(static.check_locked(library, clean, table))
        yield case, expected in text if expected else text == ""
    text = said(static.check_locked(library, library, table))
    yield "locked: in a caller", "planted_locked has 1, inlined into a caller" in text

    names = folder / "symbols.txt"
    names.write_text("planted_frame\nplanted_row\nplanted_locked\nplanted_gone\n", encoding="utf-8")
    text = said(static.check_symbols(library, names))
    yield "symbols: a new one", "planted_name is exported and not recorded" in text
    yield "symbols: one that is gone", "planted_gone is recorded and not exported" in text
    yield "symbols: no other", text.count(" ; ") == 1
    yield "abidiff: another struct", "planted_name" in said(static.check_abidiff(other, library))
    yield "abidiff: the same", not list(static.check_abidiff(library, library))


def refused(path, text):
    path.write_text(text, encoding="utf-8")
    try:
        static.read_exceptions(path)
    except SystemExit:
        return True
    return False


def faults_of_exceptions(folder):
    """An exception removes one finding, of one line, and nothing like it."""
    finding = static.Finding("cppcheck", "memleak", "src/a.c", 7, "return p;", "Memory leak")
    path = folder / "exceptions.txt"
    block = "# a head\n\n[cppcheck memleak src/a.c]\nline: return p;\nwhy: a reason\n     of two lines\n"

    def after(findings):
        path.write_text(block, encoding="utf-8")
        exceptions = static.read_exceptions(path)
        remaining, _ = static.without_exceptions(findings, exceptions)
        return len(remaining), len(list(static.unused(exceptions)))
    yield "exceptions: one is removed", after([finding]) == (0, 0)
    yield "exceptions: a second stays", after([finding, finding._replace(line=9)]) == (1, 0)
    yield "exceptions: an unused one is found", after([]) == (0, 1)
    for field, value in (("text", "return p; "), ("file", "src/b.c"), ("check", "leak"), ("tool", "gcc")):
        yield f"exceptions: another {field}", after([finding._replace(**{field: value})]) == (1, 1)
    yield "exceptions: none without a reason", refused(path, block.split("why:")[0] + "why:\n")
    yield "exceptions: none without a line", refused(path, block.replace("line: return p;\n", ""))


def faults_of_runs():
    """A tool that dies, and one that says that it gave up, are findings."""
    yield "a tool that dies", len(static.each("x", [["false"]])) == 1
    told = list(static.messages("gcc", "cc1: warning: terminating analysis [-Wanalyzer-too-complex]"))
    yield "a search cut short", [f.check for f in told] == ["analyzer-too-complex"]
    told = list(static.messages("gcc", "src/a.c:3:1: error: expected ';'"))
    yield "a file that does not compile", [f.check for f in told] == ["error"]


def main():
    results = collections.OrderedDict()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for fault in (faults_of_code(folder), faults_of_binaries(folder), faults_of_exceptions(folder),
                      faults_of_runs()):
            results.update(fault)
    missed = [name for name, found in results.items() if not found]
    for name in missed:
        print(f"not found: {name}")
    print(f"static self-test: {len(results) - len(missed)} of {len(results)} planted faults found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
