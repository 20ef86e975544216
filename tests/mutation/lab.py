"""Builds a mutant and runs test programs with it until one fails. A mutant is compiled in a worker's own copy of src/
and include/, only the files that reach the changed function, with the flags of the shipped library; each program is
linked with what came out and the rest as shipped.

A mutant whose object code is that of the shipped library, or of another mutant, is not run: trivial compiler
equivalence (M. Papadakis, Y. Jia, M. Harman, Y. Le Traon, ICSE 2015). It does not know which mutants there are.

SPDX-License-Identifier: MIT
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from programs import VARIANTS, all_programs, variant_flags

FLAGS = ["-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-w", "-Iinclude", "-Isrc"]
LINKED = ("-Wl,", "--coverage")  # flags of a program that are the linker's
TEST_FLAGS = ["-std=c11", "-O1", "-w", "-Iinclude", "-Isrc"]
LIBRARIES = ["-lcmocka", "-ldl", "-lm", "-pthread"]
QUICK_SECONDS = 0.5       # a program slower than this gets survivors only
ALWAYS_SECONDS = 0.15     # one faster than this is run even where it was not seen to reach the line
LEAST_LIMIT, TIMES_SLOWER = 1.0, 6
MEMORY = str(64 << 30)    # address space; programs that need more run without this limit


class Stillborn(Exception):
    """It does not compile."""


def run(command, cwd, **more):
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, **more)


def must(command, cwd):
    done = run(command, cwd)
    if done.returncode != 0:
        raise SystemExit(f"mutation: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def digest(data):
    return hashlib.sha256(data).hexdigest()[:20]


def tree_digest(root, *folders):
    whole = hashlib.sha256()
    for folder in folders:
        for path in sorted((root / folder).rglob("*.[ch]")):
            whole.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return whole.hexdigest()[:20]


class Lab:
    def __init__(self, root, out, jobs=2, only=None):
        self.root, self.out, self.jobs = root, out, jobs
        self.base = out / "base"
        self.base.mkdir(parents=True, exist_ok=True)
        self.sources = sorted(str(p.relative_to(root)) for p in (root / "src").rglob("*.c"))
        self.programs = [p for p in all_programs(root) if only is None or p.name in only]
        self.lock = threading.Lock()
        self.binary_locks, self.needs, self.coverage, self.latest_killer = {}, {}, {}, {}
        self.include = ["-I" + str(root / "tests")]
        self.build_base()

    # ---- the library and the programs as shipped

    def build_base(self):
        with ThreadPoolExecutor(self.jobs) as pool:
            for variant in {"", *(program.variant for program in self.programs)}:
                self.build_variant(variant, pool)
            support = sorted((self.root / "tests/support").glob("*.c"))
            list(pool.map(lambda file: must(["gcc", *TEST_FLAGS, *self.include, "-c", file, "-o",
                                             self.base / f"support_{file.stem}.o"], self.root), support))
        self.archive(self.base / "libsupport.a", sorted(self.base.glob("support_*.o")))
        self.shipped = {file: digest((self.base / self.object_name(file)).read_bytes()) for file in self.sources}

    def build_variant(self, variant, pool):
        _, left_out, added = VARIANTS.get(variant, ("", "", ""))
        files = [file for file in self.sources if not left_out or not file.startswith(left_out)]
        folder = self.base / variant
        folder.mkdir(exist_ok=True)
        objects = list(pool.map(lambda file: self.compile_core(self.root, file, folder, variant_flags(self.root, variant)),
                                [*files, *([added] if added else [])]))
        self.archive(folder / "libbitena.a", objects)

    @staticmethod
    def archive(target, objects):
        target.unlink(missing_ok=True)
        must(["ar", "rcs", target, *objects], target.parent)

    @staticmethod
    def object_name(file):
        return file.replace("/", "_").removesuffix(".c") + ".o"

    def compile_core(self, cwd, file, folder, flags=()):
        target = folder / self.object_name(file)
        done = run(["gcc", *FLAGS, *flags, "-c", file, "-o", target], cwd)
        if done.returncode != 0:
            raise Stillborn(done.stderr)
        return target

    def objects_of(self, program, cwd=None, folder=None):
        """The program's own objects; built once, or for a header's mutant from the worker's headers."""
        with self.lock:
            lock = self.binary_locks.setdefault(program.binary, threading.Lock())
        folder = folder or self.base
        objects = [folder / f"{program.binary}_{source.stem}.o" for source in program.sources]
        defines = [flag for flag in program.flags if not flag.startswith(LINKED)]
        with lock:
            if cwd or program.binary not in self.needs:
                needs = set()
                for source, target in zip(program.sources, objects):
                    done = run(["gcc", *TEST_FLAGS, *self.include, *defines, "-MMD", "-MF", f"{target}.d", "-c", source,
                                "-o", target], cwd or self.root)
                    if done.returncode != 0:
                        raise Stillborn(done.stderr)
                    needs.update((folder / f"{target.name}.d").read_text(encoding="utf-8").split())
                if not cwd:
                    self.needs[program.binary] = needs
        return objects

    def link(self, program, folder, changed=(), library=None, header=None):
        """The program beside the mutant's objects; programs that see the changed header are compiled anew."""
        objects = self.objects_of(program)
        if header and header in self.needs[program.binary]:
            objects = self.objects_of(program, folder, folder)
        elif not program.core:
            return None
        target = folder / program.binary
        library = library or self.base / program.variant / "libbitena.a"
        wraps = [flag for flag in program.flags if flag.startswith(LINKED)]
        core = [*changed, library] if program.core else []
        done = run(["gcc", *objects, self.base / "libsupport.a", *core, *wraps, *LIBRARIES, "-o", target], self.root)
        if done.returncode != 0:
            raise Stillborn(done.stderr)
        for letter, flag in program.plugins:
            whole = folder / "plugin.a"
            shutil.copyfile(library, whole)
            if changed:
                must(["ar", "r", whole, *changed], folder)
            must(["gcc", *TEST_FLAGS, *self.include, "-fPIC", "-shared", self.root / "tests/plugin/plugin.c", whole,
                  *wraps, "-Wl,-z,nodelete", flag, "-pthread", "-o", folder / f"plugin_{letter}.so"], self.root)
        return target

    # ---- runs

    def execute(self, program, binary, limit, environment=None):
        """(status or None when it took too long, seconds)"""
        began = time.monotonic()
        process = subprocess.Popen(
            ["timeout", "-s", "KILL", f"{limit:.1f}", "prlimit", f"--as={program.memory}", "--core=0",
             *(part.format(out=self.out) for part in program.command), str(binary), *program.arguments], cwd=binary.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **program.environment, **(environment or {})})
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its number stays its own until what it left is gone
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        status, seconds = process.wait(), time.monotonic() - began
        return (None if seconds >= limit else status), seconds

    def kills(self, program, binary):
        """"killed", "timeout" or None. On a busy machine anything may take long, so what took too long has to do so
        twice, and the shipped library, just after, must not."""
        limit = max(LEAST_LIMIT, program.least, TIMES_SLOWER * program.seconds)
        for patience in (limit, 2 * limit, 8 * limit):
            status, _ = self.execute(program, binary, patience)
            if status is not None:
                return None if status in (0, 77) else "killed"
            if patience > limit and self.control(program, patience):
                return "timeout"
        return None

    def control(self, program, limit):
        folder = self.base / f"control_{threading.get_ident()}"
        folder.mkdir(exist_ok=True)
        binary = folder / program.binary
        if not binary.exists():
            if self.link(program, folder) is None:
                return True
        status, seconds = self.execute(program, binary, limit)
        return status in (0, 77) and seconds < limit / 3

    def baseline(self, with_coverage=True):
        """Times and coverage with the shipped library, which every program must let live."""
        key = tree_digest(self.root, "src", "include", "tests")
        kept = self.out / "baseline.json"
        if with_coverage and kept.is_file():
            data = json.loads(kept.read_text(encoding="utf-8"))
            if data["key"] == key and data["programs"].keys() == {program.name for program in self.programs}:
                for program in self.programs:
                    program.seconds, program.memory = data["programs"][program.name]
                self.coverage = {name: {tuple(line) for line in lines} for name, lines in data["lines"].items()}
                self.programs.sort(key=lambda program: program.seconds)
                return
        folder = self.out / "shipped"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (self.out / "instructions.txt").unlink(missing_ok=True)  # the first run, with what is shipped, writes it
        with ThreadPoolExecutor(self.jobs) as pool:
            for program in pool.map(lambda program: self.measure(program, folder), self.programs):
                self.programs = [p for p in self.programs if p is not program]  # its header is not changed: not run
            self.programs.sort(key=lambda program: program.seconds)
            if with_coverage:
                from coverage import measure_coverage
                self.coverage = measure_coverage(self, pool)
                kept.write_text(json.dumps({
                    "key": key, "programs": {p.name: (p.seconds, p.memory) for p in self.programs},
                    "lines": {name: sorted(lines) for name, lines in self.coverage.items()}}), encoding="utf-8")

    def measure(self, program, folder):
        folder = folder / program.name  # plugins and scenarios stand apart
        folder.mkdir(exist_ok=True)
        self.objects_of(program)
        header = None if program.core else next(n for n in self.needs[program.binary] if n.endswith("place.h"))
        for name in ("src", "include"):
            if not program.core and not (folder / name).exists():
                (folder / name).symlink_to(self.root / name)
        binary = self.link(program, folder, header=header)
        for memory in (MEMORY, "unlimited"):
            program.memory = memory
            status, program.seconds = self.execute(program, binary, 120)
            if status in (0, 77):
                return None
        raise SystemExit(f"mutation: {program.name} fails with the library as it is shipped (status {status})")

    # ---- one mutant

    def order(self, mutant, where, deep):
        covered = {name for name, lines in self.coverage.items() if (where, mutant.line) in lines}
        latest = self.latest_killer.get((mutant.file, mutant.function))

        def wanted(program):
            reaches = program.name in covered or not self.coverage
            if deep:
                return program.late > 0 or (program.seconds > QUICK_SECONDS and reaches)
            return not program.late and (program.seconds <= ALWAYS_SECONDS or not program.core
                                         or (reaches and program.seconds <= QUICK_SECONDS))
        return sorted((p for p in self.programs if wanted(p)), key=lambda p: (
            p.core, p.late > 1, p.name != latest, not deep and p.name not in covered, p.seconds))

    def judge(self, mutant, folder, build, deep=False, header=None):
        """(verdict, by whom). build gives the changed objects, as a variant is compiled; None: it cannot."""
        linked, made = {}, {}
        for program in self.order(mutant, getattr(mutant, "where", mutant.file), deep):
            if program.core and program.variant not in made:
                made[program.variant] = build(program.variant)
            changed = made[program.variant] if program.core else ()
            if changed is None:
                continue
            if program.without:
                changed = [path for path in changed if not path.name.startswith(program.without.replace("/", "_"))]
            if program.core and not changed and not header:
                continue
            if program.binary not in linked:
                linked[program.binary] = self.link(program, folder, changed, header=header)
            if linked[program.binary] is None:
                continue
            verdict = self.kills(program, linked[program.binary])
            if verdict:
                self.latest_killer[mutant.file, mutant.function] = program.name
                return verdict, program.name
        return "survived", "all"
