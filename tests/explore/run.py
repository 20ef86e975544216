#!/usr/bin/env python3
"""Builds the explorer around the sources as they are shipped and walks its scenarios; then plants bugs in copies of
the sources, in the build folder, and expects each to be found by the scenario made for it.

Runs JOBS programs at once, 2 without the variable.

Usage: run.py OUT [--long | --short] [--self-test]
OUT: a folder for what is built. --short, the default: bounded, half a minute. --long: the widest bounds that end.
--self-test: the planted bugs only. Exit status 0: nothing found in the sources, and every planted bug.

SPDX-License-Identifier: MIT
"""
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from plants import PLANTS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CC = os.environ.get("CC", "gcc")
FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-U_FORTIFY_SOURCE", "-include", str(HERE / "order_played.h")]

ANY = "-1"  # no bound of preemptions
USUAL = ((ANY, "0"), (ANY, "2"))
# scenario: preemptions, spurious failures; for the short form and for the long one
BOUNDS = {
    "exact": ((ANY, "1"), (ANY, "3")), "exact3": USUAL,
    "lease": (("2", "1"), ("4", "1")), "lease2": USUAL, "lease3": ((ANY, "0"), (ANY, "1")),
    "runs": (("3", "1"), (ANY, "1")), "runs2": (("3", "0"), (ANY, "1")), "runs3": (("3", "0"), (ANY, "1")),
    "three": (("2", "0"), ("5", "0")), "search": (("2", "1"), (ANY, "0")),
    "floor": USUAL, "scope": (("3", "1"), (ANY, "1")),
    "child": (("2", "0"), (ANY, "1")), "stranger": (("3", "0"), (ANY, "0")), "child3": (("2", "0"), ("3", "0")),
    "absorb": (("3", "1"), (ANY, "1")), "absorb3": ((ANY, "0"), (ANY, "1")),
    "own2": USUAL, "own3": USUAL, "count2": (("1", "0"), ("3", "0")), "count3": (("2", "0"), (ANY, "1")),
    "slots2": USUAL, "slots3": USUAL, "exit2": USUAL, "exit3": USUAL, "heir2": USUAL,
    "marks2": (("2", "0"), (ANY, "0")), "marks3": (("2", "0"), (ANY, "0")), "exact-marks2": USUAL, "exact-marks3": USUAL,
    "defer2": USUAL, "defer3": USUAL, "numbers2": USUAL, "numbers3": (("2", "0"), (ANY, "0")),
    "trim2": USUAL, "trim3": ((ANY, "0"), (ANY, "1")),
    "pool2": ((ANY, "1"), (ANY, "2")), "pool-give2": USUAL, "pool-fresh3": (("3", "0"), (ANY, "0")), "pool-heir2": USUAL,
    "pool-twice2": USUAL, "references2": USUAL, "references-weak2": USUAL, "references-strong2": USUAL,
    "keys2": USUAL, "keys3": USUAL,
    "map2": (("2", "0"), ("4", "1")), "map3": (("3", "0"), (ANY, "0")), "map-find3": (("2", "0"), (ANY, "0")),
    "map-help3": (("3", "0"), (ANY, "0")),
    "map-segment2": (("2", "0"), ("4", "0")), "map-spares3": (("3", "0"), ("5", "0")),
    "map-freeze2": (("3", "0"), (ANY, "0")), "map-walk2": (("3", "0"), ("4", "0")),
    "map-walk3": (("3", "0"), (ANY, "0")), "map-settle2": (("2", "0"), ("4", "0")), "map-settle3": (("3", "0"), (ANY, "0")),
}


def sources():
    folders = ("src", "src/block", "src/modules", HERE)
    return [source for folder in folders for source in sorted((ROOT / folder).glob("*.c"))]


def shipped(name):
    """A file of the core or of a module, by its name."""
    return next(path for path in (ROOT / "src" / name, ROOT / "src/modules" / name) if path.exists())


def build(out, folder, replaced):
    """replaced: files of src/ whose copies stand in `folder`. The other headers are found by the -I, the other
    objects are those of the shipped sources, which are built first."""
    objects = []
    for source in sources():
        is_replaced = source.name in replaced and source.parent.name in ("src", "modules")
        place = folder if is_replaced else out / "shipped"
        place.mkdir(parents=True, exist_ok=True)
        objects.append(place / f"{source.parent.name}-{source.stem}.o")  # src and src/modules have a text.c each
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
        text = shipped(file).read_text()
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


def no_end_is_lost(program, scenario, preemptions, spurious):
    """The explorer's own check: a scenario ends in as many worlds when states met before are walked again, and when
    threads may change at every shared word."""
    ends = []
    for option in (["--merge", "1"], ["--merge", "0"], ["--every", "1"]):
        done = subprocess.run([program, "--preemptions", preemptions, "--spurious", spurious, "--seconds", "60",
                               *option, scenario], capture_output=True, text=True)
        ends.append(re.search(r"(\d+) schedules, .* (\d+) ends, .*, exhaustive", done.stdout))
    same = all(ends) and len({e.group(2) for e in ends}) == 1
    return same, f"ends, {scenario}: " + ", ".join(f"{e.group(2)} by {e.group(1)} schedules" for e in ends if e)


ENDS = (("exact", "3", "1"), ("scope", "2", "0"), ("runs", "2", "0"), ("absorb", "2", "0"), ("exit2", "3", "0"),
        ("defer3", "2", "0"))


def look(program, scenario, form):
    started = time.monotonic()
    code, text = walk(program, scenario, form, 600 if form else 60)
    # a bound that does not end shows less than it says
    return code == 0 and ", exhaustive" in text, f"{text} ({time.monotonic() - started:.1f} s)"


def find(out, name):
    what, changes, scenario = PLANTS[name]
    code, text = walk(plant(out, name, changes), scenario, 0, 60)  # the short form has to find it
    found = code == 1 and "FAULT" in text and "replay differs" not in text
    return found, f"planted {name} ({what}): {'found' if found else 'NOT FOUND'}: {text.splitlines()[-1]}"


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(arguments) != 1:
        sys.exit(__doc__)
    out = Path(arguments[0]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    form = int("--long" in sys.argv)
    program = build(out, out / "shipped", {})
    failed = 0
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        jobs = [] if "--self-test" in sys.argv else [pool.submit(look, program, s, form) for s in BOUNDS]
        jobs += [pool.submit(no_end_is_lost, program, *e) for e in ENDS]
        jobs += [pool.submit(find, out, name) for name in PLANTS]
        for job in jobs:
            good, text = job.result()
            failed += not good
            print(text, flush=True)
    print(f"explore: {failed} failed" if failed else "explore: all as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
