"""Which modules one request passes: a profile function in the console's own process, written as JSON lines.

``install`` runs in each process of the console, through a ``sitecustomize`` module in its path. From the moment a
request enters a view until the view returns, each call from one module of the project into another is noted.
"""

import json
import os
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOTS = (f"{ROOT}/accounts_ui/", f"{ROOT}/console/")
VIEWS = f"{ROOT}/accounts_ui/views/"

LAYERS = (
    ("accounts_ui/views/", 4),
    ("accounts_ui/services/", 3),
    ("accounts_ui/directory/", 2),
    ("accounts_ui/changes/", 2),
    ("accounts_ui/plans/", 2),
    ("accounts_ui/preferences/", 2),
    ("accounts_ui/tasks/", 1),
    ("console/", 0),
)


def layer(module):
    """The layer of a module, higher ones first; ``None`` for helpers that any layer may use."""
    return next((number for prefix, number in LAYERS if module.startswith(prefix)), None)


def climbs(calls):
    """The calls that lead from a lower layer to a higher one."""
    known = [(one, other) for one, other in calls if layer(one) is not None and layer(other) is not None]
    return [(one, other) for one, other in known if layer(one) < layer(other)]


def sitecustomize(folder):
    """Write the module that installs the trace into each process that has ``folder`` in its path."""
    (folder / "sitecustomize.py").write_text("from tests.docs import call_trace\n\ncall_trace.install()\n")


def install():
    """Trace the threads of this process that are started from now on."""
    target = os.environ.get("CALL_TRACE_FILE")
    if target:
        threading.setprofile(lambda *args: _profile(target, *args))
        sys.setprofile(None)


class _Local(threading.local):
    def __init__(self):
        self.stack, self.calls, self.depth = [], [], 0


_local = _Local()


def _profile(target, frame, event, _arg):
    name = frame.f_code.co_filename
    if event not in ("call", "return") or not name.startswith(ROOTS):
        return
    module, stack = name[len(str(ROOT)) + 1 :], _local.stack
    if event == "return":
        _leave(target, stack)
    elif stack or name.startswith(VIEWS):
        if stack and stack[-1] != module:
            _local.calls.append((stack[-1], module))
        stack.append(module)


def _leave(target, stack):
    if stack:
        stack.pop()
        if not stack:
            with open(target, "a") as lines:
                lines.write(json.dumps(_local.calls) + "\n")
            _local.calls = []
