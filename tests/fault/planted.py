#!/usr/bin/env python3
"""Plants a fault in a copy of one source file, links the fault programs with it, and expects them to
fail: a checker that cannot fail shows nothing. Each plant must still fit its source.

Usage: planted.py SOURCE_DIR LIBBITENA.A BUILD_DIR [COMPILER]

Everything is written under BUILD_DIR. It says nothing of faults that are not planted here.
SPDX-License-Identifier: MIT
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

DRIVER, SIGNALS = "driver", "signals"
# (name, program, scenarios, what it must say, [(file, the text that goes, what comes)], files to compile)
PLANTS = [
    ("a refused prefault keeps its mapping", DRIVER, ["prefaulted"], "ledger.bytes == 0",
     [("block/private.c", "        close_private(block);\n        *refusal", "        *refusal")],
     ["block/private.c"]),
    ("a refusal has another errno", DRIVER, ["prefaulted"], "error == ENOMEM",
     [("arena.c", 'refuse(ENOMEM, "cannot reserve', 'refuse(EAGAIN, "cannot reserve')], ["arena.c"]),
    ("a refused reservation has no reason", DRIVER, ["plain"], "refused by",
     [("platform/linux.c", "        explain_refusal(refusal);\n",
       "        (void)explain_refusal;\n")], ["platform/linux.c"]),
    ("a refused hint touches errno", DRIVER, ["with_huge_pages"], "UNTOUCHED",
     [("block/private.c", "        errno = saved;\n", "        (void)saved;\n")], ["block/private.c"]),
    ("a refused hint refuses the arena", DRIVER, ["with_huge_pages"], "arena != NULL",
     [("block/private.c", "(void)platform_advise_huge((void *)(top - data), data);",
       "if (platform_advise_huge((void *)(top - data), data)) { close_private(&(struct block){"
       ".mapping = mapping, .mapping_bytes = bytes}); errno = ENOMEM; return -1; }")],
     ["block/private.c"]),
    ("an old kernel's EINVAL refuses a prefault", DRIVER, ["prefaulted"], "arena != NULL",
     [("platform/linux.c", "if (errno != EINVAL) {", "if (errno != 0) {")], ["platform/linux.c"]),
    ("a file stays open", DRIVER, ["more_than_there_is"], "files",
     [("platform/linux.c", "    (void)fclose(file);\n", "")], ["platform/linux.c"]),
    ("a drop forgets part of the mapping", DRIVER, ["tiny"], "ledger",
     [("block/private.c", "block->mapping_bytes);", "block->mapping_bytes - 4096);")],
     ["block/private.c"]),
    ("a refused trim says 0", DRIVER, ["plain"], "result == -1",
     [("platform/linux.c", "return madvise(address, bytes, MADV_DONTNEED);",
       "(void)madvise(address, bytes, MADV_DONTNEED); return 0;")], ["platform/linux.c"]),
    ("a refused trim loses what is free", DRIVER, ["trimmed_in_each_mode"], "not so",
     [("gather.c", "store_release(&pool->index, index);",
       "store_release(&pool->index, result ? none : index);")], ["gather.c"]),
    ("a thread that was not registered gets no id", DRIVER, ["threads_one_after_another"], "not so",
     [("thread.c", "        release_slot(slot);\n        slot = THREAD_NO_SLOT;\n",
       "        release_slot(slot);\n        return 0;\n")], ["thread.c"]),
    ("a slot that its thread cannot hold is not released", DRIVER, ["plain"], "others == lowest",
     [("thread.c", "        release_slot(slot);\n        slot = THREAD_NO_SLOT;\n", "        slot = THREAD_NO_SLOT;\n")],
     ["thread.c"]),
    ("a slot is borne that is not held", DRIVER, ["plain"], "others == lowest",
     [("thread.c", "        release_slot(slot);\n        slot = THREAD_NO_SLOT;\n", "        release_slot(slot);\n")],
     ["thread.c"]),
    ("a key that no hook will use is kept", DRIVER, ["plain"], "ledger.keys",
     [("platform/linux.c", "        (void)pthread_key_delete(thread_key);\n", "")], ["platform/linux.c"]),
    ("a line that was cut short is not finished", DRIVER, ["says_why_it_aborts"], "expected",
     [("platform/linux.c", "        text += written;\n", "        break;\n        text += written;\n")],
     ["platform/linux.c"]),
    ("EXACT moves its index in two steps", SIGNALS, [], "FAILED",
     [("exact.h", "if (cas_weak_acquire(&pool->index, &index, offset_of(pool, at) + size)) {",
       "store_release(&pool->index, offset_of(pool, at) + size); if (true) {")],
     ["alloc.c", "exact.c"]),
]


def run(command, **more):
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, **more)


def wrapped(source):
    names = re.findall(r"^ +X\((\w+),", (source / "tests/fault/calls.h").read_text(encoding="utf-8"), re.M)
    return [f"-Wl,--wrap={name}" for name in names]


def plant(source, folder, edits, files):
    """Copies of the files, changed. A header is found beside the file that includes it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in {*files, *(edit[0] for edit in edits)}:
        text = (source / "src" / name).read_text(encoding="utf-8")
        for edited, old, new in edits:
            if edited == name:
                if text.count(old) != 1:
                    sys.exit(f"planted: this stands {text.count(old)} times in {name}: {old!r}")
                text = text.replace(old, new)
        (folder / Path(name).name).write_text(text, encoding="utf-8")


def compile_all(source, compiler, flags, files, folder):
    """The object of each file."""
    objects = []
    for file in files:
        target = folder / (file.stem + ".o")
        made = run([compiler, "-std=c11", "-O1", "-g", "-c", file, "-o", target, *flags,
                    *(f"-I{source / where}" for where in
                      ("include", "src", "src/block", "src/platform", "tests"))])
        if made.returncode != 0:
            sys.exit(f"planted: {file}:\n{made.stderr}")
        objects.append(target)
    return objects


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    source, library, build = (Path(argument).resolve() for argument in sys.argv[1:4])
    compiler = sys.argv[4] if len(sys.argv) == 5 else "cc"
    tests = source / "tests"
    (build / "programs").mkdir(parents=True, exist_ok=True)
    parts = {DRIVER: ["fault/calls.c", "fault/verbs.c", "fault/scenarios.c", "fault/driver.c"],
             SIGNALS: ["fault/signals.c", "support/overlap.c"]}
    objects = {program: compile_all(source, compiler, [], [tests / part for part in names],
                                    build / "programs") for program, names in parts.items()}
    missed = 0
    for number, (name, program, arguments, sign, edits, files) in enumerate(PLANTS):
        folder = build / str(number)
        plant(source, folder, edits, files)
        changed = compile_all(source, compiler, ["-fvisibility=hidden"],
                              [folder / Path(file).name for file in files], folder)
        linked = run([compiler, "-o", folder / program, *objects[program], *changed, library, "-pthread",
                      *(wrapped(source) if program == DRIVER else [])])
        if linked.returncode != 0:
            sys.exit(f"planted: {name}:\n{linked.stderr}")
        ran = run([folder / program, *arguments], timeout=100)
        found = ran.returncode == 1 and sign in ran.stdout + ran.stderr
        missed += not found
        print(f"{'found' if found else 'MISSED':6} {name}", flush=True)
        if not found:
            print(f"  status {ran.returncode}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    print(f"planted: {len(PLANTS) - missed} of {len(PLANTS)} found")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
