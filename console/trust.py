"""Which certificate authorities are trusted: the system's, and beside them those of ``CA_BUNDLE``.

The same for every connection that the console opens: provider, directory, checkpoints, PostgreSQL, Redis and syslog.
This module imports no Django: ``console.settings`` calls it while it loads.
"""

import contextlib
import os
import ssl
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import certifi

RELAXED_FLAGS: Final = ssl.VERIFY_X509_STRICT
"""Python 3.13 refuses authorities without a key usage or a key identifier, as many companies have them.

Signatures, names and dates are verified all the same, and by the same rules with each version of Python.
"""


def tls_context(bundle: str = "") -> ssl.SSLContext:
    """Return a new context that verifies servers by the system's authorities and those in the file ``bundle``."""
    store = system_store()
    context = ssl.create_default_context(
        cafile=store if os.path.isfile(store) else None, capath=store if os.path.isdir(store) else None
    )
    if bundle:
        context.load_verify_locations(cafile=bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~RELAXED_FLAGS
    return context


def system_store() -> str:
    """Return the file or folder of the system's authorities; certifi's file if the system has none."""
    paths = ssl.get_default_verify_paths()  # with SSL_CERT_FILE and SSL_CERT_DIR, which say where a system has them
    if paths.cafile:
        return paths.cafile
    if paths.capath and any(Path(paths.capath).iterdir()):
        return paths.capath
    return certifi.where()


def database_trust(options: Mapping[str, Any], bundle: str) -> dict[str, str]:
    """Return libpq's option for the authorities: if there is a bundle, or ``sslmode`` asks for verification.

    With it, ``sslmode=require`` verifies the authority, too (libpq, "SSL Support").
    """
    verifies = str(options.get("sslmode", "")).startswith("verify-")
    return {"sslrootcert": combined_file(bundle)} if bundle or verifies else {}


def cache_trust(location: str, bundle: str) -> dict[str, Any]:
    """Return the options of the Redis client. It trusts the system's authorities by itself."""
    if not location.startswith("rediss:"):
        return {}
    options: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    options["ssl_exclude_verify_flags"] = [RELAXED_FLAGS]
    return {**options, "ssl_ca_certs": bundle} if bundle else options


@lru_cache(maxsize=2)
def combined_file(bundle: str) -> str:
    """Return the path of one file with the system's authorities and those of ``bundle``, for libpq, which takes one."""
    store = system_store()
    if not bundle and os.path.isfile(store):
        return store
    texts = [_pem_texts(store), Path(bundle).read_bytes() if bundle else b""]
    return _anonymous_file(b"\n".join(texts))


def _pem_texts(store: str) -> bytes:
    if os.path.isfile(store):
        return Path(store).read_bytes()
    files = [path for path in sorted(Path(store).iterdir()) if path.is_file()]
    return b"\n".join(content for path in files if b"BEGIN CERTIFICATE" in (content := path.read_bytes()))


def _anonymous_file(content: bytes) -> str:
    """Return a path that only this process can open: nobody else can change the file, and none is left behind."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("certificate-authorities")
        with contextlib.closing(os.fdopen(os.dup(descriptor), "wb")) as file:
            file.write(content)
        return f"/proc/self/fd/{descriptor}"
    descriptor, path = tempfile.mkstemp(prefix="certificate-authorities-", suffix=".pem")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path
