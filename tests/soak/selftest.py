#!/usr/bin/env python3
"""Plants faults in copies of the library's sources, builds the soak around each copy and expects it to end with a
fault within seconds. A soak that cannot fail shows nothing.

Usage: selftest.py OUT COMPILER LIBBITENA.A LIBPERTURBED.A SOAK-OBJECTS...
Everything is written under OUT. The objects and libraries are those of the build; only the changed files are compiled.

SPDX-License-Identifier: MIT
"""
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "fault"))
from planted import compile_all, plant  # noqa: E402

SECONDS = 20  # of each run, at most; most are found in the first
HANG = "8"    # seconds of one epoch: a list that has become a ring is walked for ever
PLAIN, PERTURBED = 0, 1
LOST = ("(load_relaxed(&pool->index) == index ? (store_relaxed(&pool->index, %s), 1)"
        " : (index = load_relaxed(&pool->index), 0))")
TAG = "((head >> TAG_SHIFT) + 1) << TAG_SHIFT |"
# what it is, which library, a word of what must be said ("": a crash or a hang will do as well),
# [(file, text, instead)], files to compile
PLANTS = [
    ("a refill hands out a run that overlaps the next", PLAIN, "overlap",
     [("lease.c", "        if (cas_weak_acq_rel(&pool->index, &index, pool->upward ? end : base)) { /* [M01] [M06] */",
       "        if (cas_weak_acq_rel(&pool->index, &index, pool->upward ? end : base + 16)) {")], ["lease.c"]),
    ("EXACT moves its index by a load and a store", PERTURBED, "",
     [("exact.h", "cas_weak_acquire(&pool->index, &index, offset_of(pool, at) + size)",
       LOST % "offset_of(pool, at) + size")], ["alloc.c", "exact.c"]),
    ("a refill moves the index by a load and a store", PERTURBED, "",
     [("lease.c", "cas_weak_acq_rel(&pool->index, &index, pool->upward ? end : base)",
       LOST % "pool->upward ? end : base")], ["lease.c"]),
    ("no head of a stack has a tag", PERTURBED, "",
     [("lease.c", f"uint64_t next = {TAG}\n                        load_relaxed", "uint64_t next = load_relaxed"),
      ("lease.c", f"next = {TAG} run", "next = run")], ["lease.c"]),
    ("a rewind gives back a line too much", PLAIN, "overlap",
     [("lifetime.c", "store_relaxed(&tlab->ceiling, mark->ceiling); ",
       "store_relaxed(&tlab->ceiling, mark->ceiling + (tlab->end - mark->ceiling > 128 ? 128 : 0)); ")],
     ["lifetime.c"]),
    ("a cleanup runs twice", PLAIN, "ran twice",
     [("lifetime.c", "    cleanup->fn(cleanup->argument);\n",
       "    cleanup->fn(cleanup->argument);\n"
       "    if (((uintptr_t)cleanup & 1016) == 8) cleanup->fn(cleanup->argument);\n")],
     ["lifetime.c"]),
    ("a cleanup is lost now and then", PLAIN, "not every cleanup",
     [("lifetime.c", "    cleanup->fn(cleanup->argument);\n",
       "    if (((uintptr_t)cleanup & 1016) != 8) cleanup->fn(cleanup->argument);\n")], ["lifetime.c"]),
    ("a dropped child keeps its leases", PLAIN, "LEAK",
     [("child.c", "    release_runs(child, parent, keeper);\n", "    (void)keeper;\n")], ["child.c"]),
    ("a drop leaves a page mapped", PLAIN, "LEAK",
     [("block/private.c", "block->mapping_bytes);", "block->mapping_bytes - 4096);")], ["block/private.c"]),
]


def run(program, seconds):
    """The status and what was said of a fault, else the last line. (Of two threads that crash each says so.)"""
    ran = subprocess.run([program, str(seconds), "1"], text=True, capture_output=True, timeout=100,
                         env={**os.environ, "BITENA_HANG_SECONDS": HANG, "BITENA_CROWD": "40"})
    lines = ran.stdout.strip().split("\n")
    return ran.returncode, next((line for line in lines if "FAULT" in line), lines[-1])


def link(compiler, program, *parts):
    subprocess.run([compiler, "-o", program, *parts, "-pthread"], check=True)
    return program


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    out, compiler = Path(sys.argv[1]).resolve(), sys.argv[2]
    libraries, objects = sys.argv[3:5], sys.argv[5:]
    out.mkdir(parents=True, exist_ok=True)
    status, last = run(link(compiler, out / "sound", *objects, libraries[PERTURBED]), 2)
    if status != 0:
        sys.exit(f"soak's self-test: a fault without a planted one: {last}")
    missed = 0
    for number, (name, kind, sign, edits, files) in enumerate(PLANTS):
        folder = out / str(number)
        plant(ROOT, folder, edits, files)
        flags = ["-fvisibility=hidden", *(["-include", HERE / "order_perturbed.h"] if kind == PERTURBED else [])]
        changed = compile_all(ROOT, compiler, flags, [folder / Path(file).name for file in files], folder)
        program = link(compiler, folder / "soak", *objects, *changed, libraries[kind])
        began = time.monotonic()
        status, last = run(program, SECONDS)
        found = status == 1 and "FAULT" in last and sign in last
        missed += not found
        print(f"{'found' if found else 'MISSED':6} {name}: {time.monotonic() - began:.1f} s: {last}", flush=True)
    print(f"soak's self-test: {len(PLANTS) - missed} of {len(PLANTS)} found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
