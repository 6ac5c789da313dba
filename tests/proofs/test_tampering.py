"""What somebody who owns the database, and the signing key too, can do to a history, and by whom it is found.

The table in docs/audit.md says the same; its rows are named here.
"""

import contextlib
import io
import json
import re
import shutil
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from tests.controls import KEY_FILE
from tests.controls.market import Market
from tests.helpers.cosigning import asking
from tests.helpers.effort import more
from tests.proofs.attacker import Attacker
from timebank.db.connections import Pool
from timebank.exchange.archives import write_archive
from timebank.identity.security_log import SecurityLog, Visit
from timebank.ledger.audit import check_log
from timebank.ledger.ledger import Ledger
from timebank.proofs.checking import tree_check
from timebank.proofs.checkpoints import encoded
from timebank.proofs.cosigners import Cosigner, Cosigners
from timebank.proofs.inclusion import entry, prove, receipt
from timebank.proofs.notes import Note, NoteError
from timebank.proofs.signer import Signed, Signer
from timebank.proofs.tiles import LogDamagedError, Tiles
from timebank.proofs.witness import Witness
from timebank.runtime.clock import utc_now
from timebank.runtime.upkeep.binding import EVERY, bind_security_logs, unbound_changes
from timebank.vault.keyring import Keyring
from timebank.vault.signing import SigningKeys
from timebank.verifier.__main__ import main


class Scene(NamedTuple):
    """A bank with a history, and what people hold who do not trust its keeper."""

    pool: Pool
    bank_id: UUID
    folder: Path
    attacker: Attacker
    head: int
    checkpoint: Signed
    receipts: list[str]
    key: str
    witness: Witness

    def signer(self, keys: str = "keys") -> Signer:
        """What signs, as a process that starts has it, with the keys in a folder."""
        return Signer(Tiles(self.pool), SigningKeys.found_or_made(self.folder / keys / "signing.json"), utc_now)

    async def exported(self, signer: Signer, name: str) -> Path:
        """An archive of what is in the database now."""
        await write_archive(Cosigners(signer, [], utc_now), self.bank_id, self.folder / name, lambda done, total: None)
        return self.folder / name

    async def cosigned(self) -> Signed:
        """The latest checkpoint, once the witness has cosigned it. Raises `NoteError` if it refuses."""
        signer, asked = self.signer(), Cosigner(self.witness.key, "https://witness.example")
        await signer.sign(self.bank_id)
        cosigners = Cosigners(signer, [asked], utc_now, asking(self.witness))
        assert await cosigners.ask(self.bank_id, asked)
        latest = await cosigners.latest(self.bank_id)
        assert latest
        return latest

    def verify(self, kept: str, *arguments: object) -> str:
        """What the verifier says to somebody who has kept something in a folder before."""
        said, code = io.StringIO(), 0
        with contextlib.redirect_stdout(said):
            try:
                main(["--key", self.key, "--kept", str(self.folder / kept), *map(str, arguments)])
            except SystemExit as left:
                code = int(left.code or 0)
        assert code == (0 if said.getvalue().startswith("holds") else 1), said.getvalue()
        return said.getvalue()


@pytest.fixture
async def scene(pool: Pool, ledger: Ledger, bank_id: UUID, tmp_path: Path) -> Scene:
    """A history of some hundred facts, signed twice; an auditor verified it, others kept a checkpoint, or receipts.

    A witness has cosigned it.
    """
    market = Market(seed=11)
    await ledger.submit(bank_id, market.commands(150))
    first = Scene(pool, bank_id, tmp_path, Attacker(pool, bank_id), 0, None, [], "", None)  # type: ignore[arg-type]
    signer = first.signer()
    await signer.sign(bank_id)
    await ledger.submit(bank_id, [market.next() for _ in range(150)])
    checkpoint = await signer.sign(bank_id)
    assert checkpoint
    rows = await pool.fetch("select position, leaf from event order by position")
    receipts = [receipt(bank_id, row["position"], row["leaf"]) for row in rows]
    keys = signer.verifier_keys(bank_id)
    witness = Witness(pool, SigningKeys.found_or_made(tmp_path / "witness" / "signing.json"), keys, utc_now)
    scene = first._replace(head=len(rows), checkpoint=checkpoint, receipts=receipts, key=str(keys[0]), witness=witness)
    (tmp_path / "cosigned.txt").write_text((await scene.cosigned()).note)
    assert scene.verify("whoever asked the witness", tmp_path / "cosigned.txt").startswith("holds")
    archive = await scene.exported(signer, "before")
    assert scene.verify("auditor", archive).startswith("holds")
    (tmp_path / "note.txt").write_text(checkpoint.note)
    assert scene.verify("passer-by", tmp_path / "note.txt").startswith("holds")
    return scene


