"""Signed notes are those of C2SP: the example of the reference implementation comes out letter for letter."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts_ui.changes.chain import notes
from accounts_ui.changes.chain.notes import NoteError, TreeHead

# The key and the note of golang.org/x/mod/sumdb/note.
KEY = Ed25519PrivateKey.from_private_bytes(base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:])
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = f"{TEXT}\n{SIGNATURE}"
STRANGER = Ed25519PrivateKey.generate()


def test_the_note_of_the_reference_implementation():
    assert notes.sign_note(TEXT, "PeterNeumann", KEY) == NOTE
    public = KEY.public_key()
    expected = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert notes.verifier_key("PeterNeumann", public) == expected
    note = notes.parse_note(NOTE)
    assert note.text == TEXT
    assert notes.is_signed_by(note, "PeterNeumann", public)
    assert not notes.is_signed_by(note, "PeterNeuman", public)
    assert not notes.is_signed_by(note, "PeterNeumann", STRANGER.public_key())


def test_signatures_of_others_are_ignored_and_a_false_one_of_the_key_is_not():
    other = notes.sign_note(TEXT, "witness.example/one", STRANGER).rpartition("\n\n")[2]
    note = notes.parse_note(f"{TEXT}\n{other}{SIGNATURE}")
    assert notes.is_signed_by(note, "PeterNeumann", KEY.public_key())
    assert notes.is_signed_by(note, "witness.example/one", STRANGER.public_key())
    false = notes.sign_note("Something else.\n", "PeterNeumann", KEY).rpartition("\n\n")[2]
    assert not notes.is_signed_by(notes.parse_note(f"{TEXT}\n{SIGNATURE}{false}"), "PeterNeumann", KEY.public_key())


MALFORMED = [
    "",
    TEXT,
    f"{TEXT}\n",
    NOTE[:-1],
    f"\n{SIGNATURE}",
    f"{TEXT}{SIGNATURE}",
    f"{TEXT}\n{SIGNATURE}\n",
    f"{TEXT}\n{SIGNATURE}more\n",
    f"{TEXT}\r\n{SIGNATURE}",
    f"\t{NOTE}",
    f"\x00{NOTE}",
    NOTE.replace("—", "-"),
    NOTE.replace("— ", "—"),
    NOTE.replace("PeterNeumann", "Peter Neumann"),
    NOTE.replace("PeterNeumann", "Peter\u2003Neumann"),
    NOTE.replace("PeterNeumann", "Peter+Neumann"),
    NOTE.replace("PeterNeumann", ""),
    NOTE.replace("nAM=", "nAN="),  # other spare bits
    NOTE.replace("nAM=", "nAM"),
    NOTE.replace("x08go", "x0*go"),
    f"{TEXT}\n— PeterNeumann AAAA\n",
    f"{TEXT}\n{SIGNATURE * 101}",
]


@pytest.mark.parametrize("note", MALFORMED)
def test_malformed_notes(note):
    with pytest.raises(NoteError):
        notes.parse_note(note)


@settings(database=None, deadline=None)
@given(st.text(), st.text())
def test_any_text_is_a_note_or_an_error(text, name):
    try:
        note = notes.sign_note(text, name, KEY)
    except (NoteError, UnicodeEncodeError):
        return
    assert notes.is_signed_by(notes.parse_note(note), name, KEY.public_key())


@pytest.mark.parametrize("text", ["no newline", f"a\n\n{SIGNATURE[:-1]}", "\x07\n", ""])
def test_texts_that_have_no_place_in_a_note(text):
    with pytest.raises(NoteError):
        notes.sign_note(text, "a", KEY)


def test_a_checkpoint():
    origin = notes.log_origin("console.example.org", "Über + uns/é")
    assert origin == "console.example.org/orgs/%C3%9Cber%20%2B%20uns%2F%C3%A9"
    head = TreeHead(origin, 20852163, bytes(range(32)))
    note = notes.sign_note(head.text(), origin, KEY)
    assert notes.parse_tree_head(notes.parse_note(note).text) == head
    assert note.splitlines()[:3] == [origin, "20852163", base64.b64encode(bytes(range(32))).decode()]


def test_the_example_of_the_specification():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    head = notes.parse_tree_head(text)
    assert (head.origin, head.size, head.text()) == ("example.com/behind-the-sofa", 20852163, text)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"a\n1\n{ROOT}",
        f"a\n1\n{ROOT}\nextension\n",
        f"\n1\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n 1\n{ROOT}\n",
        f"a\n١\n{ROOT}\n",
        f"a\n{'9' * 30}\n{ROOT}\n",
        f"a\n1\n{ROOT[:-4]}\n",
        f"a\n1\n{ROOT[:-2]}B=\n",
        "a\n1\n\n",
        "a\n1\n",
    ],
)
def test_what_is_no_checkpoint(text):
    with pytest.raises(NoteError):
        notes.parse_tree_head(text)


@pytest.mark.parametrize("between", ["", "\n", "\n\n\n"])
def test_a_file_of_several_notes(between):
    made = [notes.sign_note(TreeHead("a/b", size, bytes(32)).text(), "a/b", KEY) for size in range(3)]
    made[1] += made[1].splitlines()[-1] + "\n"
    split = notes.split_notes("\n" + between.join(made) + between)
    assert [notes.parse_note(note.rstrip("\n") + "\n").text for note in split] == [
        notes.parse_note(note).text for note in made
    ]
    assert split == made
    assert notes.split_notes("") == []
