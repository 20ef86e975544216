#!/usr/bin/env python3
"""Plants a fault in a copy of one source file and expects the sanitizer, or Valgrind, to report it; and the same
program with the library as it is to pass.

Usage: tools.py SOURCE_DIR LIBBITENA.A BUILD_DIR COMPILER SANITIZERS|valgrind

Everything is written under BUILD_DIR. SANITIZERS is the value of BITENA_SANITIZE.
SPDX-License-Identifier: MIT
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fault"))
from planted import compile_all, plant, run  # noqa: E402  (its folder is named above)

USER, EXACT = ["planted/user.c"], ["stress/exact.c", "support/watch.c", "support/overlap.c"]
UNSAVED = ("a mark that is saved in part", USER,
           [("lifetime.c", "        mark->outer_text = tlab->mark_text;\n", "")], ["lifetime.c"])
# tool: [((what is wrong, program, [(file, the text that goes, what comes)], files to compile), what the tool must say)]
PLANTS = {
    "address": [(("a slot behind the last one", USER,
                  [("thread.c", "struct slot *mine = &slots[slot];",
                    "struct slot *mine = &slots[slot + THREAD_SLOTS];")], ["thread.c"]), "global-buffer-overflow")],
    "undefined": [(("a shift by the width of the word", USER,
                    [("thread.c", "word | (uint64_t)1 << slot % WORD_BITS",
                      "word | (uint64_t)1 << (slot % WORD_BITS + 64 * platform_page_size())")], ["thread.c"]),
                   "shift exponent")],
    "thread": [(("the index is taken without acquire", EXACT,
                 [("exact.h", "cas_weak_acquire(", "cas_weak_relaxed(")], ["alloc.c", "exact.c"]), "data race")],
    "memory": [(UNSAVED, "use-of-uninitialized-value")],
    "valgrind": [(UNSAVED, "uninitialised value")],
}
SETTINGS = {"TSAN_OPTIONS": "halt_on_error=1", "BITENA_STRESS_SCALE": "50"}


def linked(source, library, folder, compiler, flags, parts, changed=()):
    folder.mkdir(parents=True, exist_ok=True)
    objects = compile_all(source, compiler, flags, [source / "tests" / part for part in parts], folder)
    made = run([compiler, *flags, "-o", folder / "program", *objects, *changed, library, "-pthread"])
    if made.returncode != 0:
        sys.exit(f"planted: {folder}:\n{made.stderr}")
    return folder / "program"


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    source, library, build = (Path(argument).resolve() for argument in sys.argv[1:4])
    compiler, tools = sys.argv[4], sys.argv[5]
    flags = [] if tools == "valgrind" else [f"-fsanitize={tools}", "-fno-sanitize-recover=all"]
    checked = ["valgrind", "-q", "--error-exitcode=99"] if tools == "valgrind" else []
    environment = {**os.environ, **SETTINGS}
    plants = [(tool, *entry) for tool in tools.split(",") for entry in PLANTS[tool]]
    wrong = 0
    for number, (tool, (name, parts, edits, files), sign) in enumerate(plants):
        folder = build / str(number)
        whole = run([*checked, linked(source, library, folder / "whole", compiler, flags, parts)], env=environment,
                    timeout=100)
        if whole.returncode != 0:
            wrong += 1
            print(f"WRONG  {tool}: the library as it is fails\n{whole.stdout[-2000:]}{whole.stderr[-2000:]}")
        plant(source, folder / "planted", edits, files)
        changed = compile_all(source, compiler, [*flags, "-fvisibility=hidden"],
                              [folder / "planted" / Path(file).name for file in files], folder / "planted")
        ran = run([*checked, linked(source, library, folder / "with", compiler, flags, parts, changed)],
                  env=environment, timeout=100)
        found = ran.returncode != 0 and sign in ran.stdout + ran.stderr
        wrong += not found
        print(f"{'found' if found else 'MISSED':6} {tool}: {name}")
        if not found:
            print(f"  status {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    print(f"planted: {len(plants)} faults, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
