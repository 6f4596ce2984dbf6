"""How the readers of ``console.env`` understand it: a shell, systemd and Podman."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

_PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


def read_by_shell(path: Path) -> dict[str, str]:
    """Return what ``set -a; . FILE`` sets, in a real shell."""
    program = f'set -a; . "$1"; set +a; exec "{sys.executable}" -c "$2"'
    env = {"PATH": os.environ["PATH"]}
    result = subprocess.run(
        ["sh", "-euc", program, "sh", str(path), _PRINT], env=env, capture_output=True, text=True, check=True
    )
    assert result.stderr == ""
    found = json.loads(result.stdout)
    return {
        name: value for name, value in found.items() if name not in ("PATH", "PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE")
    }


def read_by_podman(path: Path) -> dict[str, str]:
    """Return what ``--env-file`` sets: everything after the first ``=``, quotes and blanks included.

    Comments begin at the start of a line. A name without ``=`` is taken from the caller's environment.
    """
    found = {}
    for line in path.read_text().splitlines():
        text = line.lstrip()
        if text and not text.startswith("#"):
            name, equals, value = text.partition("=")
            assert equals, f"{line!r} would be taken from the caller's environment"
            assert not re.search(r"\s", name), line
            found[name] = value
    return found


def read_by_systemd(path: Path) -> dict[str, str]:
    """Return what ``EnvironmentFile=`` sets (systemd.exec(5)).

    Quotes are removed, a backslash outside of single quotes escapes the next character or line break, and blanks at the
    end of an unquoted value are dropped. Comments begin with ``#`` or ``;`` at the start of a line. ``$`` stays as it is.
    """
    text, position, found = path.read_text(), 0, {}
    while position < len(text):
        line_end = text.find("\n", position) % (len(text) + 1)
        if re.match(r"[ \t]*([#;].*)?$", text[position:line_end]):
            position = line_end + 1
            continue
        name, equals, _ = text[position:line_end].partition("=")
        assert equals, f"{name!r} is ignored"
        value, position = _systemd_value(text, position + len(name) + 1)
        found[name.strip()] = value
    return found


def _systemd_value(text: str, position: int) -> tuple[str, int]:
    """Return the value that begins here, and where the next line begins."""
    value, kept, quote = "", 0, ""
    while position < len(text):
        character = text[position]
        position += 1
        if quote:
            if character == quote:
                quote = ""
                continue
            if character == "\\" and quote == '"' and position < len(text):
                character, position = ("" if text[position] == "\n" else text[position]), position + 1
        elif character == "\n":
            break
        elif character in "'\"":
            quote, kept = character, len(value)
            continue
        elif character == "\\" and position < len(text):
            character, position = ("" if text[position] == "\n" else text[position]), position + 1
        elif character in " \t" and not value:
            continue
        value += character
        kept = len(value) if character not in " \t" or quote else kept
    return value[:kept], position


READERS = {"sh": read_by_shell, "systemd": read_by_systemd, "podman": read_by_podman}
