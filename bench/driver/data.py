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
    text: str       # paths from the project's root
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


def prepare(folder, json_mib):
    folder.mkdir(parents=True, exist_ok=True)
    text, document = folder / "text.txt", folder / f"document-{json_mib}.json"
    source = make_text(text)
    if not document.is_file():
        part = document.with_suffix(".part")
        subprocess.run([sys.executable, "-B", str(ROOT / "bench" / "data" / "make_json.py"),
                        str(json_mib), str(part)], check=True)
        part.rename(document)
    return Data(str(text.relative_to(ROOT)), str(document.relative_to(ROOT)), source)
