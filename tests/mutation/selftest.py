#!/usr/bin/env python3
"""The mutation tool's own test, and the short form for CI. A planted library has a known list of mutants, of which
one survives; the core as shipped lives through the programs, and a fixed sample of its mutants dies.

Usage: selftest.py FOLDER        FOLDER: where it builds
It does not look for survivors of the core: tools/mutation does.

SPDX-License-Identifier: MIT
"""
import hashlib
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests/explore")]
sys.dont_write_bytecode = True
import trial  # noqa: E402
from lab import FLAGS, Lab  # noqa: E402
from places import Mutant  # noqa: E402
from plants import PLANTS  # noqa: E402

# The planted library: how many mutants there are of each operator, and the only one that its test lets live.
PLANTED = {"relation": 9, "condition": 2, "logic": 3, "constant": 6, "deletion": 2, "arithmetic": 1, "return": 3}
SURVIVOR = "src/planted.c planted_full relation#1 [>= -> >] return n >= most;"
SAMPLE, SEED = 12, "bitena 1"
# Quick to build and to run, and between them they see most of the core.
CORE_PROGRAMS = {"unit.edges", "unit.alloc", "unit.marks", "unit.children", "unit.exact", "unit.grow", "unit.text",
                 "unit.lifecycle", "unit.cleanups", "stress.crowded", "fuzz.lifetimes", "model.3000.0", "model.3000.1", "model.3000.2"}
# A program for survivors of each kind, and what it must kill: one of the explorer's planted bugs, or a mutant.
DEEP = {"explore.slots3": "lost-claim", "forced.failing": "lost-extend",
        "bench.verbs": "src/alloc.c bump_last condition#1 [is_last(public) -> always false]"}
SAMPLED_FILES = ("src/lease.c", "src/tlab.c", "src/alloc.c", "src/lifetime.c", "src/grow.c", "src/unwind.c")
# Where a mutant that lives would be a broken driver rather than a missing test.
SAMPLED_FUNCTIONS = {"push", "pop", "take_index", "give_to_index", "pool_give", "pool_take", "set_interval",
                     "tlab_bump", "tlab_install", "tlab_refill", "new_lease", "bitena_rewind", "tlab_unwind"}
SAMPLED_OPERATORS = ("return", "deletion")
DEAD = ("killed", "timeout", "duplicate", "equivalent")


class Report:
    def __init__(self):
        self.failed = 0

    def expect(self, good, what):
        self.failed += not good
        print(f"{'as expected' if good else 'NOT AS EXPECTED'}: {what}", flush=True)


def planted(report, folder):
    root = HERE / "planted"
    lab = Lab(root, folder / "planted", jobs=2)
    lab.baseline()
    mutants = trial.all_mutants(root, FLAGS)
    counts = {}
    for mutant in mutants:
        if mutant.kind == "source":
            counts[mutant.operator] = counts.get(mutant.operator, 0) + 1
    report.expect(counts == PLANTED, f"source mutants of the planted library: {counts}")
    report.expect(len({mutant.name for mutant in mutants}) == len(mutants), "no two have one name")
    bench = trial.Trial(lab)
    verdicts = {mutant.name: bench.judge(mutant) for mutant in mutants}
    alive = [name for name, verdict in verdicts.items() if verdict[0] == "survived"]
    report.expect(alive == [SURVIVOR], f"the planted survivors: {alive}")
    strange = [name for name, verdict in verdicts.items() if verdict[0] not in (*DEAD, "survived")]
    report.expect(not strange, f"mutants that cannot be judged: {strange}")
    branches = [mutant for mutant in mutants if mutant.kind == "assembly"]
    report.expect(len(branches) >= 4, f"assembly mutants of the planted library: {len(branches)}")
    same = next(mutant for mutant in mutants if mutant.name == SURVIVOR)
    same = Mutant(**{**same.__dict__, "edit": (*same.edit[:2], "/* no change */ >=")})
    report.expect(bench.judge(same)[0] == "equivalent", "a comment is no mutant")
    broken = Mutant(**{**same.__dict__, "edit": (*same.edit[:2], "><")})
    report.expect(bench.judge(broken)[0] == "stillborn", "what does not compile is said to be so")
    lists(report, mutants)


