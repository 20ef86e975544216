"""The goals: ratios between neighbours within one run, each judged by its median over the rounds.

A goal names one of ours, the rivals it is held against, the cases, and the limit. The rival that
came closest is named, so that a goal that is met says by how much, and one that is missed by whom.

SPDX-License-Identifier: MIT
"""
import statistics
from dataclasses import dataclass

from .plan import LIFECYCLES
from .rivals import HEAPS, LIMIT, OURS

OWNER, CHILD, SHARED = "bitena_owner", "bitena_child", "bitena_shared"
PACKING_TOLERANCE = 1.001  # pages are whole


@dataclass(frozen=True)
class Verdict:
    text: str
    value: float     # the worst of the ratios
    limit: float
    at_least: bool
    against: str     # the rival of that ratio
    case: str

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def as_dict(self):
        return {"text": self.text, "value": round(self.value, 4),
                "at_least" if self.at_least else "at_most": self.limit,
                "against": self.against, "case": self.case, "met": self.met}


def ratio(results, above, below):
    """Median over the rounds of one record's time over another's: (key, name) each."""
    first, second = results.get(*above), results.get(*below)
    if not first or not second:
        return None
    return statistics.median(a / b for a, b in zip(first.rounds, second.rounds))


def worst(found, at_least):
    found = [entry for entry in found if entry[0] is not None]
    if not found:
        return None
    return min(found) if at_least else max(found)


def ahead(results, text, ours, keys, others, limit=1.0):
    """others' time over ours, at least the limit, in every case."""
    found = worst([(ratio(results, (key, other), (key, ours)), other, key)
                   for key in keys for other in others], True)
    return found and Verdict(text, found[0], limit, True, found[1], found[2])


def within(results, text, ours, keys, other, limit):
    found = worst([(ratio(results, (key, ours), (key, other)), other, key) for key in keys],
                  False)
    return found and Verdict(text, found[0], limit, False, found[1], found[2])


def keys_of(cases, family, **wanted):
    return [case.key for case in cases if case.family == family
            and all(case.arguments.get(name) == value for name, value in wanted.items())]


def small_object_goals(cases, results, others):
    for case in [case for case in cases if case.family == "warm" and case.size <= 256]:
        for ours in (OWNER, CHILD):
            who = ours.removeprefix("bitena_")
            yield ahead(results, f"{who} ahead of every rival, {case.size} bytes, warm", ours,
                        [case.key], others)
            yield within(results, f"{who} within 1.2 of the bare bump, {case.size} bytes", ours,
                         [case.key], LIMIT, 1.2)


def thread_goals(cases, results):
    for threads in (2, 16):
        keys = keys_of(cases, "threads", size=16, threads=threads)
        for ours, who in ((OWNER, "owner and others"), (SHARED, "strangers alone")):
            yield ahead(results, f"one arena, {threads} threads, {who}: 4 x compare-and-swap",
                        ours, keys, ["cas"], 4.0)
            yield ahead(results, f"one arena, {threads} threads, {who}: 4 x mimalloc", ours, keys,
                        ["mimalloc"], 4.0)


def lifecycle_goals(cases, results):
    others = ["apr", *HEAPS]
    for count in sorted({case.arguments["n"] for case in cases if case.family == "lifecycle"}):
        keys = keys_of(cases, "lifecycle", kind=LIFECYCLES[2], n=count)
        yield ahead(results, f"child with {count} objects ahead of APR and every heap", OWNER,
                    keys, others)


def resident_per_byte(record):
    return record.last["resident"] / record.last["bytes_asked"]


def packing_goals(cases, results, others):
    for case in [case for case in cases if case.family == "packing"]:
        ours = results.get(case.key, OWNER)
        found = [(resident_per_byte(ours) / resident_per_byte(record), name, case.key)
                 for name in others
                 if ours and ours.last["resident"]
                 and (record := results.get(case.key, name)) and record.last["resident"]]
        found = worst(found, False)
        yield found and Verdict(f"{case.title}: at least as good as any", found[0],
                                PACKING_TOLERANCE, False, found[1], found[2])


def cold_goals(cases, results):
    small = keys_of(cases, "coldfill", pages="small")
    huge = keys_of(cases, "coldfill", pages="huge")
    if small and huge:
        value = ratio(results, (huge[0], OWNER), (small[0], OWNER))
        if value is not None:
            yield Verdict("cold fill: huge pages at most 0.35 of 4 KiB pages", value, 0.35, False,
                          OWNER, huge[0])


def program_goals(cases, results, others):
    for case in [case for case in cases
                 if case.family == "program" and case.workload in ("trees", "json", "wordcount")]:
        best = min((OWNER, CHILD), key=lambda name: time_or_never(results, case.key, name))
        yield ahead(results, f"{case.title}: first among all rivals ({best})", best, [case.key],
                    others)


def time_or_never(results, key, name):
    record = results.get(key, name)
    return record.median if record else float("inf")


def judge(cases, rivals, results):
    """Every goal that this run can judge."""
    others = [rival.name for rival in rivals if rival.name != LIMIT and rival.name not in OURS]
    found = [*small_object_goals(cases, results, others), *thread_goals(cases, results),
             *lifecycle_goals(cases, results), *packing_goals(cases, results, others),
             *cold_goals(cases, results), *program_goals(cases, results, others)]
    return [verdict for verdict in found if verdict]
