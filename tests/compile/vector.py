#!/usr/bin/env python3
"""Misuse of a vector's types does not compile, and the message names the type that was expected.

Each text below is refused by gcc and clang with the word that stands beside it. Those that say None are
right and compile: so the others are refused for their own fault.

SPDX-License-Identifier: MIT
"""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only".split()
HEAD = """#include <bitena/vector.h>
struct point { int x, y; };
struct other { long z; };
BITENA_VECTOR(points, struct point);
BITENA_VECTOR(others, struct other);
void use(points *v, struct point p, struct other o);
void use(points *v, struct point p, struct other o)
{
    (void)v; (void)p; (void)o;
    %s
}
"""
CPP_HEAD = """#include <bitena/vector.h>
struct point { int x, y; };
struct owner { owner(); owner(const owner &); ~owner(); int *p; };
BITENA_VECTOR(points, point);
%s
"""
BODIES = {
    "(void)points_push(v, p);": None,
    "BITENA_EACH (q, v) { q->x = 1; }": None,
    "(void)points_push(v, o);": "struct point",
    "(void)points_try_push(v, 5);": "struct point",
    "(void)points_insert(v, 0, o);": "struct point",
    "points_extend(v, &o, 1);": "struct point",
    "(void)points_try_pop(v, &o);": "struct point",
    "o = points_pop(v);": "struct point",
    "others w = others_begin(v->arena); (void)points_push(&w, p);": "points",
    "BITENA_EACH (q, v) { q->z = 1; }": "z",
    "(void)points_push(&p, p);": "points",
}
CPP_BODIES = {
    "void use(points *v) { (void)points_push(v, {1, 2}); }": None,
    "void use(points *v) { (void)points_push(v, owner()); }": "point",
    "BITENA_VECTOR(owners, owner);": "copied byte by byte",
}


def refusal(compiler, language, text):
    """The compiler's complaint, or None."""
    result = subprocess.run([compiler, f"-x{language[0]}", f"-std={language[1]}", *FLAGS,
                             f"-I{ROOT / 'include'}", "-"], input=text, text=True, capture_output=True)
    return None if result.returncode == 0 else result.stderr


def main():
    count = wrong = 0
    for head, bodies, language, compilers in ((HEAD, BODIES, ("c", "c11"), ("gcc", "clang")),
                                              (CPP_HEAD, CPP_BODIES, ("c++", "c++17"), ("g++", "clang++"))):
        for body, word in bodies.items():
            for compiler in compilers:
                count += 1
                complaint = refusal(compiler, language, head % body)
                errors = [line for line in (complaint or "").splitlines() if "error:" in line or "note:" in line]
                good = complaint is None if word is None else any(word in line for line in errors)
                if not good:
                    wrong += 1
                    print(f"WRONG: {compiler}: {body!r}: expected {word!r}, found:\n{complaint}")
    print(f"vector: {count} compilations, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
