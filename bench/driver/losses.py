"""Every row where a rival is ahead even of the fastest Bitena.

SPDX-License-Identifier: MIT
"""
from .rivals import LIMIT, OURS

NOTICED = 1.03  # less is noise


def figures(case, names, results):
    """[(figure, name)], best first: bytes for packing, else time. Who took no part is not there."""
    found = []
    for name in names:
        record = results.get(case.key, name)
        if record:
            figure = record.last["resident"] if case.family == "packing" else record.median
            found += [(figure, name)] if figure > 0 else []
    return sorted(found)


def losses(cases, rivals, results):
    """(case, our name, [(times better, rival)]) where somebody beats even our fastest."""
    others = [rival.name for rival in rivals if rival.name not in OURS and rival.name != LIMIT]
    for case in cases:
        ours = figures(case, OURS, results)
        winners = [(ours[0][0] / figure, name) for figure, name in figures(case, others, results)
                   if ours and figure * NOTICED < ours[0][0]]
        if winners:
            yield case, ours[0][1], winners


def print_losses(cases, rivals, results):
    found = list(losses(cases, rivals, results))
    print(f"rows where a rival is ahead of every Bitena: {len(found)} of {len(cases)} (how many times)")
    for case, best, winners in found:
        shown = ", ".join(f"{name} {times:.2f}" for times, name in winners)
        print(f"  {case.title:<36} {best:<14} behind {shown}")
