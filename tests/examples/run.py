#!/usr/bin/env python3
"""Runs the programs of examples/ on inputs whose answers are known, good and bad ones; those with threads
on one and on four. What they count is counted here too, in another way.

Usage: run.py FOLDER [EMULATOR...]    where the programs are; and what runs them
       run.py --self-test FOLDER [EMULATOR...]    each expectation is changed, which must be noticed

SPDX-License-Identifier: MIT
"""
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter, namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = 5
TIMEOUT = 100

# A run: words of the command, bytes for its standard input, and what must come of it. `error`: what the
# one line on standard error must hold; "": there is none.
Case = namedtuple("Case", "name command stdin status output error")


def case(command, stdin="", status=0, output="", error=""):
    name = " ".join(Path(word).name for word in command) + (f" <{stdin[:40]!r}" if stdin else "")
    return Case(name, command, stdin.encode(), status, output, error)


# ---- json ----

DOCUMENTS = {
    '{"a":[1,-2.5e3,{"b":"x\\u00e9\\ud83d\\ude00\\t\\/"}, [] ,{}],"t":true, "n":null, "":false}\n':
        "$: {}\n$.a: []\n$.a[0]: 1\n$.a[1]: -2.5e3\n$.a[2]: {}\n$.a[2].b: xé😀\t/\n$.a[3]: []\n"
        "$.a[4]: {}\n$.t: true\n$.n: null\n$.: false\n",
    '"\\"\\\\\\b\\f\\n\\r\\u007f\\u0080\\u07ff\\u0800\\uFFFF\\uD800\\uDC00\\udbff\\udfff"':
        "$: \"\\\b\f\n\r\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff\n",
    '"aé😀"': "$: aé😀\n", " 0 ": "$: 0\n", "-0.5E+7": "$: -0.5E+7\n", "\r\n\t[ ]": "$: []\n",
    "[" * 512 + "]" * 512: "".join(f"${'[0]' * n}: []\n" for n in range(512)),
}
BROKEN = {
    "": (1, 1, "expected a value"), "[1,]": (1, 4, "expected a value"), "[1 2]": (1, 4, "expected a comma"),
    '{"a" 1}': (1, 6, "expected a colon"), "{a:1}": (1, 2, "expected a key"), '{"a":1,}': (1, 8, "expected a key"),
    "01": (1, 1, "expected a value"), "-": (1, 1, "expected a value"), "5.": (1, 1, "expected a value"),
    ".5": (1, 1, "expected a value"), "1e": (1, 1, "expected a value"), "nan": (1, 1, "expected a value"),
    "tru": (1, 1, "expected a value"), "0x5": (1, 2, "expected nothing more"), "1 2": (1, 3, "expected nothing more"),
    "1\0": (1, 3, "expected nothing more"), '[1,\n\n "\\x"]': (3, 4, "unknown escape"),
    '"\\ud800"': (1, 8, "half a surrogate"), '"\\udc00"': (1, 8, "half a surrogate"),
    '"\\ud800\\u0041"': (1, 14, "half a surrogate"),
    '"\\u12"': (1, 4, "expected four hexadecimal digits"), '"\\u': (1, 4, "expected four hexadecimal digits"),
    '"a\n"': (1, 3, "no end of the string, or a control character"), '"abc': (1, 5, "no end"),
    '"\\': (1, 3, "unknown escape"),
    "[" * 513 + "]" * 513: (1, 514, "nested too deeply"),
}


def json_cases(program, folder):
    for document, output in DOCUMENTS.items():
        yield case([program], document, output=output)
    for document, (line, column, what) in BROKEN.items():
        yield case([program], document, 1, error=f"json: line {line}, column {column}: {what}")
    path = folder / "document.json"
    path.write_text('{"from": "a file"}')
    yield case([program, path], output="$: {}\n$.from: a file\n")
    yield case([program, folder / "missing"], status=1, error="No such file")


# ---- requests ----

def answer(status, body=""):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}\n"


HELD = "bytes still held for what was answered: 0\n"


