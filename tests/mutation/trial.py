"""All mutants, the list of those that are justified, and the trial of one: made, compared with what was made before,
and run. lab.py builds and runs; this file knows mutants.

justified.txt: names as tools/mutation prints them, one a line, then their reason, indented. A branch of the assembly
is named by file, function, operator and source line, without the instruction: all such branches of the line.

SPDX-License-Identifier: MIT
"""
import shutil
import threading

import branches
import lab as laboratory
from lab import Stillborn, digest
from places import Finder

HEADERS = ("src/place.h", "src/core.h", "src/lease.h", "src/exact.h", "src/thread.h", "include/bitena.h")


def all_mutants(root, flags, only=(), kind=None):
    """Of the core; what the modules are, their own tests tell."""
    found = []
    sources = sorted(str(path.relative_to(root)) for path in (root / "src").rglob("*.c")
                     if path.parent.name != "modules")
    for file in [*(name for name in HEADERS if (root / name).is_file()), *sources]:
        if only and file not in only:
            continue
        if kind != "assembly":
            found += Finder(root, file, [flag for flag in flags if flag.startswith(("-I", "-std"))]).mutants()
        if kind != "source" and file.endswith(".c"):
            text = branches.assembly(root, file, flags)
            for mutant in branches.mutants(root, file, text):
                mutant.assembly = text
                found.append(mutant)
    return found


def read_justified(path):
    """{name: reason}"""
    found, names, reason = {}, [], ""
    for line in path.read_text(encoding="utf-8").split("\n") if path.is_file() else ():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            reason += " " + line.strip()
            found.update(dict.fromkeys(names, reason.strip()))
        else:
            names, reason = ([*names, line.strip()] if not reason else [line.strip()]), ""
            found[line.strip()] = ""
    without = [name for name, why in found.items() if not why]
    if without:
        raise SystemExit(f"mutation: no reason is given for {without[0]!r}")
    return found


def key_of(mutant):
    return branches.justified_as(mutant) if mutant.kind == "assembly" else mutant.name


def justification_of(mutant, justified):
    return justified.get(key_of(mutant))


def first_of(name, rows):
    """The mutant that was judged for this one: another, if both are the same object code."""
    row = rows.get(name, {})
    return row["by"] if row.get("verdict") == "duplicate" else name


def with_duplicates(justified, mutants, rows):
    """{name of a mutant judged: reason}, the reason of any that is the same object code."""
    found = {}
    for mutant in mutants:
        if reason := justification_of(mutant, justified):
            found[first_of(mutant.name, rows)] = reason
    return found


def stale_entries(justified, mutants, rows, only):
    """Entries that fit no mutant, or none that survived, of the files looked at. What is not judged yet is not stale."""
    alive = set()
    for mutant in mutants:
        if rows.get(first_of(mutant.name, rows), {}).get("verdict", "survived") == "survived":
            alive.add(key_of(mutant))
    files = {mutant.file for mutant in mutants} if only else None
    return [name for name in justified
            if name not in alive and (files is None or name.split(" ")[0] in files)]


