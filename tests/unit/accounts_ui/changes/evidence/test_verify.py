"""The verifier of evidence packs: keys, gaps, checkpoints, acknowledged breaks, and zips that hide something."""

import copy
import inspect
import json
import struct
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from accounts_ui.changes.chain import notes
from accounts_ui.changes.chain.records import public_text
from accounts_ui.changes.evidence import verify
from accounts_ui.changes.evidence.verify import BrokenPack, Pack, Verifier

from .made_packs import KEYS, Log, MadePack, leaf_of, make_pack, rows_of, seal


def run(pack: MadePack, folder: Path, checkpoints: str = "", key: Any = None) -> Verifier:
    trusted = verify.read_key(public_text((key or KEYS[0]).public_key()))
    with Pack(pack.save(folder)) as opened:
        verifier = Verifier(opened, trusted, notes.split_notes(checkpoints))
        verifier.verify()
    return verifier


def broken(pack: MadePack, folder: Path, checkpoints: str = "", key: Any = None) -> str:
    with pytest.raises(BrokenPack) as error:
        run(pack, folder, checkpoints, key)
    return str(error.value)


def log_of(changes: int) -> Log:
    log = Log()
    for number in range(changes):
        log.change(number)
    return log


@pytest.mark.parametrize("sequences", [None, [1, 2], [9, 10], [3, 4, 7, 8, 11, 12], [], list(range(1, 13))])
def test_a_pack_of_any_selection(tmp_path: Path, sequences: list[int] | None) -> None:
    verifier = run(make_pack(log_of(6), sequences), tmp_path)
    assert verifier.count == (12 if sequences is None else len(sequences))
    assert verifier.tree.size == 12


def test_an_unpacked_pack(tmp_path: Path) -> None:
    pack = make_pack(log_of(2))
    for name, data in pack.files.items():
        (tmp_path / name).write_bytes(data)
    trusted = verify.read_key(public_text(KEYS[0].public_key()))
    Verifier(Pack(tmp_path), trusted).verify()
    (tmp_path / "more").mkdir()
    with pytest.raises(BrokenPack, match="'more' in the folder is not a plain file"):
        Verifier(Pack(tmp_path), trusted).verify()
    (tmp_path / "more").rmdir()
    (tmp_path / "README.txt").unlink()
    (tmp_path / "README.txt").symlink_to(tmp_path / "verify.py")
    with pytest.raises(BrokenPack, match=r"'README.txt' in the folder is not a plain file"):
        Verifier(Pack(tmp_path), trusted).verify()


def rotated() -> Log:
    log = log_of(2)
    log.change_key(KEYS[1])
    log.change(2)
    log.change_key(KEYS[2])
    log.change(3)
    return log


@pytest.mark.parametrize("sequences", [None, [1, 2, 5, 8], [5, 8], [5, 6, 7, 8, 9, 10]])
def test_former_keys_follow_from_the_pack(tmp_path: Path, sequences: list[int] | None) -> None:
    verifier = run(make_pack(rotated(), sequences), tmp_path, key=KEYS[2])
    assert [key.first for key in verifier.keys] == [1, 5, 8]
    ids = [verify.read_key(public_text(key.public_key())).id for key in KEYS[:3]]
    assert [key.id for key in verifier.keys] == ids
    summary = verify._summary(verifier)
    assert f"Signed by key {ids[0]}: 1 to 4." in summary
    assert f"Signed by key {ids[2]}: 8 to 10." in summary


def forged(log: Log, sequence: int, key: Any, **changed: Any) -> Log:
    """The log with one record of somebody who holds a former key, and the tree as it was."""
    record = log.records[sequence - 1]
    other = copy.copy(log)
    other.records = [*log.records]
    other.records[sequence - 1] = seal({**record, **changed}, key)
    return other


@pytest.mark.parametrize("sequences", [None, [3, 4, 5, 8]])
def test_a_stolen_former_key_proves_nothing(tmp_path: Path, sequences: list[int] | None) -> None:
    log = forged(rotated(), 4, KEYS[0], message="forged")
    pack = make_pack(log, sequences)
    lines = [line for line in pack.files["tree.jsonl"].splitlines() if json.loads(line)[1] != 3]
    pack = pack.with_files(tree_jsonl=b"".join(line + b"\n" for line in lines)).signed()
    what = broken(pack, tmp_path, key=KEYS[2])
    assert "not those of the checkpoint" in what or "previous_hash is not" in what, what
    thief = MadePack(make_pack(log_of(2)).files, KEYS[0])
    assert "is not signed by the current key" in broken(thief, tmp_path, key=KEYS[2])
    later = rotated()
    later.records[8] = seal({**later.records[8], "message": "forged"}, KEYS[0])
    later.leaves[8] = leaf_of(later.records[8])
    what = broken(make_pack(later, [5, 8, 9, 10]), tmp_path, key=KEYS[2])
    assert what.startswith("sequence 9: key_id: signed by"), what


