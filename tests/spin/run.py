#!/usr/bin/env python3
"""Runs the SPIN models of the index and the recycled stacks: every state of each, then the same models with a bug
planted, each of which has to be found, and by the claim that is meant for it.

Usage: run.py OUT [--long]
OUT: a folder for what is built. Without --long: half a minute; with it also the larger models, some minutes.
Exit status 0: all as expected; 77: SPIN is not installed. Does not compare model and source: agree.py does.

SPDX-License-Identifier: MIT
"""
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
CC = os.environ.get("CC", "gcc")

# How a model is walked: flags of the compiler, flags of the program.
SAFETY = (["-DSAFETY"], [])
LIVE = (["-DNP", "-DNOFAIR"], ["-l"])                  # any schedule, also one that stops a thread for ever
FAIR = (["-DNP", "-DNFAIR=3"], ["-l", "-f"])           # who can run does so, sooner or later
LIVE_ALONE = (LIVE[0], [*LIVE[1], "-A"])               # livelock only: claims are not looked at
FAIR_ALONE = (FAIR[0], [*FAIR[1], "-A"])

# name, model, definitions, how
SHORT = [
    ("falling", "pool", "C=3 SPURIOUS=1", SAFETY),
    ("falling, settling", "pool", "C=2 SPURIOUS=1 SETTLES=1", SAFETY),
    ("falling, livelock", "pool", "C=2 TRIES=1", LIVE),
    ("falling, waits end", "pool", "C=2", FAIR),
    ("rising", "exact", "C=2 SPURIOUS=1 SETTLES=1", SAFETY),
    ("rising, livelock", "exact", "C=2 TRIES=1", LIVE),
]
LONG = [
    ("rising, waits end", "exact", "C=2", FAIR),
    ("falling, three units, settling", "pool", "C=3 SPURIOUS=1 SETTLES=1", SAFETY),
    ("falling, settling, livelock", "pool", "C=2 TRIES=2 SETTLES=1", LIVE),
    ("falling, settling, waits end", "pool", "C=2 SETTLES=1", FAIR),
    ("rising, three units", "exact", "C=3 SPURIOUS=1", SAFETY),
    ("rising, settling, livelock", "exact", "C=2 TRIES=2 SETTLES=1", LIVE),
    ("rising, settling, waits end", "exact", "C=2 SETTLES=1", FAIR),
]
STATES, DEPTH = r"([\d.e+]+) states, stored", r"depth reached (\d+)"
OVERLAP = r"assertion violated.*held\[0\]"
LIVELOCK = "non-progress cycle"
# the bug, what it is; model, definitions, how; what has to be found
PLANTS = [
    ("lost", "the index is loaded and stored", "pool", "C=3", SAFETY, OVERLAP),
    ("untagged", "the heads have no tag", "pool", "C=3 SPANS=2 ASK=size=1", SAFETY, r"assertion violated.*(held|stacked)"),
    ("early", "a run is pushed before its user is done with it", "pool", "C=3", SAFETY, OVERLAP),
    ("count", "a run is pushed before the count is raised", "pool", "C=3", SAFETY, r"assertion violated.*recycled"),
    ("unheld", "a search does not announce what it holds", "pool", "C=3", SAFETY, r"assertion violated.*since"),
    ("late", "the barrier is raised after the index moved", "exact", "C=3", SAFETY, OVERLAP),
    ("stuck", "a failed compare-and-swap does not look again", "pool", "C=2 TRIES=1", LIVE_ALONE, LIVELOCK),
    ("endless", "a gather never ends", "pool", "C=2", FAIR_ALONE, LIVELOCK),
    ("", "a wait without TRIES, for one that was stopped", "pool", "C=2", LIVE_ALONE, LIVELOCK),
]


