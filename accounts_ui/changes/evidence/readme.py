"""The README.txt of an evidence pack."""

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final = """\
EVIDENCE PACK

Organization   {organization}
Selection      {selection}
Made at        {made_at}
Made by        {made_by}
Log            up to sequence {sequence}, of all organizations of this console{elsewhere}

WHAT IS IN IT

events.jsonl      The events of each change of the selection, one a line, in the order of the log. Each is hashed
                  (SHA-256 of its RFC 8785 canonical JSON without hash and signature), signed (Ed25519 over the 32
                  bytes of the hash), and names the hash of the event before it in the log.
changes.csv       The same changes as a table, newest first: what was asked for, and what came of it. A pending that
                  nobody can be working on any more stands there as unknown. A cell that a spreadsheet would take for
                  a formula begins with an apostrophe.
checkpoint.json   Where the log ended when the pack was made, signed.
public-keys.json  The keys that may have signed, oldest first, each with the first and last sequence of its range.
manifest.json     The SHA-256 of every other file, organization, selection and number of events and changes, signed.
verify.py         Verifies all of that. It needs Python 3.9 or newer and the package "cryptography", nothing else.

HOW TO VERIFY

    python3 -m pip install cryptography
    python3 verify.py PACK.zip --public-key KEY

KEY is the public key of the console, from its operator (manage.py checkpoint --public-key) and not from this pack:
a pack that brings its own keys proves nothing about who made it. Where former keys signed part of the log, give each,
oldest first, as --public-key KEY@LAST. A verify.py that came with a pack can have been changed like anything in it:
take one from the console's source code, or read it; it is one file.

It exits with 0 if all is well, and with 1 at the first break, with the sequence and what is wrong there.

WHAT IT PROVES

- Each event is what the console signed, and stands at its place in the log. Nothing was changed since.
- The selection is what the console handed out: the manifest shows a row that was dropped or added since.
- The table says what the events say.
- If the pack holds the whole log (as many events as the checkpoint's sequence), nothing is missing in between.

WHAT IT CANNOT PROVE

- That events outside of the selection do not exist. Gaps in the sequence are other changes, or other organizations.
- That nothing was cut from the end of the log before the pack was made. A checkpoint that was kept elsewhere shows
  that: --checkpoint FILE, one a line.
- Anything against somebody who holds the signing key and all rights on the console's database.
"""


def readme(manifest: Mapping[str, Any], organization: str, checkpoint: Mapping[str, Any]) -> str:
    """The text, for what the manifest says so far."""
    maker = manifest["made_by"]
    return _TEXT.format(
        organization=_line(f"{organization} ({manifest['organization_id']})"),
        selection=_line(", ".join(f"{name}: {value}" for name, value in manifest["filters"].items()) or "all changes"),
        made_at=manifest["made_at"],
        made_by=_line(f"{maker['name']} <{maker['email']}>, {maker['subject']} at {maker['issuer']}"),
        sequence=checkpoint["sequence"],
        elsewhere="".join(map(_elsewhere, manifest.get("held_elsewhere", ()))),
    )


def _elsewhere(archive: Mapping[str, Any]) -> str:
    bounds = f"{archive['first_sequence']} to {archive['last_sequence']}"
    return f"\nNOT IN IT      events {bounds}, and their changes: archived in {_line(archive['file'])}"


def _line(text: str) -> str:
    """The text on one line, whatever is in a name."""
    return "".join(character if character.isprintable() else " " for character in text)
