#!/usr/bin/env python3
"""Weakens every memory order of the library by one step, one at a time, in a copy, and says what finds it: the scenarios
of the weak machine, else real ThreadSanitizer builds of the tests, else nobody; then it must be justified in
docs/MEMORY_ORDER.md, under "Weakened one by one". Runs the litmus programs and the orders as they are shipped first.
A module's weakenings meet the scenarios and the tests that play it, those of MODULES.

Usage: orders.py OUT [--short] [--seeds N] [--only WORD] [--list]
OUT: a folder for what is built. --short: no table, but the weakenings of PLANTED, which must be found. --only: those
whose name has the WORD. --list: the names. Exit status 0: nothing found in the shipped orders, and each weakening is
either found or justified, and not both.

SPDX-License-Identifier: MIT
"""
import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SRC = ROOT / "src"
PLAYED = ROOT / "tests/explore"
PAGE = ROOT / "docs/MEMORY_ORDER.md"
CC = os.environ.get("CC", "gcc")
WORKERS = 2
LITMUS, SHIPPED, SHORT, WEAKENED = 2000, 5000, 1000, 2500  # seeds of a run; each seed is a schedule

WEAKER = {
    "load_acquire": ["load_relaxed"], "store_release": ["store_relaxed"], "add_release": ["add_relaxed"],
    "add_acq_rel": ["add_acquire", "add_release"], "and_release": ["and_relaxed"],
    "cas_weak_acquire": ["cas_weak_relaxed"], "cas_weak_release": ["cas_weak_relaxed"],
    "cas_weak_acq_rel": ["cas_weak_acquire", "cas_weak_release"],
}
# verbs that include/bitena/order.h does not have, since nobody needs them
VERBS = ["-Dadd_acquire(p,v)=__atomic_fetch_add((p),(v),__ATOMIC_ACQUIRE)",
         "-Dand_relaxed(p,v)=__atomic_fetch_and((p),(v),__ATOMIC_RELAXED)"]
PLANTED = ["exact_bump.1 ", "push.1 ", "pop.1 ", "begin_gather.1 cas_weak_acq_rel>cas_weak_release", "release_slot.1 ",
           "map_log/add_positions.1 "]

FLAGS = ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-U_FORTIFY_SOURCE", "-D_GNU_SOURCE=",
         *VERBS,
         *(f"-I{ROOT / f}" for f in ("src", "include", "tests", "tests/explore", "tests/weak"))]
SEEN = ["-fsanitize=thread", "-include", str(HERE / "copies.h")]  # for the compiler only: no runtime is linked
TSAN = ["-fsanitize=thread", "-fPIC"]
TSAN_TESTS = ["unit/strangers", "unit/own_absorb", "unit/cleanups", "unit/thread_ends", "unit/scope_crowds",
              "stress/exact"]
# the first word of a file's name: the scenarios that play it, and the tests for ThreadSanitizer
MODULES = {
    "pool": (["pool*", "references*"], ["stress/pool", "unit/pool_threads", "unit/pool_references"]),
    "keys": (["keys*"], ["stress/keys"]),
    "map": (["map*"], ["stress/map"]),
}
MODULE_FILES = [*sorted((SRC / "modules").glob("*.c")), *sorted((ROOT / "include/bitena").glob("*_parts.h"))]


class Weakening:
    """One use of an ordered verb, and a weaker one instead."""

    def __init__(self, file, place, function, ordinal, verb, weaker, edges):
        self.file, self.place, self.verb, self.weaker, self.edges = file, place, verb, weaker, edges
        self.module = file.stem.split("_")[0] if file in MODULE_FILES else None
        self.name = f"{f'{file.stem}/' if self.module else ''}{function}.{ordinal} {verb}>{weaker}"
        self.folder = f"{file.stem}-{function}-{ordinal}-{weaker}"
        self.scenarios, self.tests = MODULES[self.module] if self.module else (["core"], TSAN_TESTS)

    def text(self):
        text = self.file.read_text()
        return text[:self.place] + self.weaker + text[self.place + len(self.verb):]