def requests_cases(program, folder):
    own = [answer(200, "ababab"), answer(200, "QUIET"), answer(507), answer(400), answer(404), answer(413)]
    yield case([program], output="".join(own) + HELD)
    shout = "POST /shout HTTP/1.1\r\nX: 1\r\nContent-Length: {}\r\n\r\n{}"
    told = [("GET /repeat?times=2&text=xyz HTTP/1.1\n\n", answer(200, "xyzxyz")), # without the CR
            ("GET /repeat?text=abcd&times=2000000 HTTP/1.1\r\n\r\n", answer(200, "abcd" * 2000000)),
            ("GET /repeat?text=abcd&times=9000000 HTTP/1.1\r\n\r\n", answer(507)),
            ("GET /repeat?times=99999999999 HTTP/1.1\r\n\r\n", answer(200)),
            (shout.format(4096, "b" * 4096), answer(200, "B" * 4096)),
            (shout.format(4097, "b" * 4097), answer(413)), ("GET /shout HTTP/1.1\r\n\r\n", answer(404)),
            ("\r\nGET /repeat\r\n\r\n", answer(400)),
            (shout.format(5, "four"), answer(400))] # the last, since its body never comes
    path = folder / "requests"
    path.write_bytes("".join(request for request, _ in told).encode())
    yield case([program, path], output="".join(wanted for _, wanted in told) + HELD)
    yield case([program, folder / "missing"], status=1, error="No such file")


# ---- symbols and words: what all threads count ----

SOURCES = ["examples/symbols.c", "include/bitena.h", "src/arena.c", "include/bitena/text.h"]
KEYWORDS = set("break case char const continue default do double else enum extern float for goto if inline "
               "int long return restrict short signed sizeof static struct switch typedef union unsigned "
               "void volatile while".split())
TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+', re.S | re.A)


def top(counts, separator=" "):
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "".join(f"{count:8}{separator}{word}\n" for word, count in ranked[:10])


def symbols_cases(program, folder):
    paths = [path for path in (ROOT / name for name in SOURCES) if path.exists()]
    tokens = (token for path in paths for token in TOKEN.findall(path.read_text()))
    counts = Counter(token for token in tokens if re.match("[A-Za-z_]", token) and token not in KEYWORDS)
    empty = folder / "empty.c"
    empty.write_text("")
    for threads in ("1", "4"):
        command = [program, "-t", threads]
        yield case([*command, *paths], output=f"{len(counts)} symbols\n{top(counts)}")
        yield case([*command, empty], output="0 symbols\n")
        yield case([*command, folder / "missing", empty], status=1, output="0 symbols\n", error="No such file")


def words_cases(program, folder):
    letters = random.Random(SEED)
    text = "".join(letters.choice("aAbBcé-, \n0" if letters.random() < 0.5 else "ab") for _ in range(400000))
    path, empty = folder / "letters", folder / "empty"
    path.write_text(text)
    empty.write_text("")
    paths = [path, ROOT / "README.md", empty, ROOT / "LICENSE"]
    texts = [[word[:128].lower().decode(errors="replace") for word in re.findall(rb"[A-Za-z\x80-\xff]+", text)]
             for text in (path.read_bytes() for path in paths)]
    words = Counter(word for text in texts for word in text)
    pairs = Counter(f"{before} {word}" for text in texts for before, word in zip(text, text[1:]))
    wanted = "".join(f"{sum(counts.values())} {what}, {len(counts)} different ones\n{top(counts)}"
                     for what, counts in (("words", words), ("pairs", pairs)))
    nothing = "0 words, 0 different ones\n0 pairs, 0 different ones\n"
    for threads in ("1", "4"):
        yield case([program, "-t", threads, *paths], output=wanted)
        yield case([program, "-t", threads, empty], output=nothing)
        yield case([program, "-t", threads, empty, folder / "missing"], status=1, error="No such file")
    yield case([program], status=2, error="usage")


# ---- entities: a simulation; it checks itself, and its numbers are those recorded ----

ENTITIES = {
    (): "born 6578, died 6248, alive 330, refused 135; keys that found 4138, stale 2846, wrong 0\n",
    ("1000",): "born 65694, died 65345, alive 349, refused 1782; keys that found 43846, stale 32464, wrong 0\n",
    ("300", "7"): "born 19639, died 19309, alive 330, refused 552; keys that found 12849, stale 9420, wrong 0\n",
    ("0",): "born 0, died 0, alive 0, refused 0; keys that found 0, stale 0, wrong 0\n",
}


def entities_cases(program, _):
    for words, output in ENTITIES.items():
        yield case([program, *words], output=output)


