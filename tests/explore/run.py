#!/usr/bin/env python3
"""Builds the explorer around the sources as they are shipped and walks its scenarios; then plants bugs in copies of
the sources, in the build folder, and expects each to be found by the scenario made for it.

Usage: run.py OUT [--long | --short] [--self-test]
OUT: a folder for what is built. --short, the default: bounded, under a minute. --long: the widest bounds that end.
--self-test: the planted bugs only. Exit status 0: nothing found in the sources, and every planted bug.

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CC = os.environ.get("CC", "gcc")
FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-include", str(HERE / "order_played.h")]

ANY = "-1"  # no bound of preemptions
# scenario: preemptions, spurious failures; for the short form and for the long one
BOUNDS = {
    "exact": ((ANY, "1"), (ANY, "3")),
    "lease": (("3", "1"), ("4", "1")),
    "runs": (("3", "1"), (ANY, "1")),
    "three": (("2", "0"), ("5", "0")),
    "search": (("2", "1"), ("5", "0")),
    "floor": ((ANY, "1"), (ANY, "2")),
    "scope": (("3", "1"), (ANY, "1")),
    "child": (("3", "0"), (ANY, "1")),
    "stranger": (("3", "0"), (ANY, "0")),
    "absorb": (("3", "1"), (ANY, "1")),
}


def lost_update(word, order, new):
    """A compare-and-swap taken apart into a load and a store."""
    return (f"cas_weak_{order}(&{word}, &index, {new})",
            f"(load_relaxed(&{word}) == index ? (store_relaxed(&{word}, {new}), 1) :"
            f" (index = load_relaxed(&{word}), 0))")


TAG = "((head >> TAG_SHIFT) + 1) << TAG_SHIFT |"
# name: what it is, {file: [(text, instead)]}, the scenario that finds it
PLANTS = {
    "lost-bump": ("the EXACT bump loses an update", {
        "exact.h": [lost_update("pool->index", "acquire", "offset_of(pool, at) + size")],
        "exact.c": [], "alloc.c": []}, "exact"),
    "lost-extend": ("the extension of a lease loses an update", {
        "lease.c": [lost_update("pool->index", "acquire", "base - bytes")]}, "lease"),
    "untagged-pop": ("pop forgets the tag", {
        "lease.c": [(f"uint64_t next = {TAG}\n                        load_relaxed", "uint64_t next = load_relaxed")]},
                     "runs"),
    "untagged": ("no head of a stack has a tag", {
        "lease.c": [(f"uint64_t next = {TAG}\n                        load_relaxed", "uint64_t next = load_relaxed"),
                    (f"next = {TAG} run", "next = run")]}, "runs"),
    "unheld": ("a search does not announce what it holds", {
        "lease.c": [("    hold(pool);\n", ""), ("    unhold(pool);\n", "")]}, "search"),
    "late-barrier": ("the barrier is raised after the index", {
        "lease.c": [("        if (pool->upward) {\n            raise_barrier(pool, end);\n        }\n", ""),
                    ("            *out = (struct span){base, end, 0};",
                     "            if (pool->upward) raise_barrier(pool, end);\n"
                     "            *out = (struct span){base, end, 0};")]}, "floor"),
    "early-give-back": ("a dropped child's struct is used after its run went back", {
        "child.c": [("(void)tlab_unwind(parent, &tlab, 0, 0, keeper)",
                     "tlab.spare = 0; (void)tlab_unwind(parent, &child->tlab, 0, 0, keeper)")]}, "stranger"),
    "endless-gather": ("a gather is never ended", {
        "gather.c": [("    end_gather(pool);\n    return found", "    return found")]}, "scope"),
    "lost-absorb": ("an absorbed child is linked without a compare-and-swap", {
        "child.c": [("while (!cas_weak_release(&p->absorbed, &c->absorbed_next, c)) { /* [M15] */\n    }",
                     "store_release(&p->absorbed, c);")]}, "absorb"),
}


def sources():
    core = sorted((ROOT / "src").glob("*.c")) + sorted((ROOT / "src/block").glob("*.c"))
    return core + sorted(HERE.glob("*.c"))


def build(out, folder, replaced):
    """replaced: files of src/ whose copies stand in `folder`. The other headers are found by the -I, the other
    objects are those of the shipped sources, which are built first."""
    objects = []
    for source in sources():
        is_replaced = source.name in replaced and source.parent == ROOT / "src"
        place = folder if is_replaced else out / "shipped"
        place.mkdir(parents=True, exist_ok=True)
        objects.append(place / f"{source.stem}.o")
        if is_replaced or not replaced:
            subprocess.run([CC, *FLAGS, f"-I{HERE}", f"-I{ROOT / 'src'}", f"-I{ROOT / 'include'}", "-c",
                            str(folder / source.name if is_replaced else source), "-o", str(objects[-1])], check=True)
    program = out / f"explore-{folder.name}"
    subprocess.run([CC, *map(str, objects), "-o", str(program)], check=True)
    return program


def plant(out, name, changes):
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, pairs in changes.items():
        text = (ROOT / "src" / file).read_text()
        for old, new in pairs:
            if text.count(old) != 1:
                sys.exit(f"explore: the bug {name} cannot be planted: {file} has changed; bring run.py up to date")
            text = text.replace(old, new)
        (folder / file).write_text(text)
    return build(out, folder, changes)


def walk(program, scenario, form, seconds):
    preemptions, spurious = BOUNDS[scenario][form]
    done = subprocess.run([program, "--preemptions", preemptions, "--spurious", spurious, "--seconds", str(seconds),
                           scenario], capture_output=True, text=True)
    return done.returncode, done.stdout.strip() or done.stderr.strip()


def merging_loses_no_end(program):
    """The explorer's own check: with and without the merging of states a scenario ends in as many worlds."""
    same = True
    for scenario, preemptions, spurious in (("exact", "4", "1"), ("scope", "3", "0"), ("runs", "3", "0"),
                                            ("stranger", "2", "0")):
        ends = []
        for merge in ("1", "0"):
            done = subprocess.run([program, "--preemptions", preemptions, "--spurious", spurious, "--seconds", "30",
                                   "--merge", merge, scenario], capture_output=True, text=True)
            ends.append(re.search(r"(\d+) schedules, .* (\d+) ends, .* exhaustive", done.stdout))
        same = same and all(ends) and ends[0].group(2) == ends[1].group(2) and "NOT" not in done.stdout
        print(f"merging, {scenario}: " + "; ".join(f"{e.group(2)} ends by {e.group(1)} schedules" for e in ends if e),
              flush=True)
    return same


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(arguments) != 1:
        sys.exit(__doc__)
    out = Path(arguments[0]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    form = int("--long" in sys.argv)
    failed = 0
    program = build(out, out / "shipped", {})
    if "--self-test" not in sys.argv:
        for scenario in BOUNDS:
            started = time.monotonic()
            code, text = walk(program, scenario, form, 300 if form else 60)
            # a bound that does not end shows less than it says
            failed += code != 0 or "NOT exhaustive" in text
            print(f"{text} ({time.monotonic() - started:.1f} s)", flush=True)
    failed += not merging_loses_no_end(program)
    for name, (what, changes, scenario) in PLANTS.items():
        code, text = walk(plant(out, name, changes), scenario, 0, 60)  # the short form has to find it
        found = code == 1 and "FAULT" in text and "replay differs" not in text
        failed += not found
        print(f"planted {name} ({what}): {'found' if found else 'NOT FOUND'}: {text.splitlines()[-1]}", flush=True)
    print(f"explore: {failed} failed" if failed else "explore: all as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
