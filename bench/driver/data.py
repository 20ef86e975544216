"""What the workloads read: a real text and a generated document, made once in the build folder.

The text is all of Debian's package fortunes (2.6 MB of English prose, quotations and jokes).

SPDX-License-Identifier: MIT
"""
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .rivals import ROOT

FORTUNES = Path("/usr/share/games/fortunes")
OTHER_TEXTS = Path("/usr/share/common-licenses")


@dataclass(frozen=True)
class Data:
    text: str       # paths, from the project's root if they are in it
    document: str
    text_source: str


def plain_files(folder):
    return sorted(path for path in folder.glob("*") if path.suffix == "" and path.is_file()
                  and not path.is_symlink())


def make_text(path):
    """Returns what it is made of."""
    folder, source = (FORTUNES, "Debian's fortunes") if FORTUNES.is_dir() else (
        OTHER_TEXTS, "the licences of Debian's base-files")
    files = plain_files(folder)
    if not files:
        raise SystemExit(f"bench: no text to read: install fortunes ({FORTUNES} is missing)")
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    return source


def make_document(folder, json_mib):
    document = folder / f"document-{json_mib}.json"
    if not document.is_file():
        part = document.with_suffix(".part")
        subprocess.run([sys.executable, "-B", str(ROOT / "bench" / "data" / "make_json.py"),
                        str(json_mib), str(part)], check=True)
        part.rename(document)
    return document


def named(path):
    """A build folder may stand elsewhere."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def prepare(folder, json_mib):
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "text.txt"
    source = make_text(text)
    return Data(named(text), named(make_document(folder, json_mib)), source)