class Trial:
    def __init__(self, lab, seen=None):
        self.lab = lab
        self.seen = dict(seen or {})
        self.lock = threading.Lock()
        self.local = threading.local()
        self.reach, self.shipped_assembly, self.shipped_alone = {}, {}, {}

    def folder(self):
        """This worker's copy of the sources."""
        if not hasattr(self.local, "folder"):
            self.local.folder = self.lab.out / f"worker_{threading.get_ident()}"
            shutil.rmtree(self.local.folder, ignore_errors=True)
            for name in ("src", "include"):
                shutil.copytree(self.lab.root / name, self.local.folder / name)
        return self.local.folder

    def texts(self, mutant):
        if mutant.kind == "assembly":
            before = mutant.assembly
            lines = before.split("\n")
            lines[mutant.edit[0]] = mutant.edit[1]
            return before, "\n".join(lines)
        before = (self.lab.root / mutant.file).read_text(encoding="latin-1")
        start, end, text = mutant.edit
        return before, before[:start] + text + before[end:]

    def reaching(self, mutant):
        """The C files that the mutant changes."""
        if mutant.file.endswith(".c"):
            return [mutant.file]
        with self.lock:
            if not self.reach:
                for file in self.lab.sources:
                    flags = [flag for flag in laboratory.FLAGS if flag.startswith(("-I", "-std"))]
                    self.reach[file] = Finder(self.lab.root, file, flags).reached()
        return [file for file in self.lab.sources if mutant.function in self.reach[file]]

    def made(self, mutant, folder):
        """A function that builds the objects that differ from those shipped, a digest, and whether nothing differs. Of
        a header, its functions alone are compared: the library is built once programs without it have been tried."""
        if mutant.kind == "assembly":
            return self.assembled(mutant, folder)
        if mutant.file.endswith(".h"):
            alone = self.alone(mutant.file, folder, folder)
            if mutant.file not in self.shipped_alone:
                self.shipped_alone[mutant.file] = self.alone(mutant.file, self.lab.root, folder)
            return (lambda variant: self.compiled(mutant, folder, variant), digest(mutant.file.encode() + alone),
                    alone == self.shipped_alone[mutant.file])
        objects = self.compiled(mutant, folder)
        return lambda variant: self.compiled(mutant, folder, variant) if variant else objects, digest(
            (folder / "variants" / self.lab.object_name(mutant.file)).read_bytes()), not objects

    def compiled(self, mutant, folder, variant=""):
        """What differs from the shipped objects; of a variant, all that the mutant reaches."""
        place = folder / "variants" / variant
        place.mkdir(parents=True, exist_ok=True)
        flags = laboratory.variant_flags(self.lab.root, variant)
        objects = [self.lab.compile_core(folder, file, place, flags) for file in self.reaching(mutant)]
        if variant:
            return objects
        shipped = {self.lab.object_name(file): made for file, made in self.lab.shipped.items()}
        return [target for target in objects if digest(target.read_bytes()) != shipped[target.name]]

    def assembled(self, mutant, folder):
        """Without the line numbers, which follow the code's size."""
        _, text = self.texts(mutant)
        target = folder / self.lab.object_name(mutant.file)
        done = laboratory.run(["as", "-o", target, "-"], folder, input=branches.without_lines(text))
        if done.returncode != 0:
            raise Stillborn(done.stderr)
        with self.lock:
            if mutant.file not in self.shipped_assembly:
                plain = folder / "plain.o"
                laboratory.run(["as", "-o", plain, "-"], folder, input=branches.without_lines(mutant.assembly))
                self.shipped_assembly[mutant.file] = digest(plain.read_bytes())
        made = digest(target.read_bytes())
        same = made == self.shipped_assembly[mutant.file]
        return lambda variant: None if variant else [target], made, same

    def judge(self, mutant, deep=False):
        """(verdict, by whom, digest of what was made)"""
        folder = self.folder()
        header = mutant.file if mutant.file.endswith(".h") else None
        path = folder / mutant.file
        before, after = self.texts(mutant)
        if mutant.kind == "source":
            path.write_text(after, encoding="latin-1")
        try:
            build, made, same = self.made(mutant, folder)
            if same:
                return "equivalent", "the compiler", ""
            with self.lock:
                first = self.seen.setdefault(made, mutant.name)
            if first != mutant.name:
                return "duplicate", first, made
            return (*self.lab.judge(mutant, folder, build, deep, header), made)
        except Stillborn as why:
            return "stillborn", str(why).split("\n", 1)[0], ""
        finally:
            if mutant.kind == "source":
                path.write_text(before, encoding="latin-1")

    @staticmethod
    def alone(file, cwd, folder):
        """A header's inline functions by themselves, all of them: gcc leaves out what says that it may be unused."""
        target = folder / "header.o"
        keep = ["-fkeep-inline-functions", "-fkeep-static-functions", "-Dunused=__used__"]
        done = laboratory.run(["gcc", *laboratory.FLAGS, *keep, "-x", "c", "-c", file, "-o", target], cwd)
        if done.returncode != 0:
            raise Stillborn(done.stderr)
        return target.read_bytes()
