"""The keys that verify the log: one signs at a time, each within its range, and none after a newer one."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.keyring import Keyring, read_document, read_ranged_key
from accounts_ui.changes.chain.records import key_id, public_text
from accounts_ui.changes.evidence import verify

FIRST, SECOND, THIRD = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32).public_key() for number in (1, 2, 3))


def test_each_key_signs_from_the_end_of_the_one_before_it() -> None:
    keys = Keyring([(FIRST, 10), (SECOND, None), (THIRD, None)])
    assert [(key.position, key.first, key.last) for key in keys.values()] == [(0, 1, 10), (1, 11, None), (2, 11, None)]


@pytest.mark.parametrize(("sequence", "problem"), [(10, ""), (11, ""), (9, "which signs only from 10 on")])
def test_a_key_does_not_sign_before_its_range(sequence: int, problem: str) -> None:
    second = Keyring([(FIRST, 9), (SECOND, None)])[key_id(SECOND)]
    assert problem in second.why_not(sequence)
    assert bool(problem) == bool(second.why_not(sequence))


def test_a_retired_key_signs_nothing_after_its_range() -> None:
    first = Keyring([(FIRST, 9), (SECOND, None)])[key_id(FIRST)]
    assert first.why_not(9) == ""
    assert "after the end of its range (9)" in first.why_not(10)


@pytest.mark.parametrize("keys", [[(FIRST, 5), (FIRST, None)], [(FIRST, 10), (SECOND, 9)]])
def test_a_key_that_comes_twice_or_out_of_order_is_refused(keys: list[tuple[object, int | None]]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keyring(keys)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="key"):
        verify.keyring([(public_text(key), last) for key, last in keys])  # type: ignore[arg-type]


def test_a_document_of_keys_is_read_as_it_was_written() -> None:
    keys = Keyring([(FIRST, 10), (SECOND, None)])
    assert read_document(keys.as_document()) == keys
    assert [(key.id, key.first, key.last) for key in verify.packed_keys(keys.as_document()).values()] == [
        (key.id, key.first, key.last) for key in keys.values()
    ]


@pytest.mark.parametrize("document", [None, {}, [None], [{"public_key": "x", "last": None}], [{"last": 1}]])
def test_a_document_that_is_not_a_list_of_keys_is_refused(document: object) -> None:
    for read in (read_document, verify.packed_keys):
        with pytest.raises(ValueError, match=r"."):
            read(document)


def test_a_key_is_read_with_and_without_the_end_of_its_range() -> None:
    text = public_text(FIRST)
    assert read_ranged_key(f" {text}\n") == (FIRST, None)
    assert read_ranged_key(f"{text}@12") == (FIRST, 12)
    assert verify.parse_key(f"{text}@12") == (text, 12)
    for wrong in (f"{text}@", f"{text}@-1", f"{text}@x", "c2hvcnQ="):
        with pytest.raises(ValueError, match=r"."):
            read_ranged_key(wrong)
