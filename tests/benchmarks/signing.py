"""Signs a log that ``filling`` wrote, as the console signs: each event, in the order of the chain.

``python -m tests.benchmarks.signing``, in the environment of a console. Then ``verify_changes`` verifies it.
"""

from typing import Final

import django
from django.db import connection, transaction

from tests.benchmarks.filling import unguarded

_CHUNK: Final = 2_000
_SEALED: Final = (
    "UPDATE changes_event SET key_id = %s, previous_hash = %s, hash = %s, signature = %s "
    "WHERE organization_id = 'acme' AND sequence = %s"
)


def sign_all() -> int:
    """How many it signed."""
    from accounts_ui.changes.chain import keys
    from accounts_ui.changes.chain.records import FIRST_PREVIOUS_HASH, key_id, record_hash, record_of, sign
    from accounts_ui.changes.models import Event

    key, previous, last = keys.signing_key(), FIRST_PREVIOUS_HASH, 0
    name = key_id(key.public_key())
    while chunk := list(Event.objects.filter(organization_id="acme", sequence__gt=last).order_by("sequence")[:_CHUNK]):
        sealed = []
        for event in chunk:
            event.key_id, event.previous_hash = name, previous
            previous, last = record_hash(record_of(event)), event.sequence
            sealed.append((name, event.previous_hash, previous, sign(key, bytes.fromhex(previous)), last))
        with connection.cursor() as cursor:
            cursor.executemany(_SEALED, sealed)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE changes_loghead SET sequence = %s, hash = %s, key_id = %s", [last, previous, name])
    return last


if __name__ == "__main__":
    django.setup()
    connection.ensure_connection()
    with transaction.atomic(), unguarded(connection.connection.execute, connection.vendor):
        print(sign_all())