def weakenings():
    found = []
    uses = re.compile(r"\b(%s)\(" % "|".join(WEAKER))
    for file in [*(f for f in sorted(SRC.rglob("*.[ch]")) if f not in MODULE_FILES), *MODULE_FILES]:
        text = file.read_text()
        functions = [(m.start(), m.group(1)) for m in re.finditer(r"^[A-Za-z][^;={}]*?\b(\w+)\([^;{}]*\)\n\{", text, re.M)]
        ordinals = {}
        for use in uses.finditer(text):
            function = [name for start, name in functions if start < use.start()][-1]
            ordinals[function] = ordinals.get(function, 0) + 1
            comment = re.compile(r"/\*\s*((?:\[[MPKHI]\d\d\]\s*)+)").search(text, use.start())
            edges = re.findall(r"[MPKHI]\d\d", comment.group(1)) if comment else []
            for weaker in WEAKER[use.group(1)]:
                found.append(Weakening(file, use.start(), function, ordinals[function], use.group(1), weaker, edges))
    return found


def compile_one(source, target, flags):
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([CC, *flags, *FLAGS, "-c", str(source), "-o", str(target)], check=True)
    return target


def core():
    return [file for folder in ("", "block", "modules") for file in sorted((SRC / folder).glob("*.c"))]


def build_shipped(out):
    """What is linked into each checker; name of a file: object."""
    played = [PLAYED / "world.c", PLAYED / "calls.c", *sorted(PLAYED.glob("scenarios*.c"))]
    jobs = {f: SEEN for f in core() + played + [HERE / "litmus.c", HERE / "weak_scenarios.c", HERE / "weak_modules.c"]}
    jobs.update({HERE / f: [] for f in ("memory.c", "machine.c", "callbacks.c", "main.c")})
    jobs[PLAYED / "platform.c"] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        built = pool.map(lambda f: compile_one(f, out / "shipped" / f"{f.parent.name}-{f.stem}.o", jobs[f]), jobs)
        return dict(zip(jobs, built))


def includers(header):
    return [f for f in core() if re.search(rf'#include ["<](?:bitena/)?{re.escape(header.name)}[">]', f.read_text())]


def build_weakened(weakening, folder, objects, flags):
    """The objects with those in place of which the weakened file has others. The folder comes first where headers are
    looked for."""
    copy = folder / ("bitena" if weakening.file.parent.name == "bitena" else "") / weakening.file.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(weakening.text())
    flags = [f"-I{folder}", *flags]
    changed = dict(objects)
    for source in [weakening.file] if weakening.file.suffix == ".c" else includers(weakening.file):
        if source != weakening.file:
            (folder / source.name).write_text(source.read_text())
        changed[source] = compile_one(folder / source.name, folder / f"{source.stem}.o", flags)
    return changed


def link(objects, program, flags=()):
    subprocess.run([CC, *flags, *(str(o) for o in objects.values()), "-o", str(program)], check=True)
    return program


def run_weak(program, seeds, scenarios=("all",)):
    done = subprocess.run([str(program), "--seeds", str(seeds), *scenarios], capture_output=True, text=True, timeout=600)
    return done.returncode, (done.stdout + done.stderr).strip()


class Sanitized:
    """ThreadSanitizer builds of the tests, against a shared library that each weakening replaces."""

    def __init__(self, out):
        self.out = out / "tsan"
        self.objects, self.programs = {}, {}
        (self.out / "lib").mkdir(parents=True, exist_ok=True)

    def build(self, names):
        files = core() + sorted((SRC / "platform").glob("*.c"))
        support = sorted((ROOT / "tests/support").glob("*.c"))
        tests = [ROOT / "tests" / f"{t}.c" for t in names]
        with ThreadPoolExecutor(WORKERS) as pool:
            objects = dict(zip(files + support + tests, pool.map(
                lambda f: compile_one(f, self.out / f"{f.parent.name}-{f.stem}.o", TSAN), files + support + tests)))
        self.objects = {f: objects[f] for f in files}
        self.link_shared(self.out / "lib", self.objects)
        for name, test in zip(names, tests):
            program = self.out / f"{test.parent.name}_{test.stem}"
            subprocess.run([CC, "-fsanitize=thread", "-o", str(program), str(objects[test]),
                            *(str(objects[f]) for f in support), f"-L{self.out / 'lib'}", "-lbitena", "-lcmocka",
                            "-pthread", "-ldl", "-lm"], check=True)
            self.programs[name] = program

    @staticmethod
    def link_shared(folder, objects):
        link(objects, folder / "libbitena.so", ["-shared", "-fsanitize=thread", "-pthread"])

    def find(self, weakening):
        """The test that finds it, or None."""
        folder = self.out / weakening.folder
        self.link_shared(folder, build_weakened(weakening, folder, self.objects, TSAN))
        return self.failing(folder, weakening.tests)

    def failing(self, folder, names):
        environment = dict(os.environ, LD_LIBRARY_PATH=str(folder), TSAN_OPTIONS="halt_on_error=1 report_bugs=1")
        for name in names:
            program = self.programs[name]
            try:
                done = subprocess.run(["setarch", os.uname().machine, "-R", str(program)], env=environment,
                                      capture_output=True, text=True, timeout=120)
            except subprocess.TimeoutExpired:
                return name
            if done.returncode not in (0, 77):
                return name
        return None


