"""Runs the cases: every rival in every round, in an order that rotates, the first round dropped.

SPDX-License-Identifier: MIT
"""
import json
import statistics
import subprocess
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

NOT_OFFERED = 3
RUN_LIMIT_S = 300


class Failed(Exception):
    """A rival's program ended as it must not."""


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
        record.last = answer
        if counts:
            record.rounds.append(answer["ns"])


def run_once(case, rival, cwd):
    """One process. None: the rival has nothing like it."""
    words = [f"{name}={value}" for name, value in case.arguments.items()]
    try:
        done = subprocess.run([str(rival.program), case.workload, *words], cwd=cwd, text=True,
                              capture_output=True, timeout=RUN_LIMIT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{rival.name}: {case.title}: more than {RUN_LIMIT_S} s") from error
    if done.returncode == NOT_OFFERED:
        return None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Failed(f"{rival.name}: {case.title}: status {done.returncode}: {said}")
    return json.loads(done.stdout)


def run_case(case, rivals, results, cwd, step):
    """All rounds of one case; a rival that fails is left out of its rest and reported."""
    taking_part = [rival for rival in rivals if rival.name not in case.leave_out]
    for round_number in range(case.rounds + 1):
        turn = round_number % max(1, len(taking_part))
        for rival in taking_part[turn:] + taking_part[:turn]:
            try:
                answer = run_once(case, rival, cwd)
            except Failed as failure:
                results.failures.append(str(failure))
                results.records.pop((case.key, rival.name), None)
                taking_part = [other for other in taking_part if other is not rival]
                continue
            if answer is None:
                results.not_offered.setdefault(case.key, []).append(rival.name)
                taking_part = [other for other in taking_part if other is not rival]
            else:
                results.add(case, rival, answer, round_number > 0)
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
        odd = min(found.values(), key=len)
        results.failures.append(f"{case.title}: {', '.join(odd)}: another result than the others")


def run_all(cases, rivals, cwd):
    results = Results()
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=None),
               TextColumn("{task.percentage:>3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        total = sum(case.rounds + 1 for case in cases)
        task = progress.add_task("", total=total)
        for case in cases:
            progress.update(task, description=f"{case.title:<36}")
            run_case(case, rivals, results, cwd, lambda steps: progress.advance(task, steps))
            if not console.is_terminal:
                print(f"measured: {case.title}", flush=True)
    return results
