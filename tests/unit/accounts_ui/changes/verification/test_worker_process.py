"""A process that verifies pieces can be started: what begins it loads no models before Django is set up."""

import subprocess
import sys


def test_what_begins_a_process_needs_no_django() -> None:
    script = "import sys; import accounts_ui.changes.verification.worker_process; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
