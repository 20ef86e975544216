#!/usr/bin/env python3
"""Builds tests/proof/exhaustive.c with the shipped src/place.h and runs it.

Usage: exhaustive.py FOLDER [BITS] [--self-test]
FOLDER is where it builds. --self-test runs it with faults planted in copies of place.h, and wants each to
be found. It draws nothing at random. What is tried, and what is not, stands in exhaustive.c.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent.parent / "src"

# What stands in place.h, and the fault.
FAULTS = [
    ("if (size > ceiling - floor) {\n        return false;\n    }\n", ""),
    ("size > ceiling - floor", "floor + size > ceiling"),
    ("place < floor", "place <= floor"),
    ("~(uintptr_t)(align - 1)", "~(uintptr_t)align"),
    ("padding > room || ", ""),
    ("size > room - padding", "size + padding > room"),
    ("size > room - padding", "size >= room - padding"),
    ("(size_t)(0 - address) & (align - 1)", "align - (address & (align - 1))"),
    ("a > SIZE_MAX - b ? SIZE_MAX : a + b", "a + b"),
    ("add_saturating(size, align - 1)", "size + align - 1"),
    ("n != 0 && (n &", "(n &"),
    ("a < b ? a : b", "a < b ? b : a"),
    ("a > b ? a : b", "a > b ? b : a"),
    ("sizeof(unsigned long long) * CHAR_BIT - 1", "sizeof(unsigned long long) * CHAR_BIT - 2"),
    ("n > high ? high : n", "n > high ? low : n"),
    ("return n + padding_up(n, align)", "return n + align - 1"),
    ("remaining / 8 / sharers", "remaining / sharers / 7"),
]


def build_and_run(folder, bits, header=None):
    program = folder / "exhaustive"
    planted = [f'-DPROOF_PLACE="{header}"'] if header else []
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O2", "-Wall", "-Wextra", f"-I{SOURCES}", *planted,
                    str(HERE / "exhaustive.c"), "-o", str(program)], check=True)
    return subprocess.run([str(program), str(bits)], capture_output=True, text=True, check=False)


def self_test(folder, bits):
    missed = 0
    text = (SOURCES / "place.h").read_text(encoding="utf-8")
    for old, new in FAULTS:
        if text.count(old) != 1:
            print(f"exhaustive: not once in place.h, so it cannot be planted: {old!r}")
            missed += 1
            continue
        header = folder / "planted_place.h"
        header.write_text(text.replace(old, new), encoding="utf-8")
        done = build_and_run(folder, bits, header)
        found = done.returncode == 1 and "differs" in done.stdout
        missed += not found
        print(f"exhaustive: {'found' if found else 'MISSED'}: {old!r} -> {new!r}")
    print(f"exhaustive: {len(FAULTS) - missed} of {len(FAULTS)} planted faults found")
    return 0 if missed == 0 else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("bits", type=int, nargs="?", default=5)
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder.resolve()) as folder:
        if arguments.self_test:
            return self_test(Path(folder), arguments.bits)
        done = build_and_run(Path(folder), arguments.bits)
        print(done.stdout + done.stderr, end="")
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
