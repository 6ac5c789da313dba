"""Who people are, in an archive: only where it was asked for, and for the receiver's eyes only."""

from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.conftest import people_of
from tests.controls.town import found, register, volunteer
from tests.exchange.archives.test_reading import elsewhere, ignore, other_url, signer
from timebank.db.connections import Pool
from timebank.domain.person import Person
from timebank.exchange.archives import ArchiveError, read_archive, take_in_archive, write_archive
from timebank.exchange.archives import people as archived
from timebank.exchange.archives.people import (
    SealedError,
    keep_people,
    make_receiver,
    people_in,
    private_in,
    receiver_of,
    write_people,
)
from timebank.exchange.archives.writing import Sealing
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.wake import Waker
from timebank.proofs.checkpoints import Checkpoint
from timebank.proofs.cosigners import Cosigners
from timebank.proofs.signer import Signer
from timebank.runtime.clock import utc_now
from timebank.vault.people import People

__all__ = ["elsewhere", "other_url", "signer"]


@pytest.fixture
async def exported(
    ledger: Ledger, bank_id: UUID, people: People, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Checkpoint:
    """An archive with seven people, in files of three; a receiver's key is in `key.json`."""
    monkeypatch.setattr(archived, "STRETCH", 3)
    await ledger.submit(bank_id, found(7))
    receiver = make_receiver(tmp_path / "key.json")
    sealing, unwitnessed = Sealing(people, receiver_of(receiver)), Cosigners(signer, [], utc_now)
    await write_archive(unwitnessed, bank_id, tmp_path / "a", ignore, sealing)
    return Checkpoint.parse(read_archive(tmp_path / "a", ignore, signer.trusted).note.text)


async def test_whoever_is_meant_knows_everybody(
    exported: Checkpoint, bank_id: UUID, people: People, pool: Pool, signer: Signer, elsewhere: Pool, tmp_path: Path
) -> None:
    """The receiver takes everybody in, under keys of their own; nobody else reads a name in the archive."""
    for file in (tmp_path / "a").rglob("*"):
        assert not file.is_file() or b"Volunteer 1" not in file.read_bytes()
    await take_in_archive(Store(elsewhere, Waker()), read_archive(tmp_path / "a", ignore, signer.trusted), ignore)
    theirs = await people_of(elsewhere)
    sealed = people_in(tmp_path / "a" / archived.FILE, exported, private_in(tmp_path / "key.json"))
    assert await keep_people(theirs, elsewhere, bank_id, sealed) == 7
    for number in range(1, 8):
        known = await theirs.one(elsewhere, bank_id, volunteer(number))
        assert known == await people.one(pool, bank_id, volunteer(number))
        assert known
        assert known.name == f"Volunteer {number}"


async def test_a_later_archive_is_what_counts(
    ledger: Ledger, bank_id: UUID, people: People, pool: Pool, elsewhere: Pool
) -> None:
    """Who was erased since the archive before is erased here too, and what was taken away of somebody is gone."""
    await ledger.submit(bank_id, found(3))
    theirs = await people_of(elsewhere)

    async def kept() -> list[str | None]:
        async with pool.acquire() as connection, connection.transaction():
            stretches = [stretch async for stretch in people.everybody(connection, bank_id, 2)]
        await keep_people(theirs, elsewhere, bank_id, iter(stretches))
        known = [await theirs.one(elsewhere, bank_id, volunteer(number)) for number in (1, 2, 3)]
        return [f"{each.name} {each.phone}" if each else None for each in known]

    async with pool.acquire() as connection:
        phone = Person(volunteer_id=volunteer(1), phone="13800001111", phone_is_claimed=True)
        await people.keep(connection, bank_id, [phone])
        assert await kept() == ["Volunteer 1 13800001111", "Volunteer 2 None", "Volunteer 3 None"]
        (claimed,) = await elsewhere.fetch("select volunteer_id from person where phone_is_claimed")
        assert claimed["volunteer_id"] == volunteer(1)
        await people.keep(connection, bank_id, [msgspec.structs.replace(phone, phone_is_claimed=False)])
        await kept()
        assert not await elsewhere.fetchval("select count(*) from person where phone_is_claimed"), (
            "an office entered it"
        )
        await people.keep(connection, bank_id, [Person(volunteer_id=volunteer(1), phone="")])
        await people.forget(connection, bank_id, [volunteer(2)])
    assert await kept() == ["Volunteer 1 None", None, "Volunteer 3 None"]
    assert await elsewhere.fetchval("select count(*) from person") == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [lines[0][:-8] + b"AAAAAAA=", *lines[1:]],
        lambda lines: [b"!", *lines[1:]],
    ],
    ids=["the end missing", "the beginning missing", "exchanged", "twice", "changed", "no base64"],
)
async def test_nothing_can_be_left_out_or_changed(exported: Checkpoint, tmp_path: Path, spoil: Any) -> None:
    """What is not the whole of what was sealed does not open, nor what was sealed for an archive of another root."""
    file, key = tmp_path / "a" / archived.FILE, private_in(tmp_path / "key.json")
    assert len(list(people_in(file, exported, key))) == 3
    with pytest.raises(SealedError, match="of another archive"):
        list(people_in(file, exported._replace(root=bytes(32)), key))
    make_receiver(tmp_path / "other.json")
    with pytest.raises(SealedError, match="for somebody else"):
        list(people_in(file, exported, private_in(tmp_path / "other.json")))
    lines = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join(spoil(lines)) + b"\n")
    with pytest.raises(SealedError, match="cannot be opened"):
        list(people_in(file, exported, key))


async def test_nobody_can_be_put_in(
    exported: Checkpoint, bank_id: UUID, people: People, pool: Pool, signer: Signer, tmp_path: Path
) -> None:
    """Whoever knows the receiver's key seals other people for it: what was signed with the log is not those."""
    file, key = tmp_path / "a" / archived.FILE, private_in(tmp_path / "key.json")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("delete from person where volunteer_id = $1", volunteer(1))
        await write_people(people, connection, bank_id, exported, key.public_key(), file)
    assert sum(map(len, people_in(file, exported, key))) == 6
    with pytest.raises(ArchiveError, match="not what was signed"):
        read_archive(tmp_path / "a", ignore, signer.trusted)
    file.unlink()
    with pytest.raises(ArchiveError, match="not what was signed"):
        read_archive(tmp_path / "a", ignore, signer.trusted)


async def test_nobody_is_in_it_unless_asked_for(
    ledger: Ledger, bank_id: UUID, signer: Signer, tmp_path: Path, exported: Checkpoint
) -> None:
    """An archive that is written again without people has none; a wrong key is told, and no key file is replaced."""
    await ledger.submit(bank_id, [register(8)])
    await write_archive(Cosigners(signer, [], utc_now), bank_id, tmp_path / "a", ignore)
    with pytest.raises(SealedError, match="no people"):
        list(people_in(tmp_path / "a" / archived.FILE, exported, private_in(tmp_path / "key.json")))
    for wrong in ("timebank-receiver+AAAA", "x", "timebank-receiver+\u00e9"):
        with pytest.raises(SealedError, match="no key of a receiver"):
            receiver_of(wrong)
    with pytest.raises(FileExistsError):
        make_receiver(tmp_path / "key.json")
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(SealedError, match="holds no key"):
        private_in(tmp_path / "x.json")
