"""Which program reaches which line of the core, by gcc's --coverage: only to try the likeliest programs first. What a
process does that then aborts is not seen, so quick programs are tried besides.

SPDX-License-Identifier: MIT
"""
import gzip
import json
import shutil

from lab import must


def measure_coverage(lab, pool):
    folder = lab.out / "coverage"
    notes = folder / "notes"
    notes.mkdir(parents=True, exist_ok=True)
    objects = list(pool.map(lambda file: lab.compile_core(lab.root, file, notes, ["--coverage", "-O0"]), lab.sources))
    library = notes / "libbitena.a"
    lab.archive(library, objects)
    lines = pool.map(lambda program: reached(lab, program, folder / program.name, library), lab.programs)
    return dict(zip((program.name for program in lab.programs), lines))


def reached(lab, program, folder, library):
    if not program.core or program.late:  # those are tried whatever they reach
        return set()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    flagged = [*program.flags, "--coverage"]
    plain, program = program, type(program)(**{**program.__dict__, "flags": flagged})
    binary = lab.link(program, folder, library=library)
    lab.execute(plain, binary, 120, {"GCOV_PREFIX": str(folder), "GCOV_PREFIX_STRIP": "99"})
    found = set()
    for data in folder.glob("*.gcda"):
        note = library.parent / f"{data.stem}.gcno"
        if note.is_file():  # not a plugin's own
            shutil.copyfile(note, folder / note.name)
            must(["gcov", "-j", data.name], folder)
    for report in folder.glob("*.gcov.json.gz"):
        for file in json.loads(gzip.decompress(report.read_bytes()))["files"]:
            found.update((file["file"], line["line_number"]) for line in file["lines"] if line["count"])
    return found
