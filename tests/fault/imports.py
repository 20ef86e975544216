#!/usr/bin/env python3
"""What the library takes from outside, against the list of tests/fault/calls.h: a call to the system
that the list does not know cannot be failed, so it is an error here; so is one that the list names
and the library does not use. Only src/platform may make calls to the system at all.

Usage: imports.py LIBBITENA.A [--self-test]

It does not look into libc: what a listed function does there is libc's own.
SPDX-License-Identifier: MIT
"""
import re
import subprocess
import sys
from pathlib import Path

LIST = Path(__file__).with_name("calls.h")
PLATFORM_FILES = {path.stem for path in
                  (Path(__file__).resolve().parents[2] / "src" / "platform").glob("*.c")}
# They ask the system for nothing and cannot fail.
HARMLESS = {"memcpy", "memmove", "memset", "memcmp", "memchr", "memmem", "strlen", "strnlen", "strcmp", "strstr", "stpcpy",
            "strtoull", "strtoul", "snprintf", "vsnprintf", "abort", "__assert_fail", "__errno_location", "__tls_get_addr",
            "_GLOBAL_OFFSET_TABLE_",
            "__stack_chk_fail", "__lsan_register_root_region", "__lsan_unregister_root_region"}
# What modules ask the system for themselves; their unit tests see to the refusals.
MODULES = {"hash": {"clock_gettime", "getrandom"}, "text_grow": {"open", "close", "fstat", "lseek", "readv"}}
TOOLS = re.compile(r"__(asan|ubsan|tsan|msan|lsan|sanitizer|gcov|llvm)_|_ITM_|__gmon_start__")


def listed():
    names = re.findall(r"^ +X\((\w+),", LIST.read_text(encoding="utf-8"), re.M)
    if not names:
        sys.exit(f"imports: {LIST} lists nothing")
    return set(names)


def symbols(library):
    """For each object file: the names it defines, and those it needs."""
    output = subprocess.run(["nm", "-A", library], check=True, text=True, capture_output=True).stdout
    defined, needed = set(), {}
    for line in output.splitlines():
        match = re.match(r".*?([\w.+-]+)\.o:\s*[0-9a-f]*\s+(\w) (\S+)", line)
        if match:
            name = match.group(3).split("@")[0]
            if match.group(2) in "Uwv":
                needed.setdefault(match.group(1).removesuffix(".c"), set()).add(name)
            if match.group(2) not in "U":
                defined.add(name)
    return defined, needed


def breaches(library, known):
    defined, needed = symbols(library)
    outside = {file: {re.sub(r"^__isoc\d+_", "", name) for name in names - defined}
               for file, names in needed.items()}
    found, used = [], set()
    for file, names in sorted(outside.items()):
        for name in sorted(names - HARMLESS - MODULES.get(file, set())):
            if TOOLS.match(name):
                continue
            if name not in known:
                found.append(f"{file} calls {name}, which tests/fault/calls.h does not list")
            elif file not in PLATFORM_FILES:
                found.append(f"{file} calls {name}, but is not in src/platform")
            used.add(name)
    found += [f"{name} is listed, but the library does not call it" for name in sorted(known - used)]
    return found


def self_test(library):
    """A name taken off the list is missed, and one too many is seen."""
    known = listed()
    for name in sorted(known):
        if not any(f"calls {name}," in breach for breach in breaches(library, known - {name})):
            sys.exit(f"imports: self-test: {name} could be forgotten")
    if not breaches(library, known | {"ptrace"}):
        sys.exit("imports: self-test: a name too many was not seen")
    print(f"imports: self-test: each of {len(known)} calls would be missed")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--self-test"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    if "--self-test" in sys.argv:
        self_test(arguments[0])
        return
    found = breaches(arguments[0], listed())
    for breach in found:
        print(f"imports: {breach}")
    print(f"imports: {len(listed())} calls to the system, all of them wrapped" if not found else
          f"imports: {len(found)} wrong")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
