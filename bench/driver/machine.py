"""What the figures were taken on: processor, kernel, compilers, versions, date.

SPDX-License-Identifier: MIT
"""
import datetime
import os
import platform
import shutil
import subprocess
from pathlib import Path


def first_line(*command):
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [None])[0]


def field_of(path, name):
    try:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    except OSError:
        pass
    return None


def package_versions(rivals):
    names = [rival.package for rival in rivals if rival.package != "-"]
    if not names or shutil.which("dpkg-query") is None:
        return {}
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names],
                          capture_output=True, text=True, check=False)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def huge_page_mode():
    try:
        text = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text(encoding="utf-8")
        return text[text.index("[") + 1:text.index("]")]
    except (OSError, ValueError):
        return None


def describe(rivals, commit):
    return {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": commit,
            "processor": field_of("/proc/cpuinfo", "model name") or platform.machine(),
            "processors": len(os.sched_getaffinity(0)),
            "memory": field_of("/proc/meminfo", "MemTotal"),
            "kernel": f"{platform.system()} {platform.release()}",
            "huge_pages": huge_page_mode(),
            "libc": " ".join(platform.libc_ver()),
            "compilers": {"gcc": first_line("gcc", "--version"),
                          "g++": first_line("g++", "--version"),
                          "rustc": first_line("rustc", "--version")},
            "packages": package_versions(rivals)}
