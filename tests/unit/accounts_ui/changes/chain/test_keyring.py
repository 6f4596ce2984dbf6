"""Former keys, and the part of a log that each of them signs, follow from the log itself."""

import copy

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_ui.changes.chain.key_changes import KeyChangeError, derive_keyring, key_change_facts
from accounts_ui.changes.chain.records import key_id, public_text

FIRST, SECOND, THIRD, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3, 4))
HASH = "ab" * 32


def change(sequence, former, new, signer=None, **changed):
    about = key_change_facts("acme", sequence, HASH, former=signer or former, new=new.public_key())
    about["former_key_id"], about["former_public_key"] = key_id(former.public_key()), public_text(former.public_key())
    record = {"sequence": sequence, "organization_id": "acme", "previous_hash": HASH, "about": {**about}}
    return {**record, "key_id": key_id(new.public_key()), **changed}


CHANGES = [change(11, FIRST, SECOND), change(40, SECOND, THIRD)]


def test_one_key_signs_everything():
    ring = derive_keyring(FIRST.public_key(), [])
    assert [ring.at(sequence).id for sequence in (1, 2, 10**9)] == [key_id(FIRST.public_key())] * 3
    assert ring.describe(7) == f"key {ring.current.id} signs 1 to 7"


@pytest.mark.parametrize("changes", [CHANGES, CHANGES[::-1]])
def test_the_current_key_leads_to_the_former_ones(changes):
    ring = derive_keyring(THIRD.public_key(), changes)
    keys = [key_id(key.public_key()) for key in (FIRST, SECOND, THIRD)]
    assert ring.ids() == keys
    assert [ring.at(sequence).id for sequence in (1, 10, 11, 39, 40, 41)] == [
        *(keys[0], keys[0], keys[1], keys[1], keys[2], keys[2])
    ]
    assert (
        ring.describe(50) == f"key {keys[0]} signs 1 to 10; key {keys[1]} signs 11 to 39; key {keys[2]} signs 40 to 50"
    )


def without(name):
    record = copy.deepcopy(CHANGES[1])
    del record["about"][name]
    return record


def with_about(**changed):
    return {**CHANGES[1], "about": {**CHANGES[1]["about"], **changed}}


FALSE = {
    "the key that signs from here on is not": [
        change(40, SECOND, STRANGER),
        with_about(public_key=public_text(STRANGER.public_key())),
        {**CHANGES[1], "key_id": key_id(STRANGER.public_key())},
    ],
    "does not say which keys": [without(name) for name in CHANGES[1]["about"]]
    + [with_about(more=1), {**CHANGES[1], "about": None}, {**CHANGES[1], "about": []}],
    "the former key did not sign": [
        change(40, SECOND, THIRD, signer=STRANGER),
        {**CHANGES[1], "sequence": 41},
        {**CHANGES[1], "organization_id": "globex"},
        {**CHANGES[1], "previous_hash": "cd" * 32},
        with_about(former_signature=7),
    ],
    "does not hold the former public key": [with_about(former_public_key=text) for text in ("", "AAAA", 7)],
    "former_key_id is not": [with_about(former_key_id="0" * 16)],
    "previous_hash is not a hash": [{**CHANGES[1], "previous_hash": None}],
}


@pytest.mark.parametrize(("what", "record"), [(what, record) for what, records in FALSE.items() for record in records])
def test_a_change_of_key_that_the_former_key_did_not_agree_to(what, record):
    with pytest.raises(KeyChangeError, match=what) as error:
        derive_keyring(THIRD.public_key(), [CHANGES[0], record])
    assert error.value.sequence == record["sequence"]


def test_a_stranger_cannot_begin_the_chain_of_keys():
    """The newest change has to lead to the key that is trusted, and each one to the next."""
    with pytest.raises(KeyChangeError, match="is not"):
        derive_keyring(THIRD.public_key(), [*CHANGES, change(50, THIRD, STRANGER)])
    with pytest.raises(KeyChangeError, match="is not"):
        derive_keyring(THIRD.public_key(), [change(11, FIRST, STRANGER), CHANGES[1]])
    with pytest.raises(KeyChangeError, match="is not"):
        derive_keyring(SECOND.public_key(), CHANGES)
