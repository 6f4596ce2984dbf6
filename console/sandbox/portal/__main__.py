"""Serves ``portal.html``: ``python -m console.sandbox.portal --port 8003 --console http://127.0.0.1:8000``."""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class PortalHandler(BaseHTTPRequestHandler):
    """Answers every request with the same page."""

    page = b""

    def do_GET(self) -> None:
        """Send the page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--console", required=True, help="the console's origin")
    options = parser.parse_args()
    text = Path(__file__).with_name("portal.html").read_text(encoding="utf-8")
    PortalHandler.page = text.replace("CONSOLE_ORIGIN", options.console).encode()
    ThreadingHTTPServer(("127.0.0.1", options.port), PortalHandler).serve_forever()


if __name__ == "__main__":
    main()
