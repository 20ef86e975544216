"""What is measured: every case of every workload, for the quick and for the full benchmark.

A case is one program run per rival and round. `axis` says which place it takes in the pictures
and the tables; a rival that does not offer the workload answers so itself and is shown as "-".

SPDX-License-Identifier: MIT
"""
from dataclasses import dataclass, field

SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
THREADS = (1, 2, 4, 8, 16)
DISTRIBUTIONS = ("perl", "python", "git", "clang")
LIFECYCLES = ("reset", "scope", "child")
GROWINGS = ("text", "vector", "resize")
PAGES = ("small", "huge", "prefault", "parallel")
WORK = ("passes", "laps", "bytes", "count", "cycles", "functions", "text", "file")  # no axis
KIB = 1 << 10
MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    family: str             # of tables and pictures
    title: str
    workload: str
    arguments: dict = field(default_factory=dict)
    unit: str = "object"
    rounds: int = 5         # that count; one more comes first and is dropped

    @property
    def key(self):
        words = [f"{name}={value}" for name, value in sorted(self.arguments.items())
                 if name not in WORK]
        return " ".join([self.family, self.workload, *words])

    @property
    def threads(self):
        return self.arguments.get("threads", 2 if self.workload in ("pipe", "sharing") else 1)

    @property
    def size(self):
        return self.arguments.get("size")


@dataclass(frozen=True)
class Scale:
    """How much of everything."""
    sizes: tuple
    cold_sizes: tuple
    threads: tuple
    thread_sizes: tuple
    distributions: tuple
    lifecycle_counts: tuple
    rounds: int
    passes: int
    laps: int
    packing_bytes: int
    cold_bytes: int
    trees: tuple            # (depth, rounds)
    json_mib: int
    program_rounds: int
    share: float            # of the work of one pass, where a workload's own measure is too long

    def part(self, work):
        return int(work * self.share)


FULL = Scale(sizes=SIZES, cold_sizes=(16, 64, 256, 1024, 4096), threads=THREADS,
             thread_sizes=(16, 64, 256, 1024), distributions=DISTRIBUTIONS,
             lifecycle_counts=(1, 10, 1000), rounds=7, passes=5, laps=16,
             packing_bytes=64 * MIB, cold_bytes=1 << 30, trees=((16, 5), (20, 2)), json_mib=50,
             program_rounds=4, share=1.0)
QUICK = Scale(sizes=(16, 64, 256), cold_sizes=(64,), threads=(1, 2, 16), thread_sizes=(16,),
              distributions=("python",), lifecycle_counts=(1, 10, 1000), rounds=3, passes=3,
              laps=6, packing_bytes=8 * MIB, cold_bytes=64 * MIB, trees=((12, 3),),
              json_mib=2, program_rounds=3, share=0.2)


def sizes_file(name):
    return f"bench/data/sizes_{name}.txt"


def same_cases(scale):
    pace = {"passes": scale.passes, "laps": scale.laps}
    for size in scale.sizes:
        yield Case("warm", f"{size}-byte objects, warm", "same",
                   {"size": size, "bytes": 256 * KIB, "laps": 8, "passes": 15}, rounds=5)
    for size in scale.cold_sizes:
        yield Case("cold", f"{size}-byte objects, cold", "same",
                   {"size": size, "bytes": 16 * MIB, "passes": 0}, rounds=scale.rounds)
    for name in scale.distributions:
        yield Case("mixed", f"sizes of {name}, warm", "mixed",
                   {"sizes": sizes_file(name), **pace}, rounds=scale.rounds)


