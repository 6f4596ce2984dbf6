"""Static files: hashed, compressed and kept by browsers for years once collected; served as they lie until then."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders, storage
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Addresses with a content hash for what ``collectstatic`` has collected, plain addresses for everything else.

    A fresh checkout has collected nothing and still shows its pages. WhiteNoise lets a browser keep a hashed address
    for ten years and a plain one for a minute.
    """

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of the file ``name``."""
        if name in self.hashed_files or force:
            return str(super().url(name, force))
        return storage.StaticFilesStorage.url(self, name)

    @property
    def is_collected(self) -> bool:
        """Whether ``collectstatic`` has run here."""
        return bool(self.hashed_files)


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise, without its complaint about a ``STATIC_ROOT`` that is not there yet."""

    def add_files(self, root: str | Path, prefix: str | None = None) -> None:
        """Serve the files below ``root``, where it exists."""
        if Path(root).is_dir():
            super().add_files(root, prefix)


def integrity(name: str) -> str:
    """The hash of the file that a browser is served for ``name`` (Subresource Integrity); empty where there is none.

    A cache, proxy or delivery network in between cannot swap a script for another one.
    """
    path = _served_file(name)
    return _hash(path, path.stat().st_mtime_ns) if path else ""


def _served_file(name: str) -> Path | None:
    served = storage.staticfiles_storage
    if isinstance(served, StaticFilesStorage) and (hashed := served.hashed_files.get(served.hash_key(name))):
        return Path(served.path(hashed))
    found = finders.find(name)
    return Path(found) if found else None


@lru_cache(maxsize=256)
def _hash(path: Path, changed_at: int) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
