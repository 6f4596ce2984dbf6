"""The files of an archived part: each is written whole or not at all, and never over another one.

A run that fails or is killed can leave files behind. They do not block the next run, which takes over those that say
the same as what it would write.
"""

import filecmp
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

MODE: Final = 0o640
"""For the owner, and for the group to read: the files have names and addresses of people."""


class FileDiffers(Exception):
    """A file of this name is there already, with another content."""


@dataclass(frozen=True, slots=True)
class ArchiveFiles:
    """The paths of the export of a part, of a checkpoint of its end, and of what an export after it continues from."""

    export: Path
    checkpoint: Path
    end: Path

    @classmethod
    def of(cls, organization_id: str, first: int, last: int, folder: Path) -> "ArchiveFiles":
        """Return the files of a part, named after its log and its bounds."""
        name = f"changes-{quote(organization_id, safe='')}-{first}-{last}"
        return cls(*(folder / f"{name}.{suffix}" for suffix in ("jsonl", "checkpoint.txt", "end.json")))

    def export_digest(self) -> str:
        """Return the SHA-256 of the export."""
        with self.export.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _is_same(one: Path, other: Path) -> bool:
    return filecmp.cmp(one, other, shallow=False)


def write_file(path: Path, content: Iterable[str], is_same: Callable[[Path, Path], bool] = _is_same) -> bool:
    """Write a file durably, under its name only once it is whole. Return whether it was not there yet.

    Raises:
        FileDiffers: it is there, and ``is_same`` denies that it says the same.
        OSError: it cannot be written.

    """
    for former in path.parent.glob(f".{path.name}.*"):
        former.unlink(missing_ok=True)  # of a run that was killed
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write(temporary, content)
        if is_new := not path.exists():
            temporary.rename(path)
            _sync_folder(path.parent)
        elif not is_same(path, temporary):
            raise FileDiffers(f"{path} is there already, says something else, and is not overwritten.")
    finally:
        temporary.unlink(missing_ok=True)
    return is_new


def _write(path: Path, content: Iterable[str]) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
        os.fchmod(file.fileno(), MODE)  # whatever the umask
        file.writelines(text.encode() for text in content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