FLIP = "update event set data = set_byte(data, 40, get_byte(data, 40) # 1) where position = 100"
GIFT = "(select max(position) from event where topic = 'credit-given')"
TRUNCATE = "delete from event where position > (select max(position) - 50 from event)"
COPY = (
    "insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id, command_id,"
    " recorded_at, leaf) select bank_id, 1000000, gen_random_uuid(), topic, data, tags, actor, authority, request_id,"
    " command_id, recorded_at, '' from event"
    " where position = (select max(position) from event where topic = 'service-confirmed' and position <= 100)"
)
MINUTES = (
    "update event set data = convert_to(regexp_replace(convert_from(data, 'UTF8'), '\"minutes\":\\d+',"
    " '\"minutes\":999'), 'UTF8') where position = (select max(position) from event where topic = 'service-confirmed')"
)

REWRITES = {
    "minutes added": [MINUTES],
    "a gift deleted": [f"delete from event where position = {GIFT}"],
    "a fact inserted": [
        COPY,
        "update event set position = position + 2000000 where position between 101 and 999999",
        "update event set position = 101 where position = 1000000",
    ],
    "two facts swapped": [
        "update event set position = 1000000 where position = 100",
        "update event set position = 100 where position = 101",
        "update event set position = 101 where position = 1000000",
    ],
    "the end cut": [TRUNCATE],
}
"""What is done to the rows; the whole log is numbered and sealed anew after it."""

EVERY_REWRITE = ["a gift deleted", *more(*[each for each in REWRITES if each != "a gift deleted"])]
"""One of them every day, all for a release."""


async def found_in_place(scene: Scene, *against: Note) -> list[Any]:
    """What `timebank verify` finds."""
    tree = await tree_check(scene.pool, scene.signer(), scene.bank_id, against)
    found = [each async for each in check_log(scene.pool, scene.bank_id, saw=tree.take)]
    return found + tree.finish()


async def first_wrong(scene: Scene) -> int:
    """The first position at which the log is not what it was."""
    rows = await scene.pool.fetch("select position, leaf from event order by position")
    now = {row["position"]: row["leaf"] for row in rows}
    was = {n: line.split()[2] for n, line in enumerate(scene.receipts, 1)}
    return next(n for n in was if b64encode(now.get(n, b"")).decode() != was[n])


async def test_a_sound_history_is_sound(scene: Scene) -> None:
    """Where nobody did anything nothing is found, in place or elsewhere, whatever it is compared with."""
    assert await found_in_place(scene, Note.parse(scene.checkpoint.note)) == []
    archive = await scene.exported(scene.signer(), "after")
    for kept in ("auditor", "passer-by", "nobody"):
        assert scene.verify(kept, archive, *(each for line in scene.receipts for each in ("--receipt", line)))
        assert scene.verify(kept, archive).startswith("holds")


@pytest.mark.parametrize("name", EVERY_REWRITE)
async def test_a_rewritten_history_is_found_by_what_was_signed(scene: Scene, name: str) -> None:
    """Whoever rewrites the log alone, however well it fits, is found in place; nothing is signed of what they wrote.

    What lies under a tile that is full is not looked at each time, but what is signed stays what it was: then the
    archive does not hold.
    """
    await scene.attacker.do(*REWRITES[name], rewrite=True)
    where = await first_wrong(scene)
    found = await found_in_place(scene)
    assert found
    assert min(finding.position for finding in found) <= where
    try:
        archive = await scene.exported(scene.signer(), "after")
    except LogDamagedError:
        return
    assert f"WRONG: position {where}" in scene.verify("auditor", archive)
    assert "WRONG" in scene.verify("nobody", archive)