def thread_cases(scale):
    for size in scale.thread_sizes:
        for threads in scale.threads:
            yield Case("threads", f"{size}-byte objects, {threads} threads", "same",
                       {"size": size, "threads": threads, "laps": 2, "passes": scale.passes,
                        "bytes": MIB if scale is FULL else MIB // 8},
                       rounds=scale.rounds)


def text_cases(scale, data):
    pace = {"passes": scale.passes, "laps": 2, "bytes": scale.part(MIB)}
    yield Case("words", "words and structs by turns", "words", {"text": data.text, **pace},
               unit="word", rounds=scale.rounds)
    yield Case("words", "words alone", "text", {"text": data.text, **pace}, unit="word",
               rounds=scale.rounds)


def packing_cases(scale, data):
    kinds = [("same", {"size": size}, f"{size}-byte objects") for size in (16, 256)]
    kinds = kinds if scale is FULL else kinds[:1]
    kinds += [("mixed", {"sizes": sizes_file(name)}, f"sizes of {name}")
              for name in scale.distributions]
    kinds += [("words", {"text": data.text}, "words and structs")]
    for kind, more, title in kinds:
        yield Case("packing", f"packing: {title}", "packing",
                   {"of": kind, "bytes": scale.packing_bytes, **more}, rounds=1)


def lifecycle_cases(scale):
    for kind in LIFECYCLES:
        for count in scale.lifecycle_counts:
            yield Case("lifecycle", f"{kind} with {count} objects", "lifecycle",
                       {"kind": kind, "n": count, "passes": scale.passes,
                        "cycles": scale.part(2000000) // (count + 20) + 1}, unit="cycle",
                       rounds=scale.rounds)


def thread_use_cases(scale):
    pace = {"passes": scale.passes}
    yield Case("pipe", "producer and consumer", "pipe",
               {"size": 64, "count": scale.part(262144) // 1024 * 1024, **pace}, unit="message",
               rounds=scale.rounds)
    for count in (0, 10) if scale is FULL else (10,):
        yield Case("spawn", f"short threads, {count} objects each", "spawn",
                   {"n": count, "count": scale.part(2000), "passes": 2},
                   unit="thread", rounds=min(scale.rounds, 4))
    yield Case("turns", "two arenas in turn", "turns", {"size": 16, **pace}, rounds=scale.rounds)
    yield Case("sharing", "objects of two threads rewritten", "sharing", {"size": 16},
               unit="rewrite", rounds=scale.rounds)


def grow_cases(scale, data):
    units = {"text": "append", "vector": "push", "resize": "step"}
    laps = {} if scale is FULL else {"laps": 1}
    for kind in GROWINGS:
        more = {"text": data.text} if kind == "text" else {}
        yield Case("grow", f"growing: {kind}", "grow",
                   {"kind": kind, "passes": scale.passes, **laps, **more}, unit=units[kind],
                   rounds=scale.rounds)


def cold_cases(scale):
    mib = scale.cold_bytes // MIB
    for pages in PAGES:
        yield Case("coldfill", f"cold fill of {mib} MiB, {pages}", "coldfill",
                   {"pages": pages, "bytes": scale.cold_bytes}, rounds=3)


def program_cases(scale, data):
    for depth, rounds in scale.trees:
        yield Case("program", f"binary-trees, depth {depth}", "trees",
                   {"depth": depth, "passes": 0 if depth > 16 else 1}, unit="node",
                   rounds=rounds)
    yield Case("program", f"JSON, {scale.json_mib} MiB", "json",
               {"file": data.document, "passes": 1}, unit="node", rounds=scale.program_rounds)
    yield Case("program", "word count", "wordcount",
               {"text": data.text, "passes": 2 if scale is FULL else 0}, unit="word",
               rounds=scale.program_rounds)
    yield Case("program", "expression compiler", "expr",
               {"passes": 2, "functions": scale.part(2000)}, unit="function",
               rounds=scale.program_rounds)


def cases(scale, data):
    return [*same_cases(scale), *thread_cases(scale), *text_cases(scale, data),
            *packing_cases(scale, data), *lifecycle_cases(scale), *thread_use_cases(scale),
            *grow_cases(scale, data), *cold_cases(scale), *program_cases(scale, data)]
