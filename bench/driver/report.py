"""The results as JSON and CSV, and as tables on the terminal: rivals down, cases across.

SPDX-License-Identifier: MIT
"""
import csv
import json

CASES_ACROSS = 6


def write_json(path, machine, scale_name, results, verdicts, missing):
    document = {"bench": "bitena", "scale": scale_name, "machine": machine,
                "records": [record.as_dict() for record in results.records.values()],
                "goals": [verdict.as_dict() for verdict in verdicts],
                "missing": missing, "failures": results.failures,
                "not_offered": results.not_offered}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_csv(path, machine, results):
    """Each row says by itself where and when it was measured; versions of packages are in the JSON."""
    about = {"date": machine["date"], "commit": machine["commit"],
             "machine": f"{machine['processor']}, {machine['processors']} processors",
             "kernel": machine["kernel"], "gcc": machine["compilers"]["gcc"]}
    fields = ["family", "workload", "title", "rival", "threads", "size", "unit", "median", "low",
              "high", "operations", "bytes_asked", "bytes_used", "resident", "peak_kib", *about]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fields, extrasaction="ignore")
        writer.writeheader()
        for record in results.records.values():
            row = record.as_dict()
            writer.writerow({**row, **row["ns"], **about})


def shown(case, record):
    if record is None:
        return "-"
    if case.family == "packing":
        last = record.last
        return f"{last['resident'] / last['bytes_asked']:.3f}" if last["resident"] else "-"
    value = record.median
    spread = (max(record.rounds) - min(record.rounds)) / 2 / value
    return (f"{value:.2f}" if value < 100 else f"{value:,.0f}") + f" ±{spread:.0%}"


def family_tables(family, cases, rivals, results):
    from rich.table import Table  # here, since the other reports do without it
    unit = "bytes resident per byte asked" if family == "packing" else f"ns per {cases[0].unit}"
    for first in range(0, len(cases), CASES_ACROSS):
        part = cases[first:first + CASES_ACROSS]
        table = Table(title=f"{family}: {unit}, median of the rounds ± half their range", title_justify="left")
        table.add_column("rival", no_wrap=True)
        for case in part:
            table.add_column(case.title.removeprefix("packing: "), justify="right")
        for rival in rivals:
            records = [results.get(case.key, rival.name) for case in part]
            if any(records):
                table.add_row(rival.title, *[shown(case, record)
                                             for case, record in zip(part, records)])
        yield table


def print_tables(cases, rivals, results):
    from rich.console import Console
    console = Console(width=None if Console().is_terminal else 150)
    families = dict.fromkeys(case.family for case in cases)
    for family in families:
        of_family = [case for case in cases if case.family == family]
        for table in family_tables(family, of_family, rivals, results):
            console.print(table)


def print_verdicts(verdicts, titles):
    """The last line is the sum: N of M goals met."""
    print("goals: medians of the ratios within each round; the worst case of each")
    for verdict in verdicts:
        word = "at least" if verdict.at_least else "at most"
        print(f"  {'PASS' if verdict.met else 'FAIL'}  {verdict.text:<66} {verdict.value:7.3f}  "
              f"({word} {verdict.limit:g}; {titles.get(verdict.against, verdict.against)})")
    met = sum(verdict.met for verdict in verdicts)
    print(f"{met} of {len(verdicts)} goals met")