def test_a_change_of_key_that_the_former_key_did_not_sign(tmp_path: Path) -> None:
    log = log_of(2)
    log.key = KEYS[3]  # somebody who took over the database, and not the key
    log.change_key(KEYS[1])
    assert "is not" in broken(make_pack(log), tmp_path, key=KEYS[0])
    what = broken(make_pack(log), tmp_path, key=KEYS[1])
    assert what.startswith("sequence 1: key_id: signed by"), what


def test_records_that_are_not_in_the_log(tmp_path: Path) -> None:
    log = log_of(6)
    pack = make_pack(log, [3, 4, 7, 8])
    events = pack.files["events.jsonl"].splitlines(keepends=True)
    nodes = pack.files["tree.jsonl"].splitlines(keepends=True)
    assert len(nodes) >= 3
    cases = [
        (pack.with_files(events_jsonl=b"".join(events[2:])), "sequence 3: is missing, and tree.jsonl has no hash"),
        (pack.with_files(tree_jsonl=b"".join(nodes[1:])), "sequence 1: is missing, and tree.jsonl has no hash"),
        (pack.with_files(tree_jsonl=b"".join(nodes[:-1])), "sequence 9: is missing, and tree.jsonl has no hash"),
        (pack.with_files(tree_jsonl=b"".join([*nodes, nodes[-1]])), "tree.jsonl has more hashes than"),
        (pack.with_files(tree_jsonl=b"[0,0]\n"), "tree.jsonl has a line that is not"),
        (pack.with_files(tree_jsonl=b'[0,0,"AAAA"]\n'), "tree.jsonl has a line that is not"),
        (pack.with_files(tree_jsonl=b'[0,0,"AAAA"\n'), "line 1 of tree.jsonl is not JSON"),
        (make_pack(log, [3, 4]).signed(filters={}), "sequence 1: is missing"),
    ]
    for changed, what in cases:
        assert broken(changed.signed(), tmp_path).startswith(what), (what, broken(changed.signed(), tmp_path))


def test_an_unfiltered_pack_may_lack_what_is_archived_elsewhere(tmp_path: Path) -> None:
    log = log_of(4)
    archive = {"first_sequence": 1, "last_sequence": 4, "file": "changes-1-4.jsonl", "file_sha256": "x"}
    pack = make_pack(log, [5, 6, 7, 8], filters={}, held_elsewhere=[archive])
    assert "archived in changes-1-4.jsonl" in verify._summary(run(pack, tmp_path))
    pack = make_pack(log, [7, 8], filters={}, held_elsewhere=[archive])
    assert broken(pack, tmp_path) == "sequence 5: is missing"


def test_checkpoints_that_were_stored(tmp_path: Path) -> None:
    log = log_of(6)
    stored = log.checkpoint(5) + log.checkpoint(9) + "\n" + log.checkpoint(12)
    run(make_pack(log), tmp_path, stored)
    run(make_pack(log, [3, 4], cuts=(5, 9)), tmp_path, stored)
    assert "needs" in broken(make_pack(log, [3, 4]), tmp_path, stored)
    other = log_of(6)
    other.leaves[2] = bytes(32)
    assert broken(make_pack(log), tmp_path, other.checkpoint(5)).startswith("sequence 5: events up to here are not")
    longer = log_of(7)
    assert broken(make_pack(log), tmp_path, longer.checkpoint(14)).startswith("sequence 14: is covered by a checkpoint")
    assert "is not signed by" in broken(make_pack(log), tmp_path, log.checkpoint(5, KEYS[3]))
    assert "this is not a checkpoint" in broken(make_pack(log), tmp_path, "{}\n")
    elsewhere = notes.sign_note(notes.TreeHead("a/orgs/acme", 5, bytes(32)).text(), "a/orgs/acme", KEYS[0])
    assert "the checkpoint is one of 'a/orgs/acme'" in broken(make_pack(log), tmp_path, elsewhere)
    globex = notes.sign_note(notes.TreeHead("a/orgs/globex", 5, bytes(32)).text(), "a/orgs/globex", KEYS[0])
    assert "and not of 'acme'" in broken(make_pack(log), tmp_path, globex)
    run(make_pack(log), tmp_path, globex.replace("\n5\n", "\n0\n") + log.checkpoint(0, KEYS[3]) + log.checkpoint(5))


