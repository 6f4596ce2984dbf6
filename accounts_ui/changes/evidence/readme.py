"""The README.txt of an evidence pack."""

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final = """\
EVIDENCE PACK

Organization   {organization}
Selection      {selection}
Made at        {made_at}
Made by        {made_by}
Log            {origin}, {size} events{elsewhere}

CONTENTS

events.jsonl      The events of each change of the selection, one a line, in the order of the log, and those about the
                  log itself: changes of the signing key, and breaks that were acknowledged. Each is hashed (SHA-256 of
                  its RFC 8785 canonical JSON without hash and signature), signed (Ed25519 over the 32 bytes of the
                  hash), and names the hash of the event before it in the log.
tree.jsonl        The hashes over the events that are not in the pack, one a line: level of the node, its first leaf
                  (the first event is leaf 0), and hash in base64. With them and the events, anybody can compute the
                  root hash of the log's tree (RFC 9162; a leaf is the canonical JSON of a whole record).
checkpoint.txt    Where the log ended when the pack was made: its size and root hash, signed (c2sp.org/tlog-checkpoint).
changes.csv       The same changes as a table, newest first: what was requested, and the outcome. A pending change that
                  no process can be executing any more is listed as unknown. An apostrophe stands before each
                  character that a spreadsheet could take for the start of a formula.
public-key.txt    The public key that signed the checkpoint and the manifest, in base64.
manifest.json     The SHA-256 of every other file, organization, selection and number of events and changes, signed.
verify.py         Verifies all of this. It needs Python 3.9 or newer and the package "cryptography", nothing else.

HOW TO VERIFY

    python3 -m pip install cryptography
    python3 verify.py PACK.zip --public-key KEY

KEY is the current public key of the console, from its operator (manage.py checkpoint --public-key) and not from this
pack: a pack that brings its own key proves nothing about who made it. Former keys follow from the events with which
they were replaced. A verify.py that came with a pack can have been changed like anything else in it: take it from the
console's source code, or read it; it is one file.

It exits with 0 if everything verifies, and with 1 at the first break; it prints the sequence and what is wrong. It also
says which key signed which events, and which breaks were acknowledged.

WHAT IT PROVES

- Each event is in the log that the console's current key signed, at its place. Nothing was changed since. What somebody
  signs with a stolen former key is not in that log, and does not verify.
- The selection is what the console exported: the manifest shows if a row was removed or added since.
- The table agrees with the events.
- If the selection is "all changes", nothing is missing from the first to the last event of the organization, but for
  what is listed above as not in it.

WHAT IT DOES NOT PROVE

- That events outside of the selection do not exist. Gaps in the sequence are other changes.
- That nothing was cut from the end of the log before the pack was made. A checkpoint that was stored elsewhere shows
  that: --checkpoint FILE, with one or several of them, one after the other.
- Anything, if an attacker has the current signing key and all rights on the console's database.
"""


def readme(manifest: Mapping[str, Any], organization: str, origin: str, size: int) -> str:
    """Return the text for a manifest of the log with this origin and so many events."""
    maker = manifest["made_by"]
    return _TEXT.format(
        organization=_line(f"{organization} ({manifest['organization_id']})"),
        selection=_line(", ".join(f"{name}: {value}" for name, value in manifest["filters"].items()) or "all changes"),
        made_at=manifest["made_at"],
        made_by=_line(f"{maker['name']} <{maker['email']}>, {maker['subject']} at {maker['issuer']}"),
        origin=origin,
        size=size,
        elsewhere="".join(map(_elsewhere, manifest["held_elsewhere"])),
    )


def _elsewhere(archive: Mapping[str, Any]) -> str:
    bounds = f"{archive['first_sequence']} to {archive['last_sequence']}"
    return f"\nNOT IN IT      events {bounds}, and their changes: archived in {_line(archive['file'])}"


def _line(text: str) -> str:
    """Return the text on one line: a name can contain line breaks."""
    return "".join(character if character.isprintable() else " " for character in text)