@pytest.mark.parametrize("name", EVERY_REWRITE)
async def test_whoever_has_the_key_too_is_found_by_what_others_kept(scene: Scene, name: str) -> None:
    """Whoever rewrites all of it, and has the key, is found by an auditor, by receipts, and by a kept checkpoint."""
    await scene.attacker.do(*REWRITES[name], rewrite=True)
    await scene.attacker.forget_what_was_signed()
    shutil.rmtree(scene.folder / "keys" / "signed")
    where = await first_wrong(scene)
    assert await found_in_place(scene) == [], "nobody but those who kept something can tell"
    archive = await scene.exported(scene.signer(), "after")
    assert scene.verify("nobody", archive).startswith("holds")
    # An auditor who verified it before is told the very position.
    assert re.search(rf"^WRONG: position {where}\b", scene.verify("auditor", archive))
    # So is whoever has the receipt.
    assert re.search(rf"position {where}\b", scene.verify("nobody", "--receipt", scene.receipts[where - 1], archive))
    # Whoever kept a checkpoint only is told that it is not the history of then.
    assert re.search(r"WRONG: .*at most", scene.verify("passer-by", archive))
    against = await found_in_place(scene, Note.parse(scene.checkpoint.note))
    assert [each.position <= where for each in against] == [True]
    # The witness cosigns nothing of it, and hands out what it cosigned before.
    with pytest.raises(NoteError, match=r"it answered 422|it has seen \d+ facts already"):
        await scene.cosigned()
    assert re.search(r"WRONG: .*at most", scene.verify("whoever asked the witness", archive))
    # A proof that a volunteer asks for now does not fit the receipt.
    fact = await entry(scene.pool, scene.bank_id, where)
    if fact:
        proof = scene.folder / "x.tlog-proof"
        proof.write_text(await prove(Cosigners(scene.signer(), [], utc_now), scene.bank_id, fact))
        assert "not the one of your receipt" in scene.verify("nobody", "--receipt", scene.receipts[where - 1], proof)


async def test_whoever_trusts_witnesses_wants_their_word(scene: Scene) -> None:
    """Of the witnesses that are named as many have to have cosigned as are wanted; all, if nothing is said."""
    ours, other = str(scene.witness.key), str(Witness(scene.pool, scene.signer("other").keys, [], utc_now).key)
    cosigned, plain = scene.folder / "cosigned.txt", scene.folder / "note.txt"
    for named in (["--witness", ours], ["--witness", ours, "--witness", other, "--wanted", "1"], ["--wanted", "0"]):
        assert scene.verify("nobody", *named, cosigned).startswith("holds")
    assert "lacks cosignatures: 1 are wanted" in scene.verify("nobody", "--witness", ours, plain)
    assert "lacks cosignatures: 1 are wanted" in scene.verify("nobody", "--witness", other, cosigned)
    assert "lacks cosignatures: 2 are wanted" in scene.verify("nobody", "--witness", ours, "--witness", other, cosigned)
    fact = await entry(scene.pool, scene.bank_id, 7)
    assert fact
    proof = scene.folder / "7.tlog-proof"
    proof.write_text(await prove(Cosigners(scene.signer(), [], utc_now), scene.bank_id, fact))
    assert scene.verify("nobody", "--witness", ours, proof).startswith("holds"), "the proof is by what was cosigned"


async def test_whoever_kept_a_checkpoint_sees_that_the_log_only_grew(scene: Scene) -> None:
    """A proof of consistency leads from the checkpoint that was kept to a later one, and from no other history's."""
    first = await scene.signer().covering(scene.bank_id, 1)
    assert first
    assert first.size < scene.head
    hashes = await scene.signer().tiles.consistency(scene.bank_id, first.size, scene.head)
    said = {"old_size": first.size, "new_size": scene.head, "hashes": [encoded(each) for each in hashes]}
    (scene.folder / "first.txt").write_text(first.note)
    for kept, proof in (("one", hashes), ("another", [bytes(32), *hashes[1:]]), ("third", hashes[1:])):
        assert scene.verify(kept, scene.folder / "first.txt").startswith("holds")
        file = scene.folder / f"{kept}.json"
        file.write_text(json.dumps(said | {"hashes": [encoded(each) for each in proof]}))
        told = scene.verify(kept, "--consistency", file, scene.folder / "note.txt")
        assert told.startswith("holds" if proof is hashes else "WRONG")


