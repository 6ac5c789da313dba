"""Signed notes: as the specification has them, and as an independent program reads and writes them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.signing import NoteSignature, PlainEd25519Signer, Vkey
from tlog_scales.tlog import Checkpoint as OracleCheckpoint

from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.notes import COSIGNATURE, Note, NoteError, VerifierKey, cosigned, signatures_of, signed

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
"""The example of the specification."""

POEM = """Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
"""  # noqa: E501

COSIGNED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501
"""The example of tlog-cosignature."""

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ROOT = "A" * 43 + "="
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_the_example_of_the_specification() -> None:
    """The published note is signed by the published key, and by no other; no other text is."""
    key, note = VerifierKey.parse(EXAMPLE_KEY), Note.parse(EXAMPLE)
    assert (str(key), str(note)) == (EXAMPLE_KEY, EXAMPLE)
    note.must_be_signed([key])
    with pytest.raises(NoteError, match="none of the keys"):
        note.must_be_signed([VerifierKey.of("example.com/foo", KEY.public_key())])
    with pytest.raises(NoteError, match="not one of this note"):
        note._replace(text="This is another message.\n").must_be_signed([key])


def test_published_notes_are_read_and_written() -> None:
    """Notes with empty lines in them, and with several signatures, come out as they went in."""
    assert str(Note.parse(POEM)) == POEM
    note = Note.parse(COSIGNED.encode())
    assert str(note) == COSIGNED
    assert note.signatures[1].seconds == 1679315147
    assert Checkpoint.parse(note.text).size == 20852163
    assert str(Checkpoint.parse(note.text)) == note.text


sizes, roots = st.integers(0, 2**62), st.binary(min_size=32, max_size=32)


@given(size=sizes, root=roots)
def test_an_independent_program_agrees(size: int, root: bytes) -> None:
    """What we sign it verifies, what it signs we verify, and both write the same note."""
    name = "timebank/x"
    note = signed(str(Checkpoint(name, size, root)), name, [KEY])
    theirs = OracleCheckpoint.make_signed(name, size, root, [PlainEd25519Signer(name, KEY)])
    assert str(note) == theirs.serialize()
    key = VerifierKey.of(name, KEY.public_key())
    OracleCheckpoint.from_text(str(note)).verify(Vkey.from_string(str(key)))
    Note.parse(theirs.serialize()).must_be_signed([key])


@given(size=sizes, root=roots, seconds=st.integers(0, 2**62))
def test_cosignatures_are_those_of_the_specification(size: int, root: bytes, seconds: int) -> None:
    """A witness's signature, with the time, is verified by an independent program and by us; another time is not."""
    text, key = str(Checkpoint("a log", size, root)), VerifierKey.of("w", KEY.public_key(), COSIGNATURE)
    signature = cosigned(text, "w", KEY, seconds)
    assert signature.seconds == seconds
    line = NoteSignature.from_line(str(signature).rstrip("\n"))
    Vkey.from_string(str(key)).get_verifier().verify_note(line, OracleCheckpoint("a log", size, root, []))
    (read,) = signatures_of(str(signature))
    assert Note(text, (read,)).verified([key]) == {key: signature}
    later = read._replace(payload=(seconds + 1).to_bytes(8) + read.payload[8:])
    with pytest.raises(NoteError):
        Note(text, (later,)).verified([key])


@pytest.mark.parametrize(
    "spoilt",
    [
        "", "x", "\n\n", "text\n\n", "text\n\n— a b\n", EXAMPLE.rstrip("\n"), EXAMPLE.replace("—", "-"),
        EXAMPLE.replace("\n\n", "\n"), EXAMPLE.replace("This", "Th\tis"), EXAMPLE.replace("foo Uw", "f+oo Uw"),
        EXAMPLE.replace("foo Uw", "foo  Uw"), EXAMPLE + "more\n", EXAMPLE + "\n", EXAMPLE.replace("aQM=", "aQM"),
        "text\n\n" + "— a AAAAAAA=\n" * 101, "x" * 70_000 + EXAMPLE,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(spoilt: str) -> None:
    """Whatever is not written as a note is, is none."""
    with pytest.raises(NoteError):
        Note.parse(spoilt)


def test_bytes_that_are_no_text_are_no_note() -> None:
    """A note is in UTF-8."""
    with pytest.raises(NoteError):
        Note.parse(EXAMPLE.encode().replace(b"This", b"\xff\xfe"))


@pytest.mark.parametrize(
    "spoilt",
    ["", "a", "a+b", EXAMPLE_KEY[:-4], EXAMPLE_KEY.replace("530d", "530e"), EXAMPLE_KEY.replace("foo", "bar"),
     EXAMPLE_KEY.replace("+Aek", "+Bek"), "x+00000000+"],
)  # fmt: skip
def test_what_is_no_key_is_refused(spoilt: str) -> None:
    """A key that was not copied whole is noticed."""
    with pytest.raises(NoteError):
        VerifierKey.parse(spoilt)


@pytest.mark.parametrize(
    "spoilt",
    ["", "a\n1\n", f"a\n01\n{ROOT}\n", f"a\n-1\n{ROOT}\n", "a\n1\nAAAA\n", f"\n1\n{ROOT}\n", f"a\n1\n{ROOT}",
     f"a\n1\n{ROOT}\n\n", f"a\n{'9' * 22}\n{ROOT}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(spoilt: str) -> None:
    """An origin, a size and a root, each on a line of its own."""
    with pytest.raises(NoteError):
        Checkpoint.parse(spoilt)


def test_two_keys_of_one_name_are_told_apart() -> None:
    """With two keys both sign, and each verifies by itself; what is said of one is not said of the other."""
    note = signed("text\n", "name", [KEY, OTHER])
    keys = [VerifierKey.of("name", key.public_key()) for key in (KEY, OTHER)]
    assert list(note.verified(keys)) == keys
    assert list(note.verified(keys[1:])) == keys[1:]
    swapped = (note.signatures[0]._replace(payload=note.signatures[1].payload), note.signatures[1])
    with pytest.raises(NoteError):
        note._replace(signatures=swapped).verified(keys)
