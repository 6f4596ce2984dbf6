"""A later release, whose records have one more field: ``python -m tests.changes.later_format FOLDER``.

It adds the field ``ticket`` as version 2 of the record, to a database whose events are of version 1, appends a change,
and verifies and exports everything. It prints JSON.
"""

import json
import sys
import uuid
from pathlib import Path

import django

from tests.appending import FACTS


def release() -> None:
    """Add the field: to the tables, to the models and to the table of versions."""
    from django.db import connection, models

    from accounts_ui.changes.chain import records
    from accounts_ui.changes.models import ArchivedEvent, Event

    for model in (Event, ArchivedEvent):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} ADD COLUMN ticket text NOT NULL DEFAULT ''")
        model.add_to_class("ticket", models.TextField(default=""))
    records.FIELDS[2] = (*records.FIELDS[1], "ticket")
    records.CURRENT_VERSION = 2


def main(folder: Path) -> None:
    django.setup()
    from accounts_ui.changes import exports, queries, writer
    from accounts_ui.changes.chain.keys import public_key
    from accounts_ui.changes.evidence import pack
    from accounts_ui.changes.queries import LogFilters
    from accounts_ui.changes.verification.export_file import verify_export
    from accounts_ui.changes.verification.verify_log import verify_log

    release()
    facts = {**FACTS, "subject_id": "person-later", "ticket": "T-1"}
    change = writer.request(uuid.uuid4(), facts, read_at_sequence=queries.end_of_log("acme"))
    writer.conclude(change, "applied", http_status=200, detail="", after="expired")
    export = list(exports.export_jsonl("acme", LogFilters()))
    (folder / "export.jsonl").write_text("".join(export), encoding="utf-8")
    admin = {"issuer": "i", "subject": "s", "name": "Ada", "email": ""}
    request = pack.PackRequest(organization_id="acme", organization_name="Acme", filters=LogFilters(), made_by=admin)
    (folder / "pack.zip").write_bytes(b"".join(pack.write_pack(request)))
    verified = {
        "database": verify_log("acme", public_key()).position.sequence,
        "export": verify_export(folder / "export.jsonl", public_key()).sequence,
        "versions": [json.loads(line)["v"] for line in export],
    }
    print(json.dumps(verified))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
