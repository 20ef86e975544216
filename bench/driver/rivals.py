"""The table of rivals, and which of them this machine can run.

SPDX-License-Identifier: MIT
"""
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "bench" / "rivals" / "table.txt"

LIMIT = "bump"        # not a rival: what no allocator can beat
OURS = ("bitena_owner", "bitena_shared", "bitena_exact", "bitena_child", "bitena_called")
HEAPS = ("glibc", "mimalloc", "jemalloc", "tcmalloc", "glib_slice", "pmr_pool")


@dataclass(frozen=True)
class Rival:
    name: str
    source: str
    package: str   # of Debian, or "-"
    flags: str
    sharing: str   # "one": all threads allocate from one; "each": each thread from its own
    title: str
    program: Path

    @property
    def is_built(self):
        return self.program.is_file()


def read_table(programs):
    """Every rival of the table, in its order. programs: the folder of the built ones."""
    rivals = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            fields = [field.strip() for field in line.split("|")]
            rivals.append(Rival(*fields, programs / f"bench_{fields[0]}"))
    return rivals


def why_missing(rival, build_folder):
    """What the build said of a rival that has no program."""
    notes = build_folder / "bench" / "missing.txt"
    if notes.is_file():
        for line in notes.read_text(encoding="utf-8").splitlines():
            name, _, reason = line.partition(": ")
            if name == rival.name:
                return reason
    return f"its program did not build: see {build_folder.name}/bench.log"