def build(folder, model, definitions, flags):
    """The model after the preprocessor, SPIN's program for it, compiled. -O0: compiling is what takes long."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = subprocess.run([CC, "-E", "-P", "-x", "c", *(f"-D{d}" for d in definitions), str(HERE / f"{model}.pml")],
                          check=True, capture_output=True, text=True).stdout
    (folder / "m.pml").write_text(text)
    made = subprocess.run(["spin", "-a", "m.pml"], cwd=folder, capture_output=True, text=True)
    if made.returncode or "Error" in made.stdout:
        sys.exit(f"spin: {model}: {made.stdout}{made.stderr}")
    subprocess.run([CC, "-O0", "-w", "-DCOLLAPSE", *flags, "-o", "pan", "pan.c"], cwd=folder, check=True)


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found.group(1)) if found else 0


def walk(out, job):
    """What pan says, and how long it took, building included."""
    name, model, definitions, (flags, arguments), limit = job
    started = time.monotonic()
    folder = out / re.sub(r"\W+", "-", name)
    build(folder, model, definitions.split(), flags)
    try:
        said = subprocess.run(["./pan", "-m2000000", "-w22", *arguments], cwd=folder, capture_output=True, text=True,
                              timeout=limit).stdout
    except subprocess.TimeoutExpired:
        said = f"not done in {limit} s"
    return said, time.monotonic() - started


def is_exhaustive(said):
    return ("errors: 0" in said and "too small" not in said and "not completed" not in said
            and "out of memory" not in said and "State-vector" in said)


def never_reached(out, jobs):
    """Lines of a model that none of its proper runs came to, in any of the places where they were expanded; how many
    lines there are."""
    never, total = {}, {}
    for (name, model, *_), said in jobs:
        folder = out / re.sub(r"\W+", "-", name)
        listed = subprocess.run(["./pan", "-d"], cwd=folder, capture_output=True, text=True).stdout
        states = {}
        process = None
        for line in listed.splitlines():
            process = line.split()[1] if line.startswith("proctype") else process
            found = re.match(r"\s*state +(\d+) -.*m\.pml:(\d+) =>", line)
            if found:
                states.setdefault(int(found.group(2)), set()).add((process, int(found.group(1))))
        missed = set()
        for line in said.splitlines():
            process = line.split()[-1] if line.startswith("unreached in") else process
            found = re.match(r"\s*m\.pml:\d+, state (\d+),", line)
            if found:
                missed.add((process, int(found.group(1))))
        text = (folder / "m.pml").read_text().splitlines()
        total[model] = len(states)
        lines = {text[n - 1].strip() for n, where in states.items() if where <= missed}
        never[model] = never[model] & lines if model in never else lines
    return sorted({(model, line) for model, lines in never.items() for line in lines}), sum(total.values())


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    if len(arguments) != 1:
        sys.exit(__doc__)
    if not shutil.which("spin"):
        print("spin: not installed, nothing was looked at")
        return 77
    out = Path(arguments[0]).resolve()
    proper = SHORT + (LONG if "--long" in sys.argv else [])
    limit = 900 if "--long" in sys.argv else 600
    jobs = [(*job, limit) for job in proper]
    jobs += [(f"planted {bug or 'patience'}", model, f"{definitions} PLANT_{bug or 'none'}", how, limit)
             for bug, _, model, definitions, how, _ in PLANTS]
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda job: walk(out, job), jobs))
    for job, (said, seconds) in zip(jobs, results):
        plant = next((p for p in PLANTS if job[0] == f"planted {p[0] or 'patience'}"), None)
        good = re.search(plant[5], said) is not None if plant else is_exhaustive(said)
        failed += not good
        word = ("found" if good else "NOT FOUND") if plant else ("clean" if good else "FAULT or not exhaustive")
        print(f"{job[0]}{f' ({plant[1]})' if plant else ''}: {word}: {number(STATES, said):.0f} states"
              f", depth {number(DEPTH, said):.0f}, {seconds:.1f} s [{job[1]}: {job[2]}]")
        if not good:
            print("\n".join(said.splitlines()[:12]))
    walked = [(job, said) for job, (said, _) in zip(jobs, results[:len(proper)])]
    never, lines = never_reached(out, walked)
    failed += len(never) + (lines == 0)
    print("\n".join([*(f"never reached in {model}: {line}" for model, line in never),
                     f"{lines} lines of the models, {len(never)} never reached"]))
    print(f"spin: {failed} failed" if failed else "spin: all as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
