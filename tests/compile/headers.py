#!/usr/bin/env python3
"""Each public header alone, as C11 and as C++17, with gcc and clang, without a warning.

Headers named .hpp are C++ only. Files tests/compile/*.c (C11) and *.cpp (C++17) are compiled the same
way: there stands code that uses what a header defines. --self-test plants headers that must be refused.

SPDX-License-Identifier: MIT
"""
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only".split()
C_COMPILERS = (("gcc", "c", "c11"), ("clang", "c", "c11"))
CXX_COMPILERS = (("g++", "c++", "c++17"), ("clang++", "c++", "c++17"))


def compile_text(compiler, text, include):
    """The compiler's complaints about a text, or None. A header is reached by #include, as users do."""
    command, language, standard = compiler
    result = subprocess.run([command, f"-x{language}", f"-std={standard}", *WARNINGS, f"-I{include}", "-"],
                            input=text, text=True, capture_output=True)
    return None if result.returncode == 0 else result.stderr.strip() or f"status {result.returncode}"


def cases(include, here):
    """(name, text, compilers) for everything to compile."""
    for_sources = {include / "bitena/order.h", *include.rglob("*_parts.h")}
    for header in sorted(set(include.rglob("*.h*")) - for_sources):
        name = header.relative_to(include).as_posix()
        compilers = CXX_COMPILERS if header.suffix == ".hpp" else C_COMPILERS + CXX_COMPILERS
        yield name, f"#include <{name}>\n", compilers
        # twice, in case it lacks a guard
        yield name + " twice", f"#include <{name}>\n#include <{name}>\n", compilers
    for source in sorted(here.glob("*.c")):
        yield source.name, source.read_text(), C_COMPILERS
    for source in sorted(here.glob("*.cpp")):
        yield source.name, source.read_text(), CXX_COMPILERS


def run(include, here):
    count, complaints = 0, []
    for name, text, compilers in cases(include, here):
        for compiler in compilers:
            count += 1
            complaint = compile_text(compiler, text, include)
            if complaint:
                complaints.append(f"{name} with {compiler[0]} -std={compiler[2]}:\n{complaint}")
    return count, complaints


PLANTED = {
    "int x = 3.5;": 8,                                            # -Wconversion, everywhere
    "size_t bitena_size(void);": 8,                               # does not include what it uses
    "static inline int f(int a) { int b = a; { int b = 2; a = b; } return a + b; }": 8,   # -Wshadow
    "int template;": 4,                                           # not C++
    "struct point { int x; };": 4,                                # no guard: refused when twice
    "#pragma once\nstatic inline int g(void) { return (int){ 3 }; }": 4,   # compound literal: not C++
}


def self_test():
    wrong = 0
    for text, expected in [("extern int bitena_fine;", 0), *PLANTED.items()]:
        with tempfile.TemporaryDirectory() as folder:
            include = Path(folder) / "include"
            include.mkdir()
            (include / "planted.h").write_text(text + "\n")
            _, complaints = run(include, Path(folder))
            if len(complaints) != expected:
                wrong += 1
                print(f"WRONG: {text!r}: {len(complaints)} complaints, expected {expected}")
                print("\n".join(complaints))
    print(f"headers selftest: {len(PLANTED) + 1} cases, {wrong} wrong")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 1 if self_test() else 0
    count, complaints = run(ROOT / "include", ROOT / "tests" / "compile")
    for complaint in complaints:
        print(complaint)
    print(f"headers: {count} compilations, {len(complaints)} refused")
    return 1 if complaints or not count else 0


if __name__ == "__main__":
    sys.exit(main())
