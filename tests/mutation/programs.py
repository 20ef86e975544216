"""The test programs that may kill a mutant, as the tests' CMakeLists.txt has them: what each is made of, how it is
called, and what it needs besides. Those that are too slow for every mutant (see lab.py), or that need the mutant to be
compiled in another way, get the survivors only. What a program needs to be repeatable stands here: seeds, scales.

SPDX-License-Identifier: MIT
"""
import importlib.util
import re
import shutil
import sys
from dataclasses import dataclass, field

MODEL_WORLDS = 3
EXPLORED_SECONDS = "10"   # then a scenario ends without a fault: no verdict
# The core compiled in another way: name -> flags, what is left out of it, what is added to it.
VARIANTS = {
    "forced": (["-D_GNU_SOURCE=", "-include", "tests/forced/order/order_forced.h"], "", "tests/forced/order/forced.c"),
    "played": (["-std=gnu11", "-U_FORTIFY_SOURCE", "-include", "tests/explore/order_played.h"], "src/platform/", ""),
}
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
    variant: str = ""        # the core that it is linked with: as shipped, or one of VARIANTS
    without: str = ""        # files of the core that it has its own of
    command: list = field(default_factory=list)  # what runs it; {out}: the lab's folder
    late: int = 0            # 1: survivors only, whatever they change; 2: when nothing else has killed them
    least: float = 0.0       # seconds that it may take in any case
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


def variant_flags(root, variant):
    return [str(root / flag) if flag.startswith("tests/") else flag for flag in VARIANTS[variant][0]] if variant else []


def fuzz_programs(root):
    """The corpora of the repository, replayed."""
    folder = root / "tests/fuzz"
    if not is_there(folder, "replay.c"):
        return
    corpora = {name: [str(folder / "corpus" / name)] for name in ("arithmetic", "lifetimes")}
    yield Program("fuzz.arithmetic", "fuzz_arithmetic", [folder / "replay.c", folder / "arithmetic.c"],
                  corpora["arithmetic"], core=False)
    models = [root / f"tests/support/{name}.c" for name in ("model", "model_family", "model_lifetimes", "model_rooms",
                                                            "model_verbs")]
    yield Program("fuzz.lifetimes", "fuzz_lifetimes",
                  [*(folder / f"{name}.c" for name in ("replay", "lifetimes", "odd", "platform")), *models],
                  corpora["lifetimes"], flags=['-DRANDOM_CHOICES="fuzz/choices.h"'], without="src/platform/")


def forced_programs(root):
    for source in sorted((root / "tests/forced").glob("*.c")):
        yield Program(f"forced.{source.stem}", f"forced_{source.stem}", [source], variant="forced", late=1)
    model = root / "tests/model/operations.c"
    if is_there(root, model, "tests/forced/order/forced.c"):
        for world in range(MODEL_WORLDS):
            yield Program(f"forced.operations.{world}", "forced_operations", [model], ["1", "3000", str(world)],
                          {"BITENA_FORCED_EVERY": "3"}, variant="forced", late=1)


def explored_programs(root):
    """The interleaving explorer's scenarios in their short form."""
    script = root / "tests/explore/run.py"
    if not script.is_file():
        return
    sys.path.insert(0, str(script.parent))  # for the modules beside it
    spec = importlib.util.spec_from_file_location("explore_run", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for scenario, ((preemptions, spurious), _) in module.BOUNDS.items():
        yield Program(f"explore.{scenario}", "explore", sorted(script.parent.glob("*.c")),
                      ["--preemptions", preemptions, "--spurious", spurious, "--seconds", EXPLORED_SECONDS, scenario],
                      flags=["-O2", *variant_flags(root, "played")], variant="played", without="src/platform/", late=1,
                      least=3 * float(EXPLORED_SECONDS))


def costly_programs(root):
    """The soak for as short as it goes; and the instructions of every verb, of which none may be more or fewer than
    with the shipped library: the only killer of mutants that do the same by a longer way."""
    soak = sorted((root / "tests/soak").glob("*.c"))
    if soak:
        yield Program("soak.plain", "soak_plain", soak, ["1", "1"], late=1, least=20)
    verbs = sorted((root / "bench/verbs").glob("*.c"))
    if verbs and shutil.which("valgrind"):
        yield Program("bench.verbs", "bench_verbs", verbs, flags=["-O2"], late=2,
                      command=[sys.executable, str(root / "tools/instructions"), "--exact", "{out}/instructions.txt"])


def all_programs(root):
    return [*unit_programs(root), *slower_programs(root), *fault_programs(root), *fuzz_programs(root),
            *forced_programs(root), *explored_programs(root), *costly_programs(root)]
