"""``CONSOLE_PATH_PREFIX``: the console below a path of a host that has other applications, too."""

from collections.abc import Callable, Iterable
from typing import Any, Final

PROBE_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Where probes and Prometheus look. They are never below the prefix, so that a proxy that serves it lets none out."""

WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def strip_path_prefix(application: WsgiApplication, prefix: str) -> WsgiApplication:
    """Return the application as it is below ``prefix``, whether or not the proxy has removed it from the path.

    Django puts it back in front of each link (``FORCE_SCRIPT_NAME``).
    """
    if not prefix:
        return application

    def below_prefix(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        rest = environ.get("PATH_INFO", "").removeprefix(prefix)
        if rest != environ.get("PATH_INFO") and (rest == "" or rest.startswith("/")) and rest not in PROBE_PATHS:
            environ["PATH_INFO"] = rest or "/"
        return application(environ, start_response)

    return below_prefix