def test_a_former_keys_checkpoint_counts_for_its_period_only(tmp_path: Path) -> None:
    log = rotated()
    run(make_pack(log), tmp_path, log.checkpoint(4, KEYS[0]) + log.checkpoint(7, KEYS[1]), KEYS[2])
    run(make_pack(log), tmp_path, log.checkpoint(4, KEYS[2]), KEYS[2])
    assert "is not signed by" in broken(make_pack(log), tmp_path, log.checkpoint(5, KEYS[0]), KEYS[2])


def rewritten() -> Log:
    """A log whose third record was rewritten after it was signed, and the break acknowledged."""
    log = log_of(3)
    log.records[2] = {**log.records[2], "message": "rewritten"}
    log.acknowledge(3, leaf_of(log.records[2]).hex())
    log.change(4)
    return log


@pytest.mark.parametrize("sequences", [None, [3, 4, 7], [7, 8, 9]])
def test_an_acknowledged_break_is_reported(tmp_path: Path, sequences: list[int] | None) -> None:
    verifier = run(make_pack(rewritten(), sequences), tmp_path)
    if sequences != [7, 8, 9]:
        [said] = verifier.breaks.values()
        assert said.startswith("Sequence 3: a break that was acknowledged at 2026-01-02T03:04:05.000006Z by 'Ada'")
        assert "a field was changed" in said
        assert said in verify._summary(verifier)


def test_a_break_is_acknowledged_as_it_stands(tmp_path: Path) -> None:
    log = rewritten()
    log.records[2] = {**log.records[2], "message": "rewritten again"}
    assert broken(make_pack(log), tmp_path).startswith("sequence 3: the record's content does not match its hash")


def test_an_unsigned_record_that_others_follow(tmp_path: Path) -> None:
    """What a role that may insert can append: chained, and signed by nobody."""
    log = log_of(2)
    log.append("requested", change_id="forged", outcome="pending")
    log.records[4]["signature"] = "A" * 88
    log.leaves[4] = leaf_of(log.records[4])
    log.change(3)
    assert broken(make_pack(log), tmp_path) == "sequence 5: signature: it is not that of its key"
    log.acknowledge(5, leaf_of(log.records[4]).hex())
    assert len(run(make_pack(log), tmp_path).breaks) == 1


def test_a_removed_record(tmp_path: Path) -> None:
    log = log_of(3)
    kept = [record for record in log.records if record["sequence"] not in (3, 4)]
    log.acknowledge(3, "missing", through=4)
    log.records = [*kept, log.records[-1]]
    pack = make_pack(log)
    assert len(run(pack, tmp_path).breaks) == 1
    log.records.pop(1)
    assert broken(make_pack(log), tmp_path) == "sequence 2: is missing"


def test_an_acknowledgement_by_nobody(tmp_path: Path) -> None:
    log = rewritten()
    log.records[6] = {**log.records[6], "signature": "A" * 88}
    log.leaves[6] = leaf_of(log.records[6])
    assert broken(make_pack(log), tmp_path).startswith("sequence 7: signature")
    log.acknowledge(7, leaf_of(log.records[6]).hex())
    assert broken(make_pack(log), tmp_path).startswith("sequence 3: the record's content does not match")
    log.acknowledge(3, leaf_of(log.records[2]).hex())
    assert len(run(make_pack(log), tmp_path).breaks) == 2


@pytest.mark.parametrize(("event", "about"), [("key_changed", {}), ("break_acknowledged", {}), ("key_changed", None)])
def test_events_about_the_log_that_nobody_signed(tmp_path: Path, event: str, about: Any) -> None:
    log = log_of(2)
    log.append(event, about=about)
    log.records[4]["signature"] = "A" * 88
    log.leaves[4] = leaf_of(log.records[4])
    log.change(3)
    assert broken(make_pack(log), tmp_path).startswith("sequence 5: the ")
    log.acknowledge(5, leaf_of(log.records[4]).hex())
    assert len(run(make_pack(log), tmp_path).breaks) == 1


# --- The zip ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"compression": zipfile.ZIP_DEFLATED}])
def test_zips_that_python_writes(tmp_path: Path, options: dict[str, Any]) -> None:
    pack = make_pack(log_of(3))
    path = pack.save(tmp_path, **options)
    with Pack(path) as found:
        assert {name: found.open(name).read() for name in found.names()} == pack.files
        Verifier(found, None).verify()


