#!/usr/bin/env python3
"""The benchmark's driver, held to its promises on made-up records; no program of a rival runs.

What needs rich or matplotlib is skipped where they are missing, and the last lines name it. The
faults that tests/bench/smoke.py looks for are planted here too.

SPDX-License-Identifier: MIT
"""
import contextlib
import csv
import importlib.util
import io
import json
import stat
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests" / "bench")]

import smoke  # noqa: E402
from driver import data, goals, losses, plan, report, rivals, run  # noqa: E402

DATA = data.Data("text.txt", "document.json", "made up")
TABLE = rivals.read_table(Path("/nowhere"))
CASES = plan.cases(plan.QUICK, DATA)
ROUNDS = 3


def has(module):
    return importlib.util.find_spec(module) is not None


def answer(ns, check=1, **more):
    return {"operations": 10, "ns": ns, "bytes_asked": 100, "bytes_used": 110, "resident": 120,
            "peak_kib": 4, "check": check, **more}


def made_up(cases=CASES, table=TABLE, time=lambda case, name: 10.0):
    results = run.Results()
    for case in cases:
        for rival in table:
            for _ in range(ROUNDS):
                results.add(case, rival, answer(time(case, rival.name)), True)
    return results


def good_times(case, name):
    """Every goal is met."""
    if case.arguments.get("pages") == "huge":
        return 1.0
    if name in rivals.OURS:
        return 5.0
    return 4.9 if name == rivals.LIMIT else 50.0


def with_rounds(case, rounds_of):
    """Records of one case: {name: its rounds}."""
    results = run.Results()
    for name, rounds in rounds_of.items():
        for ns in rounds:
            results.add(case, rival(name), answer(ns), True)
    return results


def rival(name):
    return next(one for one in TABLE if one.name == name)


def verdicts(results, table=TABLE):
    return {verdict.text: verdict for verdict in goals.judge(CASES, table, results)}


class Plan(unittest.TestCase):
    def test_no_two_cases_have_one_key(self):
        for scale in (plan.QUICK, plan.FULL):
            keys = [case.key for case in plan.cases(scale, DATA)]
            self.assertEqual(sorted(keys), sorted(set(keys)))

    def test_a_case_has_work_and_rounds(self):
        for case in [*CASES, *plan.cases(plan.FULL, DATA)]:
            numbers = [case.arguments.get(name, 1) for name in ("count", "cycles", "bytes", "laps")]
            self.assertTrue(min(numbers) > 0 and case.rounds > 0, case)

    def test_the_inputs_are_there(self):
        for case in plan.cases(plan.FULL, DATA):
            if "sizes" in case.arguments:
                self.assertTrue((ROOT / case.arguments["sizes"]).is_file(), case.arguments)


class Table(unittest.TestCase):
    def test_each_row_has_a_source_and_a_known_way_to_share(self):
        for one in TABLE:
            self.assertTrue((ROOT / "bench" / "rivals" / one.source).is_file(), one.source)
            self.assertIn(one.sharing, ("one", "each"))
            self.assertTrue(one.title and one.package and one.flags, one)
            self.assertFalse(one.is_built)

    def test_names_are_unique_and_those_of_the_goals_are_there(self):
        names = [one.name for one in TABLE]
        self.assertEqual(len(names), len(set(names)))
        named = {*rivals.OURS, *rivals.HEAPS, rivals.LIMIT, goals.OWNER, goals.CHILD, goals.SHARED,
                 "cas", "apr", *smoke.WITHOUT_PACKAGES, smoke.WITH_CXX, *smoke.NOT_OFFERED}
        self.assertLessEqual(named, set(names))

    def test_the_build_says_why_a_program_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            notes = Path(folder) / "bench" / "missing.txt"
            notes.parent.mkdir()
            notes.write_text("apr: needs libapr1-dev\n", encoding="utf-8")
            self.assertEqual(rivals.why_missing(rival("apr"), Path(folder)), "needs libapr1-dev")
            self.assertIn("did not build", rivals.why_missing(rival("glibc"), Path(folder)))


