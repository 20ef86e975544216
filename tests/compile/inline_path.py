#!/usr/bin/env python3
"""Counts the instructions of the inline allocation path in what the compiler made of it.

x86-64, gcc -O2, constant size and alignment. Every way from a function's entry to its ret that makes no
call and leaves the function by no jump is a fast path. There must be one, each of at most 14
instructions with the ret, with exactly one access through %fs and nothing locked.
--self-test plants functions that break each of these and must be refused.

SPDX-License-Identifier: MIT
"""
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 14
SKIPPED = 77

PROMISED = ("take", "try_take")
SOURCE = """
#include <bitena.h>
typedef struct { long x, y; } pair;
void *take(bitena *a) { return bitena_alloc(a, 16, 8); }
void *try_take(bitena *a) { return bitena_try_alloc(a, 16, 8); }
void *take_variable(bitena *a, size_t size) { return bitena_alloc(a, size, 8); }
pair *make_zeroed(bitena *a) { return bitena_make(a, pair); }
pair *make_one(bitena *a) { return bitena_make(a, pair, .x = 1); }
"""

LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*?)\s*$")
RELOCATION = re.compile(r"^\s*[0-9a-f]+:\s+R_X86_64_\w+")
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")


class Instruction:
    def __init__(self, text):
        self.text = re.sub(r"\s*#.*", "", text)
        self.relocated = False
        self.name = self.text.split()[0]

    def target(self):
        """Where a jump inside the function goes; None where it leaves."""
        match = re.match(r"\S+\s+([0-9a-f]+)\b", self.text)
        return int(match.group(1), 16) if match and not self.relocated else None

    def is_locked(self):
        exchange = self.name.startswith("xchg") and "(" in self.text
        return exchange or bool(re.match(r"(lock|mfence|lfence|sfence)\b", self.text))


def functions(source, compiler=("gcc",), include=ROOT / "include"):
    """name -> {address: Instruction}, in order, of a compiled C text."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "path.o"
        subprocess.run([*compiler, "-std=c11", "-O2", "-fcf-protection=none", "-ffunction-sections",
                        f"-I{include}", "-x", "c", "-c", "-", "-o", str(compiled)],
                       input=source, text=True, check=True, capture_output=True)
        listing = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", str(compiled)],
                                 check=True, text=True, capture_output=True).stdout
    found, current, last = {}, None, None
    for line in listing.splitlines():
        header, code = FUNCTION.match(line), LINE.match(line)
        if header:
            current = found.setdefault(header.group(1), {})
        elif RELOCATION.match(line):
            last.relocated = True
        elif code and current is not None:
            last = Instruction(code.group(2))
            current[int(code.group(1), 16)] = last
    return found


def fast_paths(body):
    """Every loopless way from the entry to a ret without a call or a jump out of the function."""
    addresses = sorted(body)
    following = dict(zip(addresses, addresses[1:]))
    found = []

    def follow(address, path, seen):
        while address in body and address not in seen:
            instruction = body[address]
            seen = seen | {address}
            path = path + [instruction]
            name = instruction.name
            if name in ("ret", "retq", "repz", "rep"):
                found.append(path)
                return
            if name.startswith("call") or name in ("ud2", "hlt"):
                return
            if name.startswith("j"):
                target = instruction.target()
                if name not in ("jmp", "jmpq"):
                    follow(following.get(address), path, seen)
                address = target
            else:
                address = following.get(address)

    follow(addresses[0], [], frozenset())
    return found


def breaches(body):
    """What is wrong with a function, as a list of texts, and its longest fast path."""
    paths = fast_paths(body)
    if not paths:
        return ["no path to ret without a call"], []
    wrong = []
    for path in paths:
        loads = sum("%fs:" in instruction.text for instruction in path)
        if len(path) > LIMIT:
            wrong.append(f"{len(path)} instructions, more than {LIMIT}")
        if loads != 1:
            wrong.append(f"{loads} accesses through %fs, not 1")
        wrong += [f"locked: {i.text}" for i in path if i.is_locked()]
    return wrong, max(paths, key=len)


def check(source):
    wrong = 0
    found = functions(source)
    for name in sorted(found, key=lambda name: name not in PROMISED):
        complaints, path = breaches(found[name])
        if name not in PROMISED:
            print(f"{name}: {len(path)} instructions (for information)")
            continue
        wrong += len(complaints)
        print(f"{name}: {len(path)} instructions: {'; '.join(complaints) or 'ok'}")
        print("\n".join("    " + instruction.text for instruction in path))
    return wrong


PLANTED_HEAD = """
struct arena { unsigned long owner, ceiling, floor; };
extern __thread unsigned long self __attribute__((tls_model("initial-exec")));
extern __thread unsigned long other __attribute__((tls_model("initial-exec")));
void *slow(struct arena *a);
#define GUARD if (__builtin_expect(a->owner != self || a->ceiling - a->floor < 16, 0)) return slow(a);
"""
# function body -> a word of the complaint that must come; none: it must pass
PLANTED = {
    "GUARD return (void *)(a->ceiling -= 16);": None,
    "GUARD __atomic_fetch_add(&a->owner, 1, 0); return (void *)(a->ceiling -= 16);": "locked",
    "GUARD __atomic_exchange_n(&a->floor, 1, 0); return (void *)(a->ceiling -= 16);": "locked",
    "GUARD __atomic_store_n(&a->floor, 1, 5); return (void *)(a->ceiling -= 16);": "locked",
    "GUARD volatile unsigned long *v = &a->floor; *v = 1; *v = 2; *v = 3; *v = 4; *v = 5; *v = 6;"
    "*v = 7; *v = 8; *v = 9; return (void *)(a->ceiling -= 16);": "instructions",
    "GUARD a->floor = other; return (void *)(a->ceiling -= 16);": "accesses",
    "return (void *)(a->ceiling -= 16);": "accesses",
    "slow(a); return (void *)(a->ceiling -= self);": "no path",
    "return slow(a);": "no path",
    "if (a->owner != self) { a->floor = 0; return 0; } if (a->ceiling == 1) { slow(a); return a; }"
    "volatile unsigned long *v = &a->floor; *v = 1; *v = 2; *v = 3; *v = 4; *v = 5; *v = 6; *v = 7;"
    "*v = 8; *v = 9; return (void *)(a->ceiling -= 16);": "instructions",   # the longer of two paths
}


def self_test():
    wrong = 0
    for body, expected in PLANTED.items():
        text = PLANTED_HEAD + f"void *take(struct arena *a) {{ {body} }}\n"
        complaints, path = breaches(functions(text)["take"])
        good = not complaints if expected is None else any(expected in c for c in complaints)
        if not good:
            wrong += 1
            print(f"WRONG: {body!r}: expected {expected}, found {complaints}")
            print("\n".join("    " + instruction.text for instruction in path))
    print(f"inline_path selftest: {len(PLANTED)} cases, {wrong} wrong")
    return wrong


def main():
    if platform.machine() != "x86_64":
        print("inline_path: skipped, this is not x86-64")
        return SKIPPED
    try:
        if sys.argv[1:] == ["--self-test"]:
            return 1 if self_test() else 0
        return 1 if check(SOURCE) else 0
    except subprocess.CalledProcessError as error:
        print(error.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
