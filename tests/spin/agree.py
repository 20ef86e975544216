#!/usr/bin/env python3
"""Compares the SPIN models with the sources they stand for. For each function of lease.c, lease.h, gather.c, exact.h
and exact.c that uses an atomic verb: a model's inline of the same name marked "of FILE" has the same verbs on the
same words and the same calls, in the same order; and the function's text is the one the model was written for (its
digest stands in agree.txt). What is not modelled stands there too, with its reason. So a change of a function fails
here until somebody has looked at the model.

Usage: agree.py [--self-test | --update]
--update writes the digests anew, for after the models were brought up to date. It does not judge what a step means.

SPDX-License-Identifier: MIT
"""
import hashlib
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FILES = ("src/lease.h", "src/lease.c", "src/gather.c", "src/exact.h", "src/exact.c")
MODELS = ("lease.pml", "gather.pml", "exact.pml")
TABLE = HERE / "agree.txt"
VERB = r"(?:load|store|add|and|cas_weak)_(?:relaxed|acquire|release|acq_rel)"


def plain(text):
    """Without comments, and without what only a planted bug has."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    kept, planted, stack = [], False, []
    for line in text.splitlines():
        found = re.match(r"\s*#\s*(ifdef|ifndef|if|else|endif)\b\s*(\w*)", line)
        if found:
            kind, name = found.groups()
            if kind.startswith("if"):
                stack.append(kind == "ifdef" if name.startswith("PLANT") else None)
            elif kind == "else" and stack[-1] is not None:
                stack[-1] = not stack[-1]
            elif kind == "endif":
                stack.pop()
            planted = any(stack)
        elif not planted and not line.lstrip().startswith("#"):
            kept.append(line)
    return "\n".join(kept)


def bodies(text, heading):
    """name: body, of each match of `heading`, which ends at the opening brace and names the function in group 1."""
    found = {}
    for match in re.finditer(heading, text, re.M):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        found[match.group(1)] = text[match.end():at - 1]
    return found


def functions(text):
    return bodies(plain(text), r"^(?:static |inline |const |enum |struct |unsigned )*\w+ \**(\w+)\([^;{}]*?\)\s*\{")


def first_argument(text, at):
    depth, end = 0, at
    while depth or text[end] not in ",)":
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[end], 0)
        end += 1
    return text[at:end]


def word_of(argument):
    """pool->index of &pool->index; next of run_at(pool, run)->next: the last name outside brackets."""
    while re.search(r"\([^()]*\)|\[[^][]*\]", argument):
        argument = re.sub(r"\([^()]*\)|\[[^][]*\]", " ", argument)
    return re.findall(r"\w+", argument)[-1]


def sequence(body, calls):
    """Verbs with their words, and calls of functions that are modelled too, as they stand in the text."""
    steps = []
    for match in re.finditer(rf"\b(\w+)\s*\(", body):
        name = match.group(1)
        if re.fullmatch(VERB, name):
            steps.append(f"{name} {word_of(first_argument(body, match.end()))}")
        elif name in calls:
            steps.append(name)
    return steps


def digest(body):
    return hashlib.sha256("".join(re.findall(r"\w+|\S", body)).encode()).hexdigest()[:12]


def read_sources(changed=None):
    """(file, name): body. changed: (file, text, instead), for the self-test."""
    sources = {}
    for file in FILES:
        text = (ROOT / file).read_text()
        if changed and changed[0] == file:
            if changed[1] not in text:
                sys.exit(f"agree: the self-test is out of date: {file} has no {changed[1]!r}")
            text = text.replace(changed[1], changed[2], 1)
        sources.update({(file, name): body for name, body in functions(text).items()})
    return sources


def read_models():
    """(file, name): body, of the inlines that say where they come from; the marks are comments, so taken first."""
    models = {}
    for model in MODELS:
        text = (HERE / model).read_text()
        marks = dict(re.findall(r"^inline (\w+)\(.*?\) */\* of (\S+?) \*/", text, re.M))
        found = bodies(plain(text), r"^inline (\w+)\([^)]*\)\s*\{")
        models.update({(marks[name], name): body for name, body in found.items() if name in marks})
    return models


def read_table():
    """(file, name): digest of the text that was modelled, or a reason not to model it."""
    rows = [line.split(None, 3) for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return {(file, name): (kind, rest) for file, name, kind, rest in rows}


def compare(sources, models, table):
    calls = {name for _, name in models} | {"run_surely"}
    for key, body in sources.items():
        where = f"{key[0]}: {key[1]}"
        kind, rest = table.get(key, ("", ""))
        if key in models:
            wanted, got = sequence(body, calls), sequence(models[key], calls)
            if wanted != got:
                yield f"{where}: the source does {wanted}, the model {got}"
            if kind != "modelled" or rest != digest(body):
                yield f"{where}: has changed since it was modelled (now {digest(body)})"
        elif sequence(body, ()) and kind != "left-out":
            yield f"{where}: uses atomics, is not modelled and agree.txt gives no reason"
    for key in sorted((set(models) | set(table)) - set(sources)):
        yield f"{key[0]}: {key[1]}: is not in the source"


def update(sources, models, table):
    """The digests anew; heading and reasons stay."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("#")]
    for key in sources:
        if key in models:
            lines.append(f"{key[0]:14} {key[1]:24} modelled {digest(sources[key])}")
        elif key in table and table[key][0] == "left-out":
            lines.append(f"{key[0]:14} {key[1]:24} left-out {table[key][1]}")
    TABLE.write_text("\n".join(lines) + "\n")


CHANGES = [  # each has to be noticed, and some in the sequence too: file, text, instead, part of what is said
    ("src/lease.c", "cas_weak_release(stack, &head, next)", "cas_weak_relaxed(stack, &head, next)", "the source does"),
    ("src/lease.c", "        if (pool->upward) {\n            raise_barrier(pool, end);\n        }\n", "",
     "the source does"),
    ("src/gather.c", "load_acquire(&pool->holds_begun) == done", "load_acquire(&pool->holds_done) == done",
     "the source does"),
    ("src/lease.c", "    hold(pool);\n", "", "the source does"),
    ("src/exact.c", "base + old_size;\n    if", "base + new_size;\n    if", "has changed"),
    ("src/lease.c", "while (index == base) {", "while (index >= base) {", "has changed"),
    ("src/gather.c", "static void end_gather(struct pool *pool)\n{",
     "static void another(struct pool *pool)\n{ store_release(&pool->gathering, 2); }\n"
     "static void end_gather(struct pool *pool)\n{", "gives no reason"),
]


def main():
    models, table = read_models(), read_table()
    if "--update" in sys.argv:
        update(read_sources(), models, table)
        return 0
    if "--self-test" in sys.argv:
        missed = [change for change in CHANGES
                  if not any(change[3] in said for said in compare(read_sources(change[:3]), models, table))]
        for change in missed:
            print(f"agree: not noticed: {change}")
        print(f"agree: {len(CHANGES) - len(missed)} of {len(CHANGES)} planted changes were noticed")
        return 1 if missed else 0
    faults = list(compare(read_sources(), models, table))
    print("\n".join([*faults, f"agree: {len(models)} functions are modelled, {len(faults)} disagreements"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
