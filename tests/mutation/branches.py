"""Assembly-branch mutants: every conditional jump, setcc and cmov that gcc -O2 makes of a source file, always taken and
never taken, as SQLite's mutation testing does with jumps (https://sqlite.org/testing.html). A branch inverted differs
from both at once, so it adds nothing and is left out. x86-64 in AT&T syntax only; memory orders, arithmetic and
addresses are not changed.

SPDX-License-Identifier: MIT
"""
import re
import subprocess

from places import Mutant, number

JUMP = re.compile(r"^\s+(j(?!mp)[a-z]+)\s+(\S+)\s*$")
SET = re.compile(r"^\s+(set[a-z]+)\s+(\S+)\s*$")
MOVE = re.compile(r"^\s+(cmov[a-z]+)\s+(.+),\s*(%\w+)\s*$")
FUNCTION = re.compile(r"^([A-Za-z_][\w.]*):")
FILE = re.compile(r'^\s+\.file\s+(\d+)\s+"([^"]*)"(?:\s+"([^"]*)")?')
PLACE = re.compile(r"^\s+\.loc\s+(\d+)\s+(\d+)")


def suffix_of(register):
    return "q" if register.startswith("%r") and not register.endswith("d") else "l"


def changes(line):
    """(the instruction, {what it becomes: the text}) of a line; None: it chooses nothing."""
    found = JUMP.match(line)
    if found:
        return found.group(1), {"always": f"\tjmp\t{found.group(2)}", "never": "\tnop"}
    found = SET.match(line)
    if found:
        return found.group(1), {"always": f"\tmovb\t$1, {found.group(2)}", "never": f"\tmovb\t$0, {found.group(2)}"}
    found = MOVE.match(line)
    if found:
        code, source, target = found.groups()
        move = "mov" + suffix_of(target)
        never = f"\t{move}\t{target}, {target}"  # clears the upper half, as the cmov does
        return code, {"always": f"\t{move}\t{source}, {target}", "never": never}
    return None


def assembly(root, file, flags):
    done = subprocess.run(["gcc", *flags, "-g1", "-S", file, "-o", "-"], cwd=root, capture_output=True, text=True,
                          check=True)
    return done.stdout


def mutants(root, file, text):
    """A mutant's file is the C file; its line and context are those of the place that the branch came from."""
    files, sources, found = {}, {}, []
    function, place, counts = None, (file, 0), {}
    for index, line in enumerate(text.split("\n")):
        if (label := FUNCTION.match(line)) and not line.startswith(".L"):
            function = label.group(1).split(".")[0]
        elif named := FILE.match(line):
            files[named.group(1)] = named.group(3) or named.group(2)
        elif at := PLACE.match(line):
            place = (files.get(at.group(1), file), int(at.group(2)))
        elif function and (changed := changes(line)):
            where, number_ = place
            if where not in sources:
                path = root / where
                sources[where] = path.read_text(encoding="latin-1").split("\n") if path.is_file() else []
            context = sources[where][number_ - 1] if 0 < number_ <= len(sources[where]) else ""
            context = " ".join(re.sub(r"/\*.*?(\*/|$)", "", context).split())
            counts[function] = counts.get(function, 0) + 1
            for what, instead in changed[1].items():
                found.append(Mutant(file, function, f"branch-{what}", number_, context,
                                    f"{counts[function]}: {changed[0]}", (index, instead), kind="assembly"))
                found[-1].where = where
    return number(found)


def without_lines(text):
    """As the library is assembled, without its line numbers and frames of the debugger."""
    text = re.split(r"^\s+\.section\s+\.debug_", text, maxsplit=1, flags=re.M)[0]
    return re.sub(r"^\s+\.(?:loc|file)\s.*$", "", text, flags=re.M) + '\n\t.section .note.GNU-stack,"",@progbits\n'


def justified_as(mutant):
    """What the list names: not the instruction, which is another with each gcc."""
    return f"{mutant.file} {mutant.function} {mutant.operator} {mutant.context}"
