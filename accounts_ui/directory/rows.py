"""The rows of the directory's answers, in all their shapes.

Birth date, gender, citizenship and pictures are never stored: the structs have no fields for them. Undocumented fields
are stored as they came in ``extra``, and shown.
"""

import json
from typing import Any

import msgspec

from console.plain_text import has_visible

# Fields that this console must not store.
_PRIVATE = frozenset({"birthdate", "gender", "citizenship", "picture", "metadata_public", "identity"})

_IDENTITY_FIELDS = frozenset({"identity", "org_id", "acls", "status", "creation_date", "effective_date"})
_ACCOUNT_FIELDS = frozenset(
    {
        "id",
        "account_code",
        "code",
        "org_id",
        "subject_id",
        "status",
        "creation_date",
        "effective_date",
        "expiration_date",
    }
)
_TYPE_FIELDS = frozenset(
    {
        "code",
        "name",
        "description",
        "org_id",
        "status",
        "creation_date",
        "modified_date",
        "subscriptions",
        "permissions",
        "requirements",
        "specifications",
        "agreements",
        "roles",
    }
)
# Fields that only an account type has: any of them tells it from an account without a subject.
_TYPE_MARKS = frozenset({"name", "description", "subscriptions", "permissions", "requirements", "specifications"})


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A *user reference*: somebody in the organization. ``subject_id`` is ``None`` if the person record is gone."""

    subject_id: str | None
    name: str = ""
    email: str = ""
    username: str = ""
    status: str = ""
    roles: tuple[str, ...] = ()
    org_id: str = ""
    created_at: str = ""
    effective_at: str = ""
    extra: dict[str, str] = {}


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A *user account*: a person who has an account type, with a status."""

    subject_id: str
    code: str
    status: str = ""
    id: str = ""
    org_id: str = ""
    created_at: str = ""
    effective_at: str = ""
    expires_at: str = ""
    extra: dict[str, str] = {}


class AccountType(msgspec.Struct, frozen=True, kw_only=True):
    """An *account type* of the organization."""

    code: str
    name: str = ""
    description: str = ""
    status: str = ""
    org_id: str = ""
    created_at: str = ""
    modified_at: str = ""
    subscriptions: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    agreements: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    requirements: dict[str, Any] = {}
    specifications: dict[str, Any] = {}
    extra: dict[str, str] = {}


class OtherRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that fits none of the three shapes, as compact JSON, as it came."""

    text: str
    status: str = ""


Row = Person | Account | AccountType | OtherRow


class NotRows(ValueError):
    """The body is not a JSON array."""


def parse_row(item: Any) -> Row:
    """Parse one row. Its fields decide which kind of row it is."""
    if not isinstance(item, dict):
        return _other(item)
    if _is_text(item.get("subject_id")) and _is_text(_account_code(item)):
        return _account(item)
    if _is_text(item.get("code")) and "subject_id" not in item and not _looks_like_person(item):
        return _type(item) if _TYPE_MARKS & item.keys() or "status" in item else _other(item)
    if _looks_like_person(item):
        return _person(item)
    return _other(item)


def parse_account(body: bytes) -> Account | None:
    """Return the account in the answer to an assign or update; ``None`` if there is none."""
    try:
        row = parse_row(msgspec.json.decode(body))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return row if isinstance(row, Account) else None


def _account_code(item: dict[str, Any]) -> Any:
    """Return the code of an account; ``code`` is an alias for a field that is absent or null."""
    code = item.get("account_code")
    return item.get("code") if code is None else code


def _looks_like_person(item: dict[str, Any]) -> bool:
    return isinstance(item.get("identity"), dict) or ("acls" in item and "subject_id" not in item)


def _person(item: dict[str, Any]) -> Person:
    identity = item.get("identity")
    identity = identity if isinstance(identity, dict) else {}
    traits = identity.get("traits")
    traits = traits if isinstance(traits, dict) else {}
    return Person(
        subject_id=_text(identity.get("id")) or None,
        name=_full_name(traits.get("name")),
        email=visible_name(_text(traits.get("email"))),
        username=visible_name(_text(traits.get("username"))),
        status=status_text(item.get("status")),
        roles=_texts(item.get("acls")),
        org_id=_text(item.get("org_id")),
        created_at=_text(item.get("creation_date")),
        effective_at=_text(item.get("effective_date")),
        extra=_extra(item, _IDENTITY_FIELDS),
    )


def _account(item: dict[str, Any]) -> Account:
    return Account(
        subject_id=_text(item["subject_id"]),
        code=_text(_account_code(item)),
        status=status_text(item.get("status")),
        id=_text(item.get("id")),
        org_id=_text(item.get("org_id")),
        created_at=_text(item.get("creation_date")),
        effective_at=_text(item.get("effective_date")),
        expires_at=_text(item.get("expiration_date")),
        extra=_extra(item, _ACCOUNT_FIELDS),
    )


def _type(item: dict[str, Any]) -> AccountType:
    return AccountType(
        code=_text(item["code"]),
        name=visible_name(_text(item.get("name"))),
        description=_text(item.get("description")),
        status=status_text(item.get("status")),
        org_id=_text(item.get("org_id")),
        created_at=_text(item.get("creation_date")),
        modified_at=_text(item.get("modified_date")),
        subscriptions=_texts(item.get("subscriptions")),
        permissions=_texts(item.get("permissions")),
        agreements=_texts(item.get("agreements")),
        roles=_texts(item.get("roles")),
        requirements=_object(item.get("requirements")),
        specifications=_object(item.get("specifications")),
        extra=_extra(item, _TYPE_FIELDS),
    )


def _other(item: Any) -> OtherRow:
    shown = {key: value for key, value in item.items() if key not in _PRIVATE} if isinstance(item, dict) else item
    status = status_text(item.get("status")) if isinstance(item, dict) else ""
    return OtherRow(text=_as_json(shown), status=status)


def _full_name(name: Any) -> str:
    if isinstance(name, str):
        return visible_name(name.strip())
    parts = name if isinstance(name, dict) else {}
    texts = (_text(parts.get(key)) for key in ("given_name", "middle_name", "family_name"))
    return visible_name(" ".join(filter(None, texts)))


def visible_name(text: str) -> str:
    """Return ``text`` letter for letter; empty if no character of it is visible, which is no name."""
    return text if has_visible(text) else ""


def _is_text(value: Any) -> bool:
    """Whether it names something: text, or a number, which some directories send for an id."""
    return bool(value) if isinstance(value, str) else isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    """Return a scalar as text; anything else, which is undocumented, as the JSON that it came as."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return "(nested too deeply to be shown)"


def status_text(value: Any) -> str:
    """Return a status with NUL made visible: it goes into the log and into forms, and PostgreSQL refuses NUL."""
    return _text(value).replace("\0", "\N{SYMBOL FOR NULL}")


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(_text(item) for item in value) if isinstance(value, list) else (_text(value),)


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"": value}


def _extra(item: dict[str, Any], known: frozenset[str]) -> dict[str, str]:
    if item.keys() <= known:
        return {}
    return {key: _text(value) for key, value in item.items() if key not in known and key not in _PRIVATE}
