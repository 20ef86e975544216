"""Runs the cases: every rival in every round, in an order that rotates, the first round dropped.

SPDX-License-Identifier: MIT
"""
import contextlib
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

NOT_OFFERED = 3
RUN_LIMIT_S = 300
ANSWER = {"operations", "ns", "bytes_asked", "bytes_used", "resident", "peak_kib", "check"}


class Failed(Exception):
    """A rival's program ended as it must not, or answered what cannot be."""


@dataclass
class Record:
    """One rival in one case: nanoseconds per operation, one figure a round."""
    case: object
    rival: object
    rounds: list = field(default_factory=list)
    last: dict = field(default_factory=dict)

    @property
    def median(self):
        return statistics.median(self.rounds)

    def as_dict(self):
        last = self.last
        return {"family": self.case.family, "workload": self.case.workload, "key": self.case.key,
                "title": self.case.title, "rival": self.rival.name, "threads": self.case.threads,
                "size": self.case.size, "unit": f"ns per {self.case.unit}",
                "ns": {"median": round(self.median, 4), "low": min(self.rounds),
                       "high": max(self.rounds)},
                "rounds": self.rounds, "operations": last["operations"],
                "bytes_asked": last["bytes_asked"], "bytes_used": last["bytes_used"] or None,
                "resident": last["resident"] or None, "peak_kib": last["peak_kib"],
                "check": last["check"], "arguments": self.case.arguments}


class Results:
    """(case key, rival name) -> Record, and who could not take part in what."""

    def __init__(self):
        self.records = {}
        self.not_offered = {}   # case key -> names
        self.failures = []      # of programs, each one a line

    def get(self, key, name):
        return self.records.get((key, name))

    def add(self, case, rival, answer, counts):
        record = self.records.setdefault((case.key, rival.name), Record(case, rival))
        if record.last and record.last["check"] != answer["check"]:
            raise Failed("another result than in the round before")
        record.last = answer
        if counts:
            record.rounds.append(answer["ns"])

    def fail(self, case, rival, why):
        """A rival that failed once has no record in the case: half a one would pass for a whole."""
        self.records.pop((case.key, rival.name), None)
        self.failures.append(f"{rival.name}: {case.title}: {why}")


def understood(text):
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise Failed("what it printed is not JSON") from error
    if not isinstance(answer, dict) or not ANSWER <= answer.keys():
        raise Failed("what it printed is not a result")
    if answer["ns"] <= 0:
        raise Failed("it took no time")
    return answer


def run_once(case, rival, cwd):
    """One process. None: the rival has nothing like it."""
    words = [f"{name}={value}" for name, value in case.arguments.items()]
    try:
        done = subprocess.run([str(rival.program), case.workload, *words], cwd=cwd, text=True,
                              errors="replace", capture_output=True, timeout=RUN_LIMIT_S,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"more than {RUN_LIMIT_S} s") from error
    except OSError as error:
        raise Failed(str(error)) from error
    if done.returncode == NOT_OFFERED:
        return None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Failed(f"status {done.returncode}: {said}")
    return understood(done.stdout)


def takes_part(case, rival, results, cwd, counts):
    """One round of one rival. False: it has no further ones in this case."""
    try:
        answer = run_once(case, rival, cwd)
        if answer is not None:
            results.add(case, rival, answer, counts)
        elif results.get(case.key, rival.name):
            raise Failed("offered in one round and not in the next")
    except Failed as failure:
        results.fail(case, rival, failure)
        return False
    if answer is None:
        results.not_offered.setdefault(case.key, []).append(rival.name)
    return answer is not None


def run_case(case, rivals, results, cwd, step):
    """All rounds of one case; a rival that fails is left out of its rest and reported."""
    taking_part = list(rivals)
    for round_number in range(case.rounds + 1):
        turn = round_number % max(1, len(taking_part))
        order = taking_part[turn:] + taking_part[:turn]
        stayed = [rival for rival in order
                  if takes_part(case, rival, results, cwd, round_number > 0)]
        taking_part = [rival for rival in taking_part if rival in stayed]
        step(1)
    check_answers(case, rivals, results)


def check_answers(case, rivals, results):
    """The same program did the same work with every rival, or its times mean nothing."""
    found = {}
    for rival in rivals:
        record = results.get(case.key, rival.name)
        if record:
            found.setdefault(record.last["check"], []).append(rival.name)
    if len(found) > 1:
        most = max(found.values(), key=len)
        odd = [name for names in found.values() if names is not most for name in names]
        results.failures.append(f"{case.title}: {', '.join(odd)}: another result than the others")


@contextlib.contextmanager
def shown(cases):
    """What a person sees meanwhile, a bar on a terminal, else a line a case: begin(case), step(n)."""
    if not sys.stdout.isatty():
        yield lambda case: print(f"measuring: {case.title}", flush=True), lambda steps: None
        return
    # Here, since all but what a person sees does without it.
    from rich.progress import (BarColumn, Progress, TextColumn, TimeElapsedColumn,
                               TimeRemainingColumn)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None),
               TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("", total=sum(case.rounds + 1 for case in cases))
        yield (lambda case: progress.update(task, description=f"{case.title:<36}"),
               lambda steps: progress.advance(task, steps))


def run_all(cases, rivals, cwd):
    results = Results()
    with shown(cases) as (begin, step):
        for case in cases:
            begin(case)
            run_case(case, rivals, results, cwd, step)
    return results
