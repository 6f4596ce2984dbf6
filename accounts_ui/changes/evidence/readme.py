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

CONTENTS

events.jsonl      The events of each change of the selection, one a line, in the order of the log. Each is hashed
                  (SHA-256 of its RFC 8785 canonical JSON without hash and signature), signed (Ed25519 over the 32
                  bytes of the hash), and names the hash of the event before it in the log.
changes.csv       The same changes as a table, newest first: what was requested, and the outcome. A pending change that
                  no process can be executing any more is listed as unknown. An apostrophe stands before each
                  character that a spreadsheet could take for the start of a formula.
checkpoint.json   Where the log ended when the pack was made, signed.
public-keys.json  The keys that may have signed, oldest first, each with the first and last sequence of its range.
manifest.json     The SHA-256 of every other file, organization, selection and number of events and changes, signed.
verify.py         Verifies all of this. It needs Python 3.9 or newer and the package "cryptography", nothing else.

HOW TO VERIFY

    python3 -m pip install cryptography
    python3 verify.py PACK.zip --public-key KEY

KEY is the public key of the console, from its operator (manage.py checkpoint --public-key) and not from this pack:
a pack that brings its own keys proves nothing about who made it. If former keys signed part of the log, give each of
them, oldest first, as --public-key KEY@LAST. A verify.py that came with a pack can have been changed like anything
else in it: take it from the console's source code, or read it; it is one file.

It exits with 0 if everything verifies, and with 1 at the first break; it prints the sequence and what is wrong.

WHAT IT PROVES

- Each event is what the console signed, at its place in the log. Nothing was changed since.
- The selection is what the console exported: the manifest shows if a row was removed or added since.
- The table agrees with the events.
- If the pack holds the whole log (as many events as the checkpoint's sequence), nothing is missing in between.

WHAT IT DOES NOT PROVE

- That events outside of the selection do not exist. Gaps in the sequence are other changes, or other organizations.
- That nothing was cut from the end of the log before the pack was made. A checkpoint that was stored
  elsewhere shows that: --checkpoint FILE, one a line.
- Anything, if an attacker has the signing key and all rights on the console's database.
"""


def readme(manifest: Mapping[str, Any], organization: str, checkpoint: Mapping[str, Any]) -> str:
    """Return the text for a manifest."""
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
    """Return the text on one line: a name can contain line breaks."""
    return "".join(character if character.isprintable() else " " for character in text)