class Goals(unittest.TestCase):
    def test_a_planted_slower_record_fails_its_goals_and_nothing_else(self):
        def planted(case, name):
            slow = name == goals.OWNER and case.key == "warm same size=64"
            return 100.0 if slow else good_times(case, name)
        before, after = verdicts(made_up(time=good_times)), verdicts(made_up(time=planted))
        self.assertEqual([text for text, one in before.items() if not one.met], [])
        self.assertEqual([text for text, one in after.items() if not one.met],
                         ["owner ahead of every rival, 64 bytes, warm",
                          "owner within 1.2 of the bare bump, 64 bytes"])
        self.assertEqual(list(before), list(after))

    def test_every_kind_of_goal_is_judged(self):
        found = " ".join(verdicts(made_up(time=good_times)))
        for words in ("owner ahead", "child ahead", "bare bump", "2 threads", "16 threads",
                      "4 x compare-and-swap", "4 x mimalloc", "ahead of APR", "packing:",
                      "huge pages", "binary-trees", "JSON", "word count"):
            self.assertIn(words, found)

    def test_a_missing_rival_leaves_what_the_others_can_judge(self):
        some = [one for one in TABLE if one.name not in ("mimalloc", "apr", "talloc")]
        all_goals, found = (verdicts(made_up(table=table, time=good_times), table)
                            for table in (TABLE, some))
        self.assertEqual({text for text in all_goals if text not in found},
                         {text for text in all_goals if "4 x mimalloc" in text})

    def test_a_rival_without_anybody_to_meet_has_no_goal(self):
        ours = [one for one in TABLE if one.name in rivals.OURS]
        found = verdicts(made_up(table=ours), ours)
        self.assertEqual(list(found), ["cold fill: huge pages at most 0.35 of 4 KiB pages"])

    def test_a_ratio_is_the_median_over_the_rounds(self):
        case = CASES[0]
        results = with_rounds(case, {"cas": [10, 100, 30], "glibc": [10, 10, 10]})
        self.assertEqual(goals.ratio(results, (case.key, "cas"), (case.key, "glibc")), 3)
        self.assertIsNone(goals.ratio(results, (case.key, "cas"), (case.key, "apr")))

    def test_worst_is_the_one_nearest_to_a_miss(self):
        found = [(2.0, "b", "k"), (None, "c", "k"), (0.5, "a", "k"), (3.0, "d", "k")]
        self.assertEqual(goals.worst(found, True), (0.5, "a", "k"))
        self.assertEqual(goals.worst(found, False), (3.0, "d", "k"))
        self.assertIsNone(goals.worst([(None, "c", "k")], True))

    def test_a_packing_that_was_not_looked_at_is_no_goal_met(self):
        case = next(case for case in CASES if case.family == "packing")
        results = run.Results()
        for name, resident in ((goals.OWNER, 0), ("glibc", 120), ("cas", 0)):
            results.add(case, rival(name), answer(1, resident=resident), True)
        self.assertEqual(goals.judge([case], TABLE, results), [])
        results.get(case.key, goals.OWNER).last["resident"] = 130
        verdict, = goals.judge([case], TABLE, results)
        self.assertEqual((verdict.against, verdict.met), ("glibc", False))


class Rounds(unittest.TestCase):
    """run_case with programs that only a test knows: {name: [the answer of each of its rounds]}."""

    def ran(self, answers, rounds=3, **case):
        self.calls = []

        def fake(case, one, cwd):
            self.calls.append(one.name)
            said = answers[one.name][self.calls.count(one.name) - 1]
            if isinstance(said, Exception):
                raise said
            return said
        case = plan.Case("warm", "a case", "same", rounds=rounds, **case)
        self.key, self.steps, results = case.key, 0, run.Results()

        def step(count):
            self.steps += count
        with mock.patch.object(run, "run_once", fake):
            run.run_case(case, [rival(name) for name in answers], results, ROOT, step)
        return results

    def test_every_rival_runs_in_each_round_in_an_order_that_rotates(self):
        results = self.ran({name: [answer(1 + i) for i in range(4)]
                            for name in ("cas", "glibc", "apr")})
        self.assertEqual(self.calls, ["cas", "glibc", "apr", "glibc", "apr", "cas",
                                      "apr", "cas", "glibc", "cas", "glibc", "apr"])
        self.assertEqual(self.steps, 4)
        self.assertEqual(results.get(self.key, "apr").rounds, [2, 3, 4])  # the first is dropped
        self.assertEqual(results.failures, [])

    def test_who_does_not_offer_it_is_asked_once(self):
        results = self.ran({"cas": [answer(1)] * 4, "apr": [None], "glibc": [answer(1)] * 4})
        self.assertEqual(results.not_offered, {self.key: ["apr"]})
        self.assertIsNone(results.get(self.key, "apr"))
        self.assertEqual(self.calls.count("apr"), 1)
        self.assertEqual(results.failures, [])

    def test_who_fails_in_one_round_has_no_half_a_record(self):
        for last in (run.Failed("status 1: no more"), None, answer(1, check=2)):
            results = self.ran({"cas": [answer(1)] * 4, "glibc": [answer(1), answer(1), last]})
            self.assertIsNone(results.get(self.key, "glibc"))
            self.assertEqual(len(results.get(self.key, "cas").rounds), 3)
            self.assertEqual(len(results.failures), 1)
            self.assertTrue(results.failures[0].startswith("glibc: a case: "))

    def test_another_result_than_the_others_is_reported(self):
        results = self.ran({"cas": [answer(1, 7)] * 4, "glibc": [answer(1, 8)] * 4,
                            "apr": [answer(1, 7)] * 4, "talloc": [answer(1, 9)] * 4})
        self.assertEqual(results.failures, ["a case: glibc, talloc: another result than the others"])