# ---- loglines ----

def percentile(values, percent):
    return sorted(values)[(len(values) * percent + 99) // 100 - 1]


def loglines_cases(program, folder):
    pick = random.Random(SEED)
    lines, found, durations, broken = [], {"level": Counter(), "host": Counter(), "status": Counter()}, [], 0
    for number in range(600):
        if number % 50 == 7:
            lines.append(pick.choice(["", "no pairs here", "host=lost status=200 ms=1", 'msg="level=info"']))
            broken += 1
            continue
        pairs = {"level": pick.choice(["info"] * 9 + ["warning", "error", "very bad"]),
                 "host": f"web{pick.randrange(8)}", "status": str(pick.choice([200, 200, 200, 404, 500]))}
        if pick.random() < 0.2:
            del pairs[pick.choice(["host", "status"])]
        for key, word in pairs.items():
            found[key][word] += 1
        durations.append(pick.randrange(1, 10 ** 6) / 1000)
        parts = [f'{key}="{word}"' if " " in word else f"{key}={word}" for key, word in pairs.items()]
        parts += [f"ms={durations[-1]}", f'msg="said \\"level=none\\" {number}"', "flag"]
        pick.shuffle(parts)
        lines.append(" ".join(parts))
    text = "\n".join(lines[:300]) + "\r\n" + "\r\n".join(lines[300:])
    wanted = f"lines {len(lines)}, broken {broken}\n"
    for key, counts in found.items():
        wanted += f"{key}: {len(counts)} different\n" + "".join(top(counts).splitlines(True)[:5])
    wanted += "".join(f"p{percent}: {percentile(durations, percent):.3f} ms\n" for percent in (50, 90, 99, 100))
    path = folder / "log"
    path.write_bytes(text.encode())
    yield case([program, path], output=wanted)
    yield case([program], text, output=wanted)
    yield case([program], "level=info ms=5x", output="lines 1, broken 0\nlevel: 1 different\n       1 info\n"
               "host: 0 different\nstatus: 0 different\n")
    yield case([program, folder / "missing"], status=1, error="No such file")


def complaints(a_case, emulator):
    """What differs from what must come, in lines; none: all is well."""
    done = subprocess.run([*emulator, *map(str, a_case.command)], input=a_case.stdin, capture_output=True,
                          timeout=TIMEOUT)
    found = []
    if done.returncode != a_case.status:
        found.append(f"status {done.returncode}, not {a_case.status}")
    if done.stdout.decode(errors="replace") != a_case.output:
        found.append(f"prints {done.stdout[:400]!r}, not {a_case.output[:400]!r}")
    error = done.stderr.decode(errors="replace")
    if a_case.error not in error or bool(error) != bool(a_case.error):
        found.append(f"says {error[:400]!r}, not {a_case.error!r}")
    return found


def planted(a_case):
    """The case with each of its expectations changed."""
    yield a_case._replace(status=a_case.status + 1)
    yield a_case._replace(output=a_case.output + "x")
    if a_case.output:
        middle = len(a_case.output) // 2
        changed = "#" if a_case.output[middle] != "#" else "?"
        yield a_case._replace(output=a_case.output[:middle] + changed + a_case.output[middle + 1:])
    yield a_case._replace(error=(a_case.error or "") + "#")


CASES = {"json": json_cases, "requests": requests_cases, "symbols": symbols_cases, "words": words_cases,
         "entities": entities_cases, "loglines": loglines_cases}


def main():
    words = sys.argv[1:]
    is_self_test = words[:1] == ["--self-test"]
    programs, *emulator = words[is_self_test:]
    count = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, cases in CASES.items():
            for a_case in cases(Path(programs).resolve() / name, Path(folder)):
                if is_self_test:
                    for changed in planted(a_case):
                        count += 1
                        if not complaints(changed, emulator):
                            wrong += 1
                            print(f"NOT NOTICED: {a_case.name}: status {changed.status}, "
                                  f"{changed.output[-80:]!r}, {changed.error!r}")
                    continue
                count += 1
                for complaint in complaints(a_case, emulator):
                    wrong += 1
                    print(f"WRONG: {a_case.name}: {complaint}")
    print(f"examples: {count} {'changed expectations' if is_self_test else 'runs'}, {wrong} wrong")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
