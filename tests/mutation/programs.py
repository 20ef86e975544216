"""The test programs that may kill a mutant, as the tests' CMakeLists.txt has them: what each is made of, how it is
called, and what it needs besides. Those that are too slow for every mutant (see lab.py) get the survivors only.

SPDX-License-Identifier: MIT
"""
import importlib.util
import re
import sys
from dataclasses import dataclass, field

MODEL_WORLDS = 3
PLUGINS = {"two_copies": ("ab", "-Wl,--exclude-libs,ALL"), "shared_ids": ("cd", "-Wl,-Bsymbolic-functions")}


@dataclass
class Program:
    name: str
    binary: str              # programs with one binary are built once
    sources: list
    arguments: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    flags: list = field(default_factory=list)
    plugins: tuple = ()
    core: bool = True        # False: it compiles a header, and links nothing
    seconds: float = 0.0     # with the library as shipped
    memory: str = "unlimited"


def is_there(root, *names):
    return all((root / name).is_file() for name in names)


def unit_programs(root):
    for source in sorted((root / "tests/unit").glob("*.c")):
        letters, link = PLUGINS.get(source.stem, ("", ""))
        flags = [f'-DPLUGIN_{letter.upper()}="./plugin_{letter}.so"' for letter in letters]
        yield Program(f"unit.{source.stem}", f"unit_{source.stem}", [source], flags=flags,
                      plugins=tuple((letter, link) for letter in letters))


def slower_programs(root):
    for source in sorted((root / "tests/stress").glob("*.c")):
        yield Program(f"stress.{source.stem}", f"stress_{source.stem}", [source],
                      environment={"BITENA_STRESS_SCALE": "20", "BITENA_SEED": "1"})
    model = root / "tests/model/operations.c"
    if is_there(root, model):
        for steps in ("3000", "60000"):
            for world in range(MODEL_WORLDS):
                yield Program(f"model.{steps}.{world}", "model_operations", [model], ["1", steps, str(world)])
    exhaustive = root / "tests/proof/exhaustive.c"
    if is_there(root, exhaustive):
        yield Program("proof.exhaustive", "exhaustive", [exhaustive], ["4"], core=False)


def fault_programs(root):
    folder = root / "tests/fault"
    if not is_there(folder, "calls.h", "scenarios.c"):
        return
    rows = re.findall(r"^ +X\((\w+),", (folder / "calls.h").read_text(encoding="utf-8"), re.M)
    table = (folder / "scenarios.c").read_text(encoding="utf-8").split("scenarios[] = {")[-1]
    names = re.findall(r'\{"(\w+)",', table)
    if not names:
        raise SystemExit("mutation: no scenario is found in tests/fault/scenarios.c; bring programs.py up to date")
    sources = [folder / f"{part}.c" for part in ("driver", "calls", "verbs", "scenarios")]
    wraps = [f"-Wl,--wrap={name}" for name in rows]
    for name in names:
        yield Program(f"fault.{name}", "fault_driver", sources, [name], flags=wraps)
    yield Program("fault.signals", "fault_signals", [folder / "signals.c"], environment={"BITENA_SEED": "1"})


def all_programs(root):
    return [*unit_programs(root), *slower_programs(root), *fault_programs(root)]


def explorer(root):
    """tests/explore/run.py as a module, or None."""
    script = root / "tests/explore/run.py"
    if not script.is_file():
        return None
    sys.path.insert(0, str(script.parent))  # for the modules beside it
    spec = importlib.util.spec_from_file_location("explore_run", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.FLAGS = [flag for flag in module.FLAGS if not flag.startswith("-W")] + ["-w"]  # mutants look odd
    return module