class Shown(unittest.TestCase):
    """What a table's cell says."""

    def test_a_time_is_a_median_with_half_the_range_of_its_rounds(self):
        case = next(case for case in CASES if case.family == "warm")
        record = with_rounds(case, {"cas": [2.0, 1.0, 1.2]}).get(case.key, "cas")
        self.assertEqual(report.shown(case, record), "1.20 ±42%")
        self.assertEqual(report.shown(case, None), "-")


class Losses(unittest.TestCase):
    """Rows where a rival is ahead of every Bitena."""

    def found(self, time):
        results = made_up(time=time)
        return [(case.key, ours, [name for _, name in winners])
                for case, ours, winners in losses.losses(CASES, TABLE, results)]

    def test_equal_times_are_no_loss(self):
        self.assertEqual(self.found(lambda case, name: 10.0), [])

    def test_a_faster_rival_is_one_and_the_limit_is_not(self):
        key = next(case.key for case in CASES if case.family == "turns")
        faster = {"apr": 5.0, rivals.LIMIT: 1.0, "bitena_child": 9.0}
        found = self.found(lambda case, name: faster.get(name, 10.0) if case.key == key else 10.0)
        self.assertEqual(found, [(key, "bitena_child", ["apr"])])


class Programs(unittest.TestCase):
    """run_once and what a program may do, played by a script of the shell."""

    def once(self, script):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "bench_x"
            if script is not None:
                program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
                program.chmod(program.stat().st_mode | stat.S_IXUSR)
            one = types.SimpleNamespace(name="x", program=program)
            return run.run_once(plan.Case("warm", "a case", "same", {"size": 16}), one, folder)

    def test_an_answer_is_read(self):
        text = json.dumps(answer(2.5))
        self.assertEqual(self.once(f"[ \"$*\" = 'same size=16' ] && echo '{text}'"), answer(2.5))
        self.assertIsNone(self.once("exit 3"))

    def test_whatever_else_happens_is_a_failure(self):
        for script, words in (("echo oh no >&2; exit 1", "status 1: oh no"), ("exit 2", "status 2"),
                              ("kill -9 $$", "status -9"), ("true", "not JSON"),
                              ("echo '{}'", "not a result"), (None, "No such file"),
                              (f"echo '{json.dumps(answer(0))}'", "no time")):
            with self.subTest(script=script), self.assertRaisesRegex(run.Failed, words):
                self.once(script)


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.results = with_rounds(CASES[0], {"cas": [1, 3, 2], "glibc": [4, 4, 4]})
        threads = next(case for case in CASES if case.threads == 16)
        self.results.add(threads, rival("cas"), answer(9), True)
        self.expected = {("same", "cas", 1, 16), ("same", "glibc", 1, 16), ("same", "cas", 16, 16)}

    def test_json_has_one_record_for_each(self):
        path = self.folder / "results.json"
        report.write_json(path, {}, "quick", self.results,
                          goals.judge(CASES, TABLE, self.results), {"apr": "needs it"})
        book = json.loads(path.read_text(encoding="utf-8"))
        records = {(r["workload"], r["rival"], r["threads"], r["size"]): r for r in book["records"]}
        self.assertEqual((len(book["records"]), set(records)), (3, self.expected))
        first = records["same", "cas", 1, 16]
        self.assertEqual(first["ns"], {"median": 2, "low": 1, "high": 3})
        self.assertEqual((first["bytes_asked"], first["bytes_used"]), (100, 110))
        self.assertEqual(first["rounds"], [1, 3, 2])
        self.assertEqual(book["missing"], {"apr": "needs it"})

    def test_csv_has_one_row_for_each(self):
        path = self.folder / "results.csv"
        about = {"date": "today", "commit": "abc", "processor": "one", "processors": 2,
                 "kernel": "some", "compilers": {"gcc": "gcc 12"}}
        report.write_csv(path, about, self.results)
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        self.assertEqual({(r["workload"], r["rival"], int(r["threads"]), int(r["size"]))
                          for r in rows}, self.expected)
        self.assertEqual(len(rows), 3)
        self.assertEqual([float(rows[0][name]) for name in ("median", "low", "high", "bytes_asked",
                                                            "bytes_used")], [2, 1, 3, 100, 110])
        self.assertEqual([rows[0][name] for name in ("date", "commit", "machine", "kernel", "gcc")],
                         ["today", "abc", "one, 2 processors", "some", "gcc 12"])

    def test_the_last_line_counts_the_goals(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.print_verdicts(goals.judge(CASES, TABLE, made_up(time=good_times)), {})
        lines = out.getvalue().splitlines()
        count = sum(line.startswith("  PASS") for line in lines)
        self.assertEqual(lines[-1], f"{count} of {count} goals met")

    def test_the_document_is_made_once(self):
        first = data.make_document(self.folder, 0)
        written = first.stat().st_mtime_ns
        json.loads(first.read_text(encoding="utf-8"))
        self.assertEqual(data.make_document(self.folder, 0).stat().st_mtime_ns, written)
        self.assertEqual(data.named(first), str(first))
        self.assertEqual(data.named(ROOT / "docs" / "x"), "docs/x")

    @unittest.skipUnless(has("rich"), "needs rich (python3-rich): the tables on the terminal")
    def test_tables_show_every_rival_and_a_dash_for_what_is_not_there(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.print_tables(CASES, TABLE, self.results)
        self.assertIn(rival("glibc").title, out.getvalue())
        self.assertNotIn(rival("apr").title, out.getvalue())
        self.assertIn("-", out.getvalue())

    def test_the_pictures_compile(self):
        source = ROOT / "bench" / "driver" / "plots.py"
        compile(source.read_text(encoding="utf-8"), str(source), "exec")

    @unittest.skipUnless(has("matplotlib"), "needs matplotlib (python3-matplotlib): the pictures")
    def test_the_pictures_are_drawn_from_whatever_there_is(self):
        from driver import plots
        path = self.folder / "results.json"
        some = [case for case in CASES if case.family in ("coldfill", "packing")][-2:]
        for results, least in ((made_up(time=good_times), 9), (self.results, 1),
                               (made_up(some), 1), (run.Results(), 0)):
            report.write_json(path, {}, "quick", results, [], {})
            into = self.folder / f"pictures{least}"
            with contextlib.redirect_stdout(io.StringIO()):
                plots.draw_all(path, into)
            self.assertGreaterEqual(len(list(into.glob("*.svg"))), least)


class Smoke(unittest.TestCase):
    """Faults of a program's answer, each planted once."""

    def faults(self, name, key="warm same size=16", **planted):
        case = next(case for case in CASES if case.key == key)
        said = answer(2, low=1, high=3, rival=name, workload=case.workload)
        return smoke.faults(case, rival(name), {**said, **planted})

    def test_a_sane_answer_has_no_fault(self):
        self.assertEqual(self.faults("bitena_owner"), [])
        self.assertEqual(self.faults("glibc", bytes_used=0), [])

    def test_each_planted_fault_is_found(self):
        for planted in ({"operations": 0}, {"low": 5}, {"high": 1}, {"bytes_used": 99},
                        {"rival": "glibc"}, {"workload": "text"}):
            self.assertEqual(len(self.faults("bitena_owner", **planted)), 1, planted)

    def test_offering_more_or_less_than_is_known_is_a_fault(self):
        case = next(case for case in CASES if case.workload == "pipe")
        self.assertEqual(len(self.faults("bitena_shared", case.key)), 1)
        self.assertEqual(smoke.faults(case, rival("bitena_shared"), None), [])
        self.assertEqual(len(smoke.faults(case, rival("bitena_owner"), None)), 1)

    def test_a_shrunk_case_stays_the_same_measure(self):
        for case in CASES:
            short = smoke.shrunk(case)
            self.assertEqual(short.arguments.get("passes") == 0, case.arguments.get("passes") == 0)
            self.assertLessEqual(set(case.arguments), set(short.arguments))


if __name__ == "__main__":
    unittest.main(verbosity=2)