async def test_a_rewritten_security_log_is_found(scene: Scene, ledger: Ledger) -> None:
    """It is not what the log says; where the log is made to say it too, that is a rewritten history like any other."""
    pool, bank_id, now = scene.pool, scene.bank_id, utc_now()
    security_log = SecurityLog(pool, Keyring(KEY_FILE))
    for n in range(3):
        await security_log.record(bank_id, "signed-in", Visit(now, "10.0.0.1", "r"), actor=f"vol_{n}", subject="x")
    await bind_security_logs(ledger, security_log, now + 2 * EVERY)
    sealed = scene.head + 1
    archive = await scene.exported(scene.signer(), "sealed")
    assert scene.verify("auditor", archive).startswith("holds")
    row = await pool.fetchrow("select leaf, data from event where position = $1", sealed)
    assert row
    was, bound = receipt(bank_id, sealed, row["leaf"]), json.loads(row["data"])
    await scene.attacker.do("update security_event set actor = 'vol_9' where actor = 'vol_1'")
    (change,) = await unbound_changes(ledger, security_log, bank_id, now - 10 * EVERY)
    assert f"are not the 3 that position {sealed} says" in change
    stretch = await security_log.stretch(bank_id, 0, until=bound["number"])
    assert stretch
    told = f"replace(convert_from(data, 'UTF8'), '{bound['digest']}', '{stretch.digest}')"
    await scene.attacker.do(
        f"update event set data = convert_to({told}, 'UTF8') where position = {sealed}", rewrite=True
    )
    await scene.attacker.forget_what_was_signed()
    shutil.rmtree(scene.folder / "keys" / "signed")
    assert await unbound_changes(ledger, security_log, bank_id, now - 10 * EVERY) == []
    assert await found_in_place(scene) == []
    archive = await scene.exported(scene.signer(), "after")
    assert f"WRONG: position {sealed}:" in scene.verify("auditor", archive)
    assert f"WRONG: position {sealed}:" in scene.verify("nobody", "--receipt", was, archive)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "update tile set root = sha256(root) where number = 0 and level = 0",
            "are not those signed (tile 0 of level 0)",
        ),
        ("delete from tile where number = 0 and level = 0", "is gone (tile 0 of level 0)"),
    ],
    ids=["changed", "gone"],
)
async def test_the_tree_that_is_kept_is_compared(scene: Scene, statement: str, told: str) -> None:
    """A hash of the tree that is not what the facts come to, or is gone, is found in place."""
    await scene.attacker.do(statement)
    assert [(each.position, told in each.what) for each in await found_in_place(scene)] == [(1, True)]


async def test_a_receipt_is_of_the_fact_that_is_shown(scene: Scene) -> None:
    """A proof says what was recorded, by whom; a receipt of another fact, or spoiled, is never passed over."""
    fact = await entry(scene.pool, scene.bank_id, 7)
    assert fact
    proof = scene.folder / "7.tlog-proof"
    proof.write_text(await prove(Cosigners(scene.signer(), [], utc_now), scene.bank_id, fact))
    log, position, leaf = scene.receipts[6].split()
    said = scene.verify("nobody", proof)
    assert f"{fact.event.topic}, recorded at" in said
    assert f"by {fact.event.actor} ({fact.event.authority}): {fact.event.data.decode()}" in said
    assert "your receipt" not in said
    for own in (scene.receipts[6], f'{position};leaf=:{leaf}:;log="{log}"'):
        assert "is the fact of your receipt" in scene.verify("nobody", "--receipt", own, proof)
    for other in (scene.receipts[7], f"another {position} {leaf}"):
        assert "nothing here is about it" in scene.verify("nobody", "--receipt", other, proof)
    assert "is no receipt" in scene.verify("nobody", "--receipt", f"{log} {position} {leaf[:-4]}", proof)
    archive = await scene.exported(scene.signer(), "whole")
    assert "nothing here is about it" in scene.verify("nobody", "--receipt", f"another {position} {leaf}", archive)
    contradiction = ("--receipt", scene.receipts[6], "--receipt", f"{log} {position} {scene.receipts[7].split()[2]}")
    assert "two histories" in scene.verify("nobody", *contradiction, proof)


