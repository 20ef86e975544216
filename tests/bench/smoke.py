#!/usr/bin/env python3
"""Builds the benchmark's programs that need no package, and runs every workload of each, shrunk.

    smoke.py FOLDER [CMAKE]     builds in FOLDER, which stays for the next time

Looks at what the programs answer, not at how fast they are: a result or "not offered" where it is
known to be, the same check with every rival, sane figures, a misspelt key refused. Rivals out of
packages are left out, and so is what a missing C++ compiler would build; it says which.

SPDX-License-Identifier: MIT
"""
import dataclasses
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from driver import data, plan, rivals, run  # noqa: E402

WITHOUT_PACKAGES = ("bump", "cas", *rivals.OURS, "glibc", "obstack")
WITH_CXX = "pmr_mono"
NEEDED = {*rivals.OURS, rivals.LIMIT, "glibc"}
UNKNOWN = 2  # the status of a misspelt argument

# Who does not offer what: words of a case's key, each list a part of it.
SCOPE, CHILD, RESET = "lifecycle kind=scope", "lifecycle kind=child", "lifecycle kind=reset"
RESIZE, PREFAULT, PARALLEL = "grow kind=resize", "pages=prefault", "pages=parallel"
NOT_OFFERED = {
    "bump": (RESIZE,),
    "cas": (SCOPE, CHILD, RESIZE),
    # Its arena belongs to a keeper thread, and there is one of it.
    "bitena_shared": (RESET, CHILD, "pipe", "turns", "trees", PREFAULT, PARALLEL),
    "bitena_child": (PREFAULT, PARALLEL),
    "glibc": (PREFAULT, PARALLEL),
    "obstack": (RESIZE, PARALLEL),
    "pmr_mono": (SCOPE, RESIZE, PREFAULT),
}

# What keeps a case short; the other arguments stay. A pass of 0 is another measure, not a short one.
SHORT = {"passes": 1, "laps": 1, "cycles": 20, "count": 2048, "functions": 20, "depth": 8}
SHORT_BYTES = {"coldfill": 4 * plan.MIB, "packing": plan.MIB}
OTHER_BYTES = 64 * plan.KIB


def build(folder, cmake):
    """Every program, or an exit with the compiler's words. Optimised, since the loops are loops."""
    log = folder / "smoke.log"
    folder.mkdir(parents=True, exist_ok=True)
    names = [*WITHOUT_PACKAGES, WITH_CXX]

    def step(*command):
        with log.open("w", encoding="utf-8") as out:
            done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            print(log.read_text(encoding="utf-8", errors="replace")[-8000:])
            sys.exit(f"smoke: {' '.join(command[:2])} failed")

    step(cmake, "-S", str(ROOT), "-B", str(folder), "-DBITENA_RIVALS=ON", "-DBITENA_TESTS=OFF",
         "-DBITENA_PROGRAMS=OFF", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O2",
         "-DCMAKE_CXX_FLAGS=-O2")
    missing = (folder / "bench" / "missing.txt").read_text(encoding="utf-8")
    without = {line.partition(":")[0] for line in missing.splitlines()}
    names = [name for name in names if name not in without]
    step(cmake, "--build", str(folder), "--parallel", "2", "--target",
         *[f"bench_{name}" for name in names])
    return names


def texts(folder):
    """The project's own pages as text: a machine may have no other."""
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    text = folder / "text.txt"
    text.write_bytes(b"".join(page.read_bytes() for page in pages))
    return data.Data(data.named(text), data.named(data.make_document(folder, 1)), "docs")


def shrunk(case):
    bytes_limit = SHORT_BYTES.get(case.workload, OTHER_BYTES)
    limits = {**SHORT, "bytes": bytes_limit}
    arguments = {name: min(value, limits[name]) if name in limits else value
                 for name, value in case.arguments.items()}
    if case.workload == "sharing":
        arguments.update(rewrites=2, passes=1)
    if case.workload == "spawn":
        arguments["count"] = 20
    return dataclasses.replace(case, arguments=arguments)


def is_offered(case, name):
    return not any(set(words.split()) <= set(case.key.split())
                   for words in NOT_OFFERED.get(name, ()))


def faults(case, rival, answer):
    """What is wrong with an answer by itself."""
    if answer is None:
        return ["does not offer this"] if is_offered(case, rival.name) else []
    found = [] if is_offered(case, rival.name) else ["offers this: take it off the list"]
    if answer["rival"] != rival.name or answer["workload"] != case.workload:
        found.append(f"answers as {answer['rival']} {answer['workload']}")
    if answer["operations"] <= 0 or not answer["low"] <= answer["ns"] <= answer["high"]:
        found.append(f"operations {answer['operations']}, {answer['ns']} ns")
    least = answer["bytes_asked"]
    if answer["bytes_asked"] and 0 < answer["bytes_used"] < least:
        found.append(f"{answer['bytes_used']} bytes used for {answer['bytes_asked']}")
    return found


def run_case(case, programs):
    """Lines of complaint, and how many programs answered with a result."""
    found, checks = [], {}
    for rival in programs:
        try:
            answer = run.run_once(case, rival, ROOT)
        except run.Failed as failure:
            found.append(f"{rival.name}: {case.key}: {failure}")
            continue
        found += [f"{rival.name}: {case.key}: {fault}" for fault in faults(case, rival, answer)]
        if answer is not None:
            checks.setdefault(answer["check"], []).append(rival.name)
    if len(checks) > 1:
        found.append(f"{case.key}: different results: {checks}")
    return found, sum(map(len, checks.values()))


def refusals(rival):
    """A misspelt key, workload or number must not pass for a result."""
    asked = [(["same", "sise=16", "bytes=1024"], UNKNOWN), (["sane"], UNKNOWN), ([], UNKNOWN),
             (["same", "size=16x"], 1), (["packing", "of=sane"], 1)]
    for words, status in asked:
        done = subprocess.run([str(rival.program), *words], capture_output=True, text=True,
                              check=False)
        if done.returncode != status or done.stdout:
            yield f"{rival.name} {' '.join(words)}: status {done.returncode}, not {status}"


def main():
    folder = Path(sys.argv[1]).resolve()
    names = build(folder, sys.argv[2] if len(sys.argv) > 2 else "cmake")
    table = rivals.read_table(folder / "bench")
    programs = [rival for rival in table if rival.name in names]
    cases = [shrunk(case) for case in plan.cases(plan.QUICK, texts(folder))]
    found = [f"{name}: not built" for name in NEEDED - {rival.name for rival in programs}]
    results = 0
    for case in cases:
        complaints, answers = run_case(case, programs)
        found += complaints
        results += answers
    for rival in programs:
        found += refusals(rival)
    for complaint in found:
        print(f"wrong: {complaint}")
    left_out = [rival.name for rival in table if rival.name not in names]
    print(f"left out, since they need packages or take long to compile: {', '.join(left_out)}")
    print(f"smoke: {len(programs)} programs, {len(cases)} cases, {results} results, "
          f"{len(found)} faults")
    return 1 if found or not results else 0


if __name__ == "__main__":
    sys.exit(main())
