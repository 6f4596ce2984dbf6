"""A real console that traces which modules of the project a request passes, and where a lower layer calls a higher one.

``python -m tests.call_trace python -m gunicorn console.wsgi:application …`` runs the command with this module's
application in place of the console's own. A request with the header ``X-Call-Trace: NAME`` leaves ``NAME.json`` in the
folder ``CALL_TRACE``.

**What counts.** The trace begins when the request enters its view, and ends when the view returns. Each call of a
function counts for the module that defines it, and for the nearest caller below it that is code of the project: Django
and other libraries in between are looked through. A generator that is resumed counts as called. ``upward`` lists each
call from a module into a module of a higher layer. Returning from a call is not a call.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

LAYERS = (
    ("console", 0),
    ("accounts_ui.directory", 1),
    ("accounts_ui.changes", 1),
    ("accounts_ui.plans", 1),
    ("accounts_ui.preferences", 1),
    ("accounts_ui.csv_output", 1),
    ("accounts_ui.services", 2),
    (
        "accounts_ui",
        3,
    ),  # the rest: views, and what pages are made with (text, template environment, context processors)
)
_VIEWS = 3


def layer_of(module: str) -> int | None:
    """Return the layer of a module; ``None`` if it is no code of the project."""
    return next((layer for package, layer in LAYERS if f"{module}.".startswith(f"{package}.")), None)


class Trace:
    """What one request passes, as the profiler of its thread reports it."""

    def __init__(self) -> None:
        self.modules: dict[str, None] = {}  # in the order in which they are entered first
        self.upward: list[tuple[str, str]] = []
        self._view: FrameType | None = None
        self._is_over = False

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take note of a call, or of the return of the view."""
        if event == "return" and frame is self._view:
            self._is_over = True
        if event != "call" or self._is_over or frame.f_code.co_name == "<module>":
            return
        module = frame.f_globals.get("__name__", "")
        layer = layer_of(module)
        if layer is None or (self._view is None and not module.startswith("accounts_ui.views.")):
            return
        if self._view is None:
            self._view = frame
        else:
            self._note_caller(frame, module, layer)
        self.modules.setdefault(module)

    def _note_caller(self, frame: FrameType, module: str, layer: int) -> None:
        caller = frame.f_back
        while caller is not None:
            calling = caller.f_globals.get("__name__", "")
            calling_layer = layer_of(calling)
            if calling_layer is not None:
                if layer > calling_layer:
                    called = f"{module}.{frame.f_code.co_qualname}"
                    self.upward.append((f"{calling}.{caller.f_code.co_qualname}", called))
                return
            caller = caller.f_back

    def save(self, path: Path) -> None:
        """Write the trace for the test to read."""
        path.write_text(json.dumps({"modules": list(self.modules), "upward": self.upward}))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the console does, and trace the request if it asks for that."""
    from console.wsgi import application as console

    name = environ.get("HTTP_X_CALL_TRACE")
    if not name:
        return console(environ, start_response)
    trace = Trace()
    sys.setprofile(trace)
    try:
        return console(environ, start_response)
    finally:
        sys.setprofile(None)
        trace.save(Path(os.environ["CALL_TRACE"], f"{Path(name).name}.json"))


if __name__ == "__main__":
    command = [word.replace("console.wsgi:", "tests.call_trace:") for word in sys.argv[1:]]
    os.execvp(command[0], command)
