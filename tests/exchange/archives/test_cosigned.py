"""What witnesses said of an archive's checkpoint: it is in the archive, is checked, and stays where it is taken in."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from tests.controls.market import Market
from tests.exchange.archives.test_reading import elsewhere, ignore, other_url, signer
from tests.helpers.cosigning import asking
from tests.helpers.stranger import verify
from timebank.db.connections import Pool
from timebank.exchange.archives import (
    ArchiveError,
    read_archive,
    take_in_archive,
    take_in_cosignatures,
    write_archive,
)
from timebank.exchange.archives.contents import SIGNED, contents_of
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.proofs.checkpoints import origin_of
from timebank.proofs.cosigners import Answer, Cosigner, Cosigners
from timebank.proofs.notes import Note, NoteError, VerifierKey
from timebank.proofs.notes import signed as signed_note
from timebank.proofs.signer import Signer, signer_for
from timebank.proofs.witness import Witness
from timebank.runtime.clock import utc_now
from timebank.vault.signing import SigningKeys

__all__ = ["elsewhere", "other_url", "signer"]


def witness_in(folder: Path, pool: Pool, signer: Signer, bank_id: UUID) -> Witness:
    """A witness of a bank, with its key in a folder."""
    keys = SigningKeys.found_or_made(folder / "signing.json")
    return Witness(pool, keys, signer.verifier_keys(bank_id), utc_now)


@pytest.fixture
def witness(pool: Pool, signer: Signer, bank_id: UUID, tmp_path: Path) -> Witness:
    """A witness of the test's bank."""
    return witness_in(tmp_path / "w", pool, signer, bank_id)


@pytest.fixture
async def cosigners(ledger: Ledger, bank_id: UUID, signer: Signer, witness: Witness) -> Cosigners:
    """The witnesses of a bank with a history, of which the beginning was cosigned."""
    market = Market(seed=5)
    await ledger.submit(bank_id, market.commands(60))
    asked = Cosigner(witness.key, "https://witness.example")
    cosigners = Cosigners(signer, [asked], utc_now, asking(witness))
    await signer.sign(bank_id)
    assert await cosigners.ask(bank_id, asked)
    await ledger.submit(bank_id, [market.next() for _ in range(20)])
    return cosigners


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda line: "", "lacks cosignatures"),
        (lambda line: f"{line[:-6]}{'B' if line[-6] == 'A' else 'A'}{line[-5:]}", "is forged"),
    ],
    ids=["left out", "changed"],
)
async def test_an_archive_is_checked_by_its_witnesses(
    cosigners: Cosigners, witness: Witness, signer: Signer, bank_id: UUID, tmp_path: Path, pool: Pool,
    spoil: Callable[[str], str], said: str,
) -> None:  # fmt: skip
    """Whoever trusts a witness sees that it cosigned all of the archive; what is missing or forged is wrong."""
    archive, other = tmp_path / "a", witness_in(tmp_path / "other", pool, signer, bank_id)
    await write_archive(cosigners, bank_id, archive, ignore)
    asked = ("--key", signer.verifier_keys(bank_id)[0], "--kept", tmp_path / "kept", archive, "--witness")
    assert "holds" in verify(tmp_path, *asked, witness.key)
    assert "lacks cosignatures" in verify(tmp_path, *asked, other.key, expect=1)
    note = (archive / "checkpoint.txt").read_text()
    *rest, line = note.splitlines(keepends=True)
    assert line.startswith(f"— {witness.key.name} ")
    (archive / "checkpoint.txt").write_text("".join([*rest, spoil(line)]))
    assert said in verify(tmp_path, *asked, witness.key, expect=1)


async def test_what_witnesses_said_stays(
    cosigners: Cosigners, witness: Witness, signer: Signer, bank_id: UUID, tmp_path: Path, elsewhere: Pool
) -> None:
    """Where an archive is taken in, also under another key, its checkpoint is handed out with what witnesses said."""
    await write_archive(cosigners, bank_id, tmp_path / "a", ignore)
    read = read_archive(tmp_path / "a", ignore, signer.trusted)
    await take_in_archive(Store(elsewhere, Waker()), read, ignore)
    there = Cosigners(await signer_for(elsewhere, tmp_path / "there" / "signing.json", utc_now), [], utc_now)
    with pytest.raises(NoteError, match="another checkpoint"):
        await take_in_cosignatures(there, read)
    await there.signer.sign(bank_id)
    for _ in range(2):
        assert await take_in_cosignatures(there, read) == 1
    latest = await there.latest(bank_id)
    assert latest
    assert set(Note.parse(latest.note).verified([witness.key])) == {witness.key}
    assert (await there.covering(bank_id, 1)).size == read.manifest.size


async def test_nobody_puts_in_what_no_witness_said(
    cosigners: Cosigners, signer: Signer, bank_id: UUID, tmp_path: Path
) -> None:
    """What is changed on the way is not taken in; neither where only the rest was signed, as it was once."""
    archive = tmp_path / "a"
    await write_archive(cosigners, bank_id, archive, ignore)
    note = Note.parse((archive / "checkpoint.txt").read_text())
    earlier = contents_of(archive, origin_of(bank_id), SIGNED[:2])
    (archive / "checkpoint.txt").write_text(str(note._replace(signatures=note.signatures[:1])))
    with pytest.raises(ArchiveError, match="not what was signed"):
        read_archive(archive, ignore, signer.trusted)
    resigned = signed_note(earlier, origin_of(bank_id), signer.keys.signing)
    (archive / "contents.txt").write_text(str(resigned))
    assert read_archive(archive, ignore, signer.trusted).note.signatures == note.signatures[:1]
    (archive / "checkpoint.txt").write_text(str(note))
    with pytest.raises(ArchiveError, match="not what was signed"):
        read_archive(archive, ignore, signer.trusted)


async def test_a_witness_that_is_away_holds_no_archive_up(
    cosigners: Cosigners, witness: Witness, signer: Signer, bank_id: UUID, tmp_path: Path
) -> None:
    """What one witness has cosigned is in the archive; another one is missed by whoever asks for both."""
    nobody = VerifierKey(witness.key.name + "2", witness.key.kind, witness.key.public)
    away = Cosigner(nobody, "https://away.example")
    reached = asking(witness)

    def ask(url: str, body: bytes) -> Answer:
        return Answer(503, "") if "away" in url else reached(url, body)

    both = Cosigners(signer, [away, *cosigners.witnesses], utc_now, ask)
    await write_archive(both, bank_id, tmp_path / "a", ignore)
    asked = ("--key", signer.verifier_keys(bank_id)[0], "--kept", tmp_path / "kept", tmp_path / "a")
    witnesses = ("--witness", witness.key, "--witness", nobody)
    assert "holds" in verify(tmp_path, *asked, *witnesses, "--wanted", 1)
    assert "lacks cosignatures: 2 are wanted" in verify(tmp_path, *asked, *witnesses, expect=1)
