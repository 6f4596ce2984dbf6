"""The record of an event: one table says its fields, and everything that reads or writes records follows it."""

import datetime
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from accounts_ui.changes import exports
from accounts_ui.changes.chain import records
from accounts_ui.changes.chain.records import (
    ACTOR_FIELDS,
    CURRENT_VERSION,
    FIELDS,
    format_problem,
    record_hash,
    record_of,
)
from accounts_ui.changes.evidence import verify
from accounts_ui.changes.models import FACTS, ArchivedEvent, Change, Event
from accounts_ui.changes.schema import append_only, archive, search_index
from accounts_ui.changes.verification import projections

DESIGN_ORDER = ("v", "sequence", "change_id", "event", "at")


def event(**values: Any) -> Event:
    return Event(
        **{
            "v": CURRENT_VERSION,
            "sequence": 1,
            "change_id": uuid.UUID(int=1),
            "event": "requested",
            "at": datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.UTC),
            **values,
        }
    )


def columns_of(version: int) -> set[str]:
    """The columns that hold a record of this version."""
    actor = {f"actor_{part}" for part in ACTOR_FIELDS}
    return {*FIELDS[version], *actor} - {"actor"}


def test_the_tables_have_a_column_for_each_field_and_no_other() -> None:
    every = set().union(*(columns_of(version) for version in FIELDS))
    for model, more in ((Event, set()), (ArchivedEvent, {"run"})):
        assert {field.column for field in model._meta.concrete_fields} == every | more


def test_a_row_has_the_record_of_its_event() -> None:
    made = event(actor_name="Ada", evidence={"a": [1]}, about=None, detail_parts=["x"])
    row = tuple(getattr(made, name) for name in records.event_columns())
    assert records.record_of_row(row) == record_of(made)
    assert records.record_of_row(tuple(None if value == made.change_id else value for value in row)) == {
        **record_of(made),
        "change_id": None,
    }


def test_a_record_has_the_fields_of_its_version_in_their_order() -> None:
    record = record_of(event())
    assert tuple(record) == FIELDS[CURRENT_VERSION]
    assert tuple(record)[: len(DESIGN_ORDER)] == DESIGN_ORDER
    assert tuple(record["actor"]) == ACTOR_FIELDS
    assert record["at"] == "2026-01-02T03:04:05.000006Z"
    assert record["change_id"] == str(uuid.UUID(int=1))


def test_all_fields_but_hash_and_signature_are_hashed() -> None:
    record = record_of(event())
    for name in record:
        changed = record_hash({**record, name: "changed"}) != record_hash(record)
        assert changed == (name not in ("hash", "signature")), name


def test_an_export_has_the_fields_of_the_record() -> None:
    assert json.loads(records.line_of(event())) == record_of(event())


def test_the_evidence_verifier_has_the_same_table() -> None:
    assert verify.FIELDS == FIELDS
    assert verify.ACTOR == ACTOR_FIELDS


def test_the_table_of_changes_is_the_same_everywhere() -> None:
    assert verify.COLUMNS == exports.COLUMNS
    facts = {"change_id", "requested_at", "resolved_at", *FACTS} - {"detail_parts"}
    assert set(verify.COLUMNS) == facts | {"remark"}, "which is empty in a pack"
    assert set(verify.MOVING) == set(projections._MOVING) - {"detail_parts"}


def test_changes_have_the_facts_of_their_events() -> None:
    of_event_only = {
        "v",
        "sequence",
        "event",
        "at",
        "evidence",
        "about",
        "key_id",
        "previous_hash",
        "hash",
        "signature",
    }
    of_change_only = {"requested_at", "resolved_at", "last_sequence"}
    columns = {field.column for field in Change._meta.concrete_fields}
    assert columns - of_change_only == columns_of(CURRENT_VERSION) - of_event_only
    assert {"change_id", *FACTS} == columns - of_change_only


def test_triggers_know_the_columns() -> None:
    columns = {field.column for field in Change._meta.concrete_fields}
    may_change = {*projections._MOVING, "resolved_at", "last_sequence"}
    assert set(append_only.FROZEN) == columns - may_change
    assert set(archive.COLUMNS.split(", ")) == {field.column for field in Event._meta.concrete_fields}
    assert set(search_index.TEXTS) <= columns


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"v": 7}, "has the format version 7, which is not known here"),
        ({"v": True}, "has the format version True, which is not known here"),
        ({"v": None}, "has the format version None, which is not known here"),
        ({"color": "red"}, "has fields that format version 1 does not have: color"),
    ],
)
def test_a_record_of_another_format_is_named(change: dict[str, Any], problem: str) -> None:
    record = {**record_of(event()), **change}
    assert format_problem(record) == problem
    assert verify.format_problem(record) == problem.replace("is not known here", "this verify.py does not know")


def test_a_record_that_lacks_a_field_is_named() -> None:
    record = record_of(event())
    record.pop("ip")
    assert format_problem(record) == "lacks fields of format version 1: ip"


def test_an_event_of_an_unknown_version_is_no_error_but_a_problem() -> None:
    assert format_problem(record_of(event(v=9))).startswith("has the format version 9")


def test_the_frozen_migration_has_the_triggers_of_the_code() -> None:
    migration = Path(__file__).parents[5] / "accounts_ui/changes/migrations/0002_triggers.py"
    text = " ".join(migration.read_text().split())
    for vendor in ("sqlite", "postgresql"):
        for trigger in archive.expected_triggers(vendor):
            statements = [trigger.for_sqlite()] if vendor == "sqlite" else trigger.for_postgresql("{schema}")
            for statement in statements:
                assert " ".join(statement.split()) in text, trigger.name