def lists(report, mutants):
    """The list of the justified: what fits no survivor is stale."""
    rows = {mutant.name: {"verdict": "survived" if mutant.name == SURVIVOR else "killed"} for mutant in mutants}
    dead = next(mutant.name for mutant in mutants if mutant.name != SURVIVOR)
    listed = {SURVIVOR: "planted", dead: "no longer true", "src/planted.c gone": "no such mutant"}
    report.expect(trial.stale_entries(listed, mutants, rows, None) == [dead, "src/planted.c gone"],
                  "a killed mutant and one that is no more are stale in the list")


def core(report, folder):
    lab = Lab(ROOT, folder / "core", jobs=2, only={*CORE_PROGRAMS, *DEEP})
    lab.baseline(with_coverage=False)  # ends the test if one fails with the library as shipped
    report.expect(len(lab.programs) == len(CORE_PROGRAMS) + len(DEEP) - (not shutil.which("valgrind")), f"{len(lab.programs)} programs let the shipped library live")
    justified = trial.read_justified(HERE / "justified.txt")
    mutants = [mutant for mutant in trial.all_mutants(ROOT, FLAGS, SAMPLED_FILES, "source")
               if mutant.function in SAMPLED_FUNCTIONS
               and mutant.operator in SAMPLED_OPERATORS and not trial.justification_of(mutant, justified)]
    mutants.sort(key=lambda mutant: hashlib.sha256((SEED + mutant.name).encode()).digest())
    bench = trial.Trial(lab)
    for mutant in mutants[:SAMPLE]:
        verdict, by, _ = bench.judge(mutant)
        report.expect(verdict in DEAD, f"{verdict} by {by}: {mutant.name}")
    inline = next(mutant for mutant in trial.all_mutants(ROOT, FLAGS, ("include/bitena.h",), "source")
                  if mutant.function == "bitena_bump_" and "arena->floor, 1) -> always true]" in mutant.name)
    verdict, by, _ = bench.judge(inline)
    report.expect(verdict in ("killed", "timeout"), f"{verdict} by {by}: {inline.name}")
    whole = [lab.base / lab.object_name(file) for file in lab.sources]
    verdict = lab.judge(mutants[0], bench.folder(), lambda variant: whole)
    report.expect(verdict[0] == "survived", f"the shipped library, built as a mutant is, lives: {verdict}")
    slowly(report, lab, bench, mutants[0])


def slowly(report, lab, bench, some):
    def shipped(variant):
        objects = bench.compiled(some, bench.folder(), variant)  # without a variant only what differs
        return objects if variant else [lab.base / lab.object_name(some.file)]
    verdict = lab.judge(some, bench.folder(), shipped, deep=True)
    report.expect(verdict[0] == "survived", f"it lives through what survivors get, too: {verdict}")
    sources = trial.all_mutants(ROOT, FLAGS, ("src/alloc.c",), "source")
    for program in [program for program in lab.programs if program.late]:
        what = DEEP[program.name]
        if what in PLANTS:
            (file, ((old, new),)), = PLANTS[what][1].items()
            at = (ROOT / "src" / file).read_text(encoding="latin-1").index(old)
            mutant = Mutant(**{**some.__dict__, "file": f"src/{file}", "edit": (at, at + len(old), new)})
        else:
            mutant = next(mutant for mutant in sources if mutant.name.startswith(what))
        every, lab.programs = lab.programs, [program]
        verdict = bench.judge(mutant, deep=True)
        lab.programs = every
        report.expect(verdict[:2] in (("killed", program.name), ("timeout", program.name)), f"{verdict[:2]}: {what}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1]).resolve()
    report = Report()
    planted(report, folder)
    core(report, folder)
    print(f"mutation: {report.failed} failed" if report.failed else "mutation: all as expected")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
