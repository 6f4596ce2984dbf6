"""The container's health check: asks the console in the same container whether it is alive. It loads no Django."""

import os
import ssl
import sys
import urllib.error
import urllib.request

SECONDS = 4


def main() -> int:
    """Return 0 if ``/healthz`` answers 200."""
    host, _, port = os.environ.get("CONSOLE_BIND", "127.0.0.1:8000").rpartition(":")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104  (not bound here)
    scheme = "https" if os.environ.get("CONSOLE_TLS_CERTIFICATE") else "http"
    # The certificate is for another name, and nothing secret is sent.
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))  # noqa: S323
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(f"{scheme}://{host}:{port}/healthz", timeout=SECONDS) as answer:
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