def justified():
    page = PAGE.read_text()
    section = page.split("## Weakened one by one", 1)[-1] if "## Weakened one by one" in page else ""
    return set(re.findall(r"`((?:\w+/)?\w+\.\d+ \w+>\w+)`", section))


def check_shipped(out, objects, seeds):
    program = link(objects, out / "weak")
    litmus = subprocess.run([str(program), "--litmus", str(LITMUS)], capture_output=True, text=True)
    print(litmus.stdout, end="")
    code, text = run_weak(program, seeds)
    print(f"shipped orders: {text}", flush=True)
    return (litmus.returncode != 0) + (code != 0)


def check_one(out, objects, seeds, weakening):
    folder = out / "weakened" / weakening.folder
    program = link(build_weakened(weakening, folder, objects, SEEN), folder / "weak")
    code, text = run_weak(program, seeds, weakening.scenarios)
    found = text if code == 1 and text.startswith("FAULT") else None if code == 0 else f"broken: {text}"
    print(f"{weakening.name}: {found or 'not by the weak machine'}", flush=True)
    return found


def table(out, objects, chosen, seeds, sanitized):
    """name: who found it, or None."""
    with ThreadPoolExecutor(WORKERS) as pool:
        found = dict(zip(chosen, pool.map(lambda w: check_one(out, objects, seeds, w), chosen)))
        survivors = [w for w in chosen if found[w] is None]
        if sanitized and survivors:
            tests = list(dict.fromkeys(t for w in survivors for t in w.tests))
            sanitized.build(tests)
            bad = sanitized.failing(sanitized.out / "lib", tests)
            if bad:
                sys.exit(f"orders: {bad} fails under ThreadSanitizer with the shipped orders")
            for weakening, test in zip(survivors, pool.map(sanitized.find, survivors)):
                found[weakening] = f"ThreadSanitizer, {test}" if test else None
    return found


def judge(chosen, found, whole):
    reasons = justified()
    failed = 0
    for w in chosen:
        right = (found[w] is None) == (w.name in reasons) and not (found[w] or "").startswith("broken")
        failed += not right
        verdict = found[w] or "SURVIVED"
        verdict += ", justified" if found[w] is None and right else "" if right else \
            ": NOT JUSTIFIED" if found[w] is None else ": BUT JUSTIFIED"
        print(f"{w.file.name} {w.name} [{' '.join(w.edges)}]: {verdict}", flush=True)
    for name in sorted(reasons - {w.name for w in chosen}) if whole else []:
        failed += 1
        print(f"docs/MEMORY_ORDER.md justifies what is not there: {name}")
    print(f"orders: {len(chosen)} weakenings, {sum(f is not None for f in found.values())} found, "
          f"{sum(f is None for f in found.values())} survived; {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--no-tsan", action="store_true")
    given = parser.parse_args()
    chosen = [w for w in weakenings() if given.only in f"{w.file.name} {w.name}"]
    if given.list:
        print("\n".join(f"{w.file.name} {w.name} [{' '.join(w.edges)}]" for w in chosen))
        return 0
    started = time.monotonic()
    out = given.out.resolve()
    objects = build_shipped(out)
    failed = check_shipped(out, objects, SHORT if given.short else SHIPPED)
    if given.short:
        chosen = [w for w in chosen if any(w.name.startswith(p) for p in PLANTED)]
    sanitized = None if given.short or given.no_tsan else Sanitized(out)
    found = table(out, objects, chosen, given.seeds or WEAKENED, sanitized)
    failed += judge(chosen, found, whole=not given.short and not given.only)
    print(f"orders: {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
