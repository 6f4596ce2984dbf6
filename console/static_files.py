"""Static files: once collected, hashed, compressed and cached by browsers for years; until then served unchanged."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders, storage
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORT: Final = r"""(?P<matched>(?P<import>import [^;"]+ from) "(?P<url>\.[^"]+)";)"""


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """URLs with a content hash for collected files, plain URLs for everything else.

    A fresh checkout has collected nothing and still shows its pages. With WhiteNoise browsers cache a hashed URL for
    ten years and a plain one for a minute.
    """

    # The imports of our own scripts name hashed files, too. Django's switch for this reads the scripts of libraries
    # as well, and django-htmx ships one with imports of files that are not there.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((_IMPORT, '%(import)s "%(url)s";'),)),
    )

    def url(self, name: str | None, force: bool = False) -> str:
        """Return the URL of the file ``name``."""
        if name in self.hashed_files or force:
            return str(super().url(name, force))
        return storage.StaticFilesStorage.url(self, name)

    @property
    def is_collected(self) -> bool:
        """Whether ``collectstatic`` has run here."""
        return bool(self.hashed_files)


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise without its warning about a ``STATIC_ROOT`` that does not exist yet."""

    def add_files(self, root: str | Path, prefix: str | None = None) -> None:
        """Serve the files below ``root``, if it exists."""
        if Path(root).is_dir():
            super().add_files(root, prefix)


def integrity(name: str) -> str:
    """Return the hash of the file that browsers get for ``name`` (Subresource Integrity); empty if there is none.

    It keeps a cache, proxy or CDN from replacing a script by another one.
    """
    path = _served_file(name)
    return _hash(path, path.stat().st_mtime_ns) if path else ""


def _served_file(name: str) -> Path | None:
    served = storage.staticfiles_storage
    if isinstance(served, StaticFilesStorage) and (hashed := served.hashed_files.get(served.hash_key(name))):
        return Path(served.path(hashed))
    source = finders.find(name)
    return Path(source) if source else None


@lru_cache(maxsize=256)
def _hash(path: Path, changed_at: int) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