async def test_a_flipped_bit_is_found_by_anybody(scene: Scene) -> None:
    """A row that was changed without a new seal is named in place, and by a verifier that knows nothing but the key."""
    await scene.attacker.do(FLIP)
    for against in ([], [Note.parse(scene.checkpoint.note)]):
        assert 100 in [finding.position for finding in await found_in_place(scene, *against)]
    archive = await scene.exported(scene.signer(), "after")
    assert "WRONG: position 100:" in scene.verify("auditor", archive)
    assert "WRONG: position 100:" in scene.verify("nobody", "--receipt", scene.receipts[99], archive)
    assert "WRONG" in scene.verify("nobody", archive)
    await scene.attacker.forget_what_was_signed()
    shutil.rmtree(scene.folder / "keys" / "signed")
    assert 100 in [finding.position for finding in await found_in_place(scene)], "the hash of the row differs"


async def test_a_database_that_was_rolled_back_is_found(scene: Scene) -> None:
    """An old backup under the same key is not signed again; with the key's memory removed, others tell."""
    await scene.attacker.do(
        "delete from event where position > 120",
        "delete from event_tag where position > 120",
        "delete from signed_checkpoint where size > 120",
        "update bank set head = 120, head_event_id = (select event_id from event where position = 120)",
        rewrite=True,
    )
    with pytest.raises(LogDamagedError, match=f"ends at position 120, but {scene.head} facts"):
        await scene.signer().sign(scene.bank_id)
    shutil.rmtree(scene.folder / "keys" / "signed")
    archive = await scene.exported(scene.signer(), "after")
    assert "position 121 is missing" in scene.verify("auditor", archive)
    assert re.search(r"after \d+, at most 121", scene.verify("passer-by", archive))
    last = scene.receipts[-1]
    assert "position 121 is missing" in scene.verify("nobody", "--receipt", last, archive)


async def test_two_histories_are_found_when_two_people_compare(scene: Scene) -> None:
    """Two checkpoints of one size and two roots, both signed, prove that two people were told two histories."""
    archive = await scene.exported(scene.signer(), "shown to one")
    await scene.attacker.do(*REWRITES["two facts swapped"], rewrite=True)
    await scene.attacker.forget_what_was_signed()
    shutil.rmtree(scene.folder / "keys" / "signed")
    other = await scene.exported(scene.signer(), "shown to another")
    assert scene.verify("one", archive).startswith("holds")
    assert scene.verify("another", other).startswith("holds")
    assert "two histories" in scene.verify("another", archive / "checkpoint.txt")
    assert "WRONG" in scene.verify("one", other)


async def test_another_key_is_not_believed(scene: Scene) -> None:
    """A history that is signed anew with another key is nobody's who knows the key of the bank."""
    await scene.attacker.do(*REWRITES["two facts swapped"], rewrite=True)
    await scene.attacker.forget_what_was_signed()
    archive = await scene.exported(scene.signer("other keys"), "after")
    assert "no key of its log that you trust" in scene.verify("nobody", archive)
    assert "WRONG" in scene.verify("auditor", archive)


async def test_balances_are_made_anew(scene: Scene) -> None:
    """A balance that is not what the facts come to is found, and named, by whoever has the archive alone."""
    somebody = await scene.pool.fetchval("select volunteer_id from balance where available_minutes > 0 limit 1")
    async with scene.pool.acquire() as connection:
        await connection.execute("update balance set available_minutes = available_minutes + 60")
    archive = await scene.exported(scene.signer(), "after")
    said = scene.verify("nobody", archive)
    assert re.search(r"the account available of \S+ is said to be \d+, and comes to \d+", said)
    assert somebody


async def test_nobody_can_do_it_by_the_service_alone(scene: Scene) -> None:
    """Whoever is no superuser is stopped by the database."""
    for statement in (FLIP, TRUNCATE, "delete from tile", "update signed_checkpoint set root = ''"):
        with pytest.raises(asyncpg.RaiseError):
            await scene.pool.execute(statement)