class Stream:
    """A file that cannot seek, as a response is."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        pass


def streamed(files: dict[str, bytes]) -> bytes:
    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                entry.write(data)
    return stream.data


def test_a_zip_that_was_streamed(tmp_path: Path) -> None:
    pack = make_pack(log_of(3))
    path = tmp_path / "streamed.zip"
    path.write_bytes(streamed(pack.files))
    with Pack(path) as found:
        Verifier(found, None).verify()


def entries(data: bytes) -> tuple[bytes, bytes, bytes]:
    """The three parts of a zip: files, directory, end."""
    size, begin = struct.unpack("<2L", data[-10:-2])
    return data[:begin], data[begin : begin + size], data[-22:]


def joined(files: bytes, directory: bytes, end: bytes, count: int | None = None) -> bytes:
    counts = end[8:12] if count is None else struct.pack("<2H", count, count)
    return files + directory + end[:8] + counts + struct.pack("<2L", len(directory), len(files)) + end[20:]


def hidden(data: bytes) -> dict[str, bytes]:
    """Zips that hold something more than the files of a pack, each read without a word by other programs."""
    files, directory, end = entries(data)
    flagged = directory[:8] + b"\x01" + directory[9:]
    return {
        "before": b"#!/bin/sh\n" + data,
        "behind": data + b"more",
        "a comment": data[:-2] + b"\x04\x00more",
        "between the files and the directory": joined(files + b"more", directory, end),
        "between directory and end": files + directory + b"more" + end,
        "a comment of a file": joined(
            files, directory[:32] + b"\x04\x00" + directory[34:56] + b"more" + directory[56:], end
        ),
        "an extra field": joined(
            files, directory[:30] + b"\x08\x00" + directory[32:56] + b"UT\x04\x00more" + directory[56:], end
        ),
        "encrypted": joined(files, flagged, end),
        "another method": joined(files, directory[:10] + b"\x0c\x00" + directory[12:], end),
        "two names": joined(files.replace(b"README.txt", b"readme.txt", 1), directory, end),
        "another size": joined(files[:22] + struct.pack("<L", 7) + files[26:], directory, end),
        "another checksum": joined(
            files[:14] + b"\x01\x02\x03\x04" + files[18:], directory[:16] + b"\x01\x02\x03\x04" + directory[20:], end
        ),
        "cut off": data[:-1],
        "nothing": b"",
    }


@pytest.mark.parametrize("how", hidden(bytes(100)))
def test_zips_that_hide_something(tmp_path: Path, how: str) -> None:
    path = make_pack(log_of(1)).save(tmp_path)
    path.write_bytes(hidden(path.read_bytes())[how])
    with pytest.raises((ValueError, struct.error)), Pack(path) as pack:
        for name in pack.names():
            pack.open(name).read()


def test_data_behind_the_end_of_compressed_data(tmp_path: Path) -> None:
    path, data = tmp_path / "pack.zip", b"x" * 1000
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(data) + packer.flush() + b"hidden"
    crc = zlib.crc32(data)
    sizes = struct.pack("<3L2H", crc, len(packed), len(data), 1, 0)
    local = b"PK\x03\x04" + struct.pack("<5H", 20, 0, 8, 0, 0) + sizes + b"a" + packed
    directory = (
        b"PK\x01\x02" + struct.pack("<6H", 20, 20, 0, 8, 0, 0) + sizes + struct.pack("<3H2L", 0, 0, 0, 0, 0) + b"a"
    )
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(directory), len(local), 0)
    path.write_bytes(local + directory + end)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("a") == data, "others read it without a word"
    with Pack(path) as pack, pytest.raises(ValueError, match="are damaged, or have more behind them"):
        pack.open("a").read()


@pytest.mark.parametrize("name", ["more.txt", "../README.txt", "README.txt/", "folder/README.txt", "README.txt"])
def test_files_that_no_pack_has(tmp_path: Path, name: str) -> None:
    path = make_pack(log_of(1)).save(tmp_path)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning) if name == "README.txt" else nullcontext():
        archive.writestr(name, b"")
    with (
        pytest.raises((BrokenPack, ValueError), match=r"other files than expected|two files of one name"),
        Pack(path) as pack,
    ):
        Verifier(pack, None).verify()


# --- What stands twice ------------------------------------------------------------------------------------------

SAME = [
    *("NoteError", "NoteSignature", "SignedNote", "TreeHead", "key_hash", "parse_note", "parse_signature"),
    *("read_base64", "is_signed_by", "parse_tree_head", "split_notes"),
]


@pytest.mark.parametrize("name", SAME)
def test_the_verifier_reads_notes_as_the_console_does(name: str) -> None:
    assert inspect.getsource(getattr(verify, name)) == inspect.getsource(getattr(notes, name))


@pytest.mark.parametrize("name", ["ED25519", "SIGNATURE_LINE", "SIZE", "CONTROL", "MOST_SIGNATURES"])
def test_and_with_the_same_patterns(name: str) -> None:
    assert getattr(verify, name) == getattr(notes, name)


def test_the_table_is_compared(tmp_path: Path) -> None:
    log = log_of(3)
    pack = make_pack(log).with_files(changes_csv=rows_of(log.records[2:])).signed()
    assert broken(pack, tmp_path) == "sequence 2: change change-0 has events and is missing in changes.csv"
