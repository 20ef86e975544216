#!/usr/bin/env python3
"""tools/coverage on an example with planted holes: each is reported at its line, nothing else is; an exception takes
one away, and one that matches nothing, or is no entry, is an error.

Usage: selftest.py OUT     (OUT: a folder for what is built; exit status 77 where clang-19 is missing)

SPDX-License-Identifier: MIT
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOL = HERE.parent.parent / "tools/coverage"
FILES = {"src/planted.c": "planted.c", "include/planted.h": "planted.h", "user.c": "planted_user.c"}
TEXTS = {name: [line.rstrip("\\").strip() for line in (HERE / source).read_text(encoding="utf-8").splitlines()]
         for name, source in FILES.items()}
FLAGS = ["-O2", "-fprofile-instr-generate", "-fcoverage-mapping", "-fcoverage-mcdc"]


CONDITION = "if ((a || b) && c) {"
MACRO = "return IS_BOTH(a > 0, a > 1);"
EXPECTED = {
    ("return 1;", "line"),
    ("if (a > 0) {", "branch"),
    (CONDITION, "mcdc"),
    (MACRO, "branch"),
    (MACRO, "mcdc"),
    ("if (sum < 0) {", "branch"),
    ("if (sum < 0) {", "region"),
    ("return never_run();", "line"),
    ("if (b > 1) {", "branch"),
    ("if (b > 1) {", "region"),
    ("return 7;", "line"),
}
EXCEPTED = f"src/planted.c | mcdc | {CONDITION} | the self-test says so\n"


def build(out):
    shutil.rmtree(out, ignore_errors=True)
    for name, source in FILES.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / source, out / name)
    profile, program = out / "planted.profdata", out / "planted"
    subprocess.run(["clang-19", *FLAGS, "-I", out / "include", out / "src/planted.c", out / "user.c", HERE / "keep.c", "-Wl,--wrap=abort,--wrap=_exit",
                    "-o", program], check=True)
    subprocess.run([program], check=False, env={**os.environ, "LLVM_PROFILE_FILE": str(out / "planted.profraw")})
    subprocess.run(["llvm-profdata-19", "merge", out / "planted.profraw", "-o", profile], check=True)
    return profile, program


def report(out, profile, program, excepted):
    """(exit status, {(text of the line, kind)} reported but for lone braces, all that it said)"""
    listed = out / "excepted.txt"
    listed.write_text(excepted, encoding="utf-8")
    done = subprocess.run([sys.executable, TOOL, "--report", profile, "--root", out, "--excepted", listed, program],
                          capture_output=True, text=True, check=False)
    found = re.findall(r"^([\w/]+\.[ch]):(\d+): (\w+):", done.stdout, re.M)
    holes = {(TEXTS[name][int(line) - 1], kind) for name, line, kind in found}
    return done.returncode, {(t, k) for t, k in holes if t not in "{}"}, done.stdout + done.stderr


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not shutil.which("clang-19") or not shutil.which("llvm-cov-19"):
        print("coverage self-test: no clang-19 here")
        sys.exit(77)
    out = Path(sys.argv[1]).resolve()
    profile, program = build(out)
    faults = 0

    def expect(what, holds, text):
        nonlocal faults
        faults += not holds
        print(f"{'ok' if holds else 'NOT SO'}: {what}" + ("" if holds else f"\n{text}"))
    code, found, text = report(out, profile, program, "")
    for line, kind in sorted(EXPECTED):
        expect(f"reported as {kind}: {line}", (line, kind) in found, text)
    expect(f"nothing else is: {sorted(found - EXPECTED)}", found <= EXPECTED, text)
    expect("it fails", code == 1, text)
    code, found, text = report(out, profile, program, EXCEPTED)
    expect("an exception takes its own away", found == EXPECTED - {(CONDITION, "mcdc")}, text)
    code, _, text = report(out, profile, program, EXCEPTED.replace("&&", "&"))
    expect("one that matches nothing is reported", code == 1 and "matches nothing" in text, text)
    every = "".join(f"{name} | {kind} | {line} | planted\n" for line, kind in EXPECTED
                    for name, text in TEXTS.items() if line in text)
    every += "".join(f"src/planted.c | {kind} | {brace} | planted\n" for kind, brace in (
        ("line", "{"), ("line", "}"), ("region", "{")))
    every += "include/planted.h | line | } | planted\n"
    code, found, text = report(out, profile, program, every)
    expect("with all of them excepted it passes", code == 0 and not found, text)
    code, _, text = report(out, profile, program, every + "src/planted.c | line | return 2; | of no use\n")
    expect("with one too many it does not", code == 1, text)
    code, _, text = report(out, profile, program, EXCEPTED[:EXCEPTED.rindex(" | ")] + "\n")
    expect("an entry without a reason is an error", code not in (0, 77) and "not FILE" in text, text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
