#!/usr/bin/env python3
"""Plants a fault in a copy of one source file, links a fuzz target with it, and expects the replay of the corpus to
fail: a corpus that reaches the code but not the fault shows little.

Usage: planted.py LIBBITENA.A BUILD_DIR [COMPILER]
Needs no fuzzer. Everything is written under BUILD_DIR. Each plant must still fit its source; the copying is
tests/fault/planted.py's. It says nothing of faults that are not planted here.
SPDX-License-Identifier: MIT
"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "fault"))
import planted as fault  # noqa: E402  (found by the line above)

SUPPORT = ["model.c", "model_family.c", "model_lifetimes.c", "model_rooms.c", "model_verbs.c", "overlap.c"]
PARTS = {"arithmetic": [HERE / "arithmetic.c"],
         "lifetimes": [*(HERE / name for name in ("lifetimes.c", "odd.c", "platform.c")),
                       *(HERE.parent / "support" / name for name in SUPPORT)]}
PLACE, TIMES = "place.h", "../include/bitena.h"
# (what, target, [(file, the text that goes, what comes)]); of the arithmetic, headers; else a .c file
PLANTS = [
    ("a mask that is one off", "arithmetic", [(PLACE, "~(uintptr_t)(align - 1)", "~(uintptr_t)align")]),
    ("a place that ends one above the ceiling", "arithmetic",
     [(PLACE, "size > room - padding", "size > room - padding + 1")]),
    ("a sum that wraps", "arithmetic", [(PLACE, "a > SIZE_MAX - b ? SIZE_MAX : a + b", "a + b")]),
    ("room that is summed, not compared", "arithmetic", [(PLACE, "size > ceiling - floor", "floor + size > ceiling")]),
    ("a place refused at the floor", "arithmetic", [(PLACE, "place < floor", "place <= floor")]),
    ("a share of a seventh", "arithmetic", [(PLACE, "remaining / 8 / sharers", "remaining / sharers / 7")]),
    ("a class one too high", "arithmetic",
     [(PLACE, "* CHAR_BIT - 1", "* CHAR_BIT - (size > SIZE_MAX / 2 + 1 ? 0 : 1)")]),
    ("a product that wraps", "arithmetic",
     [(TIMES, "count > (size_t)PTRDIFF_MAX / size ? SIZE_MAX : count * size", "size > PTRDIFF_MAX ? 0 : count * size")]),
    ("an inline bump that takes size 0", "arithmetic",
     [(TIMES, "int fits = size - 1 < BITENA_FLOOR_MIN_ / 2", "int fits = size <= BITENA_FLOOR_MIN_ / 2")]),
    ("a lost lease: the rest of a retired one", "lifetimes",
     [("lease.c", "    } else if (span.base == span.end || give_to_index(pool, span.base, span.end)) {",
       "    } else if (span.end - span.base > 700 || give_to_index(pool, span.base, span.end)) {")]),
    ("a resize in place without room", "lifetimes", [("grow.c", "new_size > tlab->ceiling - p)", "new_size > tlab->ceiling - tlab->base)")]),
    ("a rewind that forgets the text", "lifetimes",
     [("lifetime.c", "store_relaxed(&tlab->floor, tlab->base + mark->text);",
       "store_relaxed(&tlab->floor, tlab->base);")]),
    ("a dead mark taken", "lifetimes",
     [("lifetime.c", "            return number > tlab->ended[i].upto;", "            return true;")]),
    ("a window that another verb leaves open", "lifetimes",
     [("tlab.c", "    if (tlab->window != 0) {\n", "    if (tlab->window != 0 && tlab->mark_text != 0) {\n")]),
    ("an overflowing size let through", "lifetimes",
     [("alloc.c", "size > PTRDIFF_MAX ? EOVERFLOW : 0", "size > SIZE_MAX - 64 ? EOVERFLOW : 0")]),
    ("a reset that forgets absorbed children's cleanups", "lifetimes",
     [("lifetime.c", "            ran = run_of_arena(a) || ran;\n", "            ran = ran || !a;\n")]),
    ("a child's drop that keeps its chain", "lifetimes",
     [("child.c", "    tlab.chain = from->chain;\n", "    tlab.chain = 0;\n")]),
    ("an EXACT rewind below what children hold", "lifetimes",
     [("exact.c", "has_children(arena) || load_acquire(&arena->absorbed)", "false")]),
]


def build(program, parts, compiler, library, flags):
    made = fault.run([compiler, *flags, *parts, *library, "-pthread", "-o", program])
    if made.returncode != 0:
        sys.exit(f"planted: {program}:\n{made.stderr}")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    library, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    compiler = sys.argv[3] if len(sys.argv) == 4 else "cc"
    (out / "programs").mkdir(parents=True, exist_ok=True)
    choices = ['-DRANDOM_CHOICES="fuzz/choices.h"']
    lifetimes = fault.compile_all(ROOT, compiler, choices, [*PARTS["lifetimes"], HERE / "replay.c"], out / "programs")
    missed = 0
    for number, (what, target, edits) in enumerate([("nothing", "arithmetic", []), ("nothing", "lifetimes", []),
                                                    *PLANTS]):
        folder = out / str(number)
        fault.plant(ROOT, folder, edits, [])
        if target == "arithmetic":
            seen = [f"-I{folder}", *(f"-I{ROOT / name}" for name in ("src", "include", "tests"))]
            build(folder / target, [*PARTS[target], HERE / "replay.c"], compiler, [], ["-std=c11", "-O1", *seen])
        else:
            changed = fault.compile_all(ROOT, compiler, ["-fvisibility=hidden"],
                                        [folder / Path(edit[0]).name for edit in edits], folder)
            build(folder / target, [*lifetimes, *changed], compiler, [library], [])
        ran = fault.run([folder / target, HERE / "corpus" / target], timeout=100)
        as_wanted = (ran.returncode != 0) == bool(edits)
        missed += not as_wanted
        print(f"{'found' if ran.returncode else 'passed':6} {target}: {what}{'' if as_wanted else '   WRONG'}",
              flush=True)
    print(f"planted: {len(PLANTS)} faults and 2 targets without one; {missed} not as they should be")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
