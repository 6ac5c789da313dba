"""Receipts and proofs: whoever did something, or is concerned, can prove offline that it was recorded."""

import re
from base64 import b64decode
from hashlib import sha256

import msgspec
import pytest
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint, InclusionProof

from tests.api.world import Caller, World, reward, said, service
from timebank.proofs.checkpoints import encoded

RECEIPT = re.compile(r'(\d+);leaf=:([A-Za-z0-9+/=]+):;log="(timebank/[0-9a-f-]+)"')


def received(header: str) -> tuple[int, bytes, str]:
    """What a receipt says: position, leaf and log."""
    found = RECEIPT.fullmatch(header)
    assert found, header
    return int(found[1]), b64decode(found[2]), found[3]


async def proved(world: World, caller: Caller, position: int) -> list[object]:
    """The fact that a proof is of, as the log has it; proved with nothing but the file and the log's key."""
    answer = await caller.ask("GET", f"/v1/audit/proof/{position}")
    assert answer.status_code == 200, answer.text
    assert ".tlog-proof" in answer.headers["content-disposition"]
    proof, _, note = answer.text.partition("\n\n")
    first, extra, index, *hashes = proof.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    assert index == f"index {position - 1}"
    checkpoint = Checkpoint.from_text(note)
    checkpoint.verify(Vkey.from_string(str(world.services.signer.verifier_keys(world.bank_id)[0])))
    row = b64decode(extra.removeprefix("extra "))
    path = InclusionProof(position - 1, checkpoint.size, [b64decode(each) for each in hashes])
    path.check(sha256(b"\x00" + row).digest(), checkpoint.root_hash)
    fact: list[object] = msgspec.msgpack.decode(row)
    return fact


async def test_a_write_is_answered_with_a_receipt(world: World) -> None:
    """Its answer has the position and the leaf of its last fact, and that completes to a proof at once."""
    record_id = await world.log(world.volunteer.id, days_ago=11)
    answer = await world.verifier.ask("POST", f"/v1/service-records/{record_id}/confirm")
    position, leaf, log = received(answer.headers["timebank-receipt"])
    assert position == answer.json()["position"]
    assert log == f"timebank/{world.bank_id}"
    assert leaf == await world.services.pool.fetchval(
        "select leaf from event where bank_id = $1 and position = $2", world.bank_id, position
    )
    for caller in (world.verifier, world.volunteer, world.administrator):
        row = await proved(world, caller, position)
        assert row[:2] == [str(world.bank_id), position]
        assert row[4] == "service-confirmed"
        assert row[7] == world.verifier.id


async def test_each_row_of_a_batch_has_a_receipt(world: World) -> None:
    """Of many rows each that was logged has its own; a dry run, and a row that was refused, have none."""
    somebody = await world.somebody()
    rows = [service(somebody.id, days_ago=n) for n in (3, 4)] + [service(somebody.id, days_ago=3)]
    batch, sent = f"{world.records}/batch", {"records": rows}
    tried = await world.organisation.ask("POST", batch, json=sent, params={"dry_run": True})
    assert "timebank-receipt" not in tried.headers
    assert not any("leaf" in each or "position" in each for each in tried.json()["results"])
    done = await world.organisation.ask("POST", batch, json=sent)
    first, second, refused = done.json()["results"]
    assert "leaf" not in refused
    assert received(done.headers["timebank-receipt"])[:2] == (second["position"], b64decode(second["leaf"]))
    for each in (first, second):
        row = await proved(world, world.organisation, each["position"])
        assert encoded(sha256(b"\x00" + msgspec.msgpack.encode(row)).digest()) == each["leaf"]
        assert each["record_id"].encode() in msgspec.convert(row[5], bytes)


async def test_a_repeat_has_the_same_receipt(world: World) -> None:
    """Whoever repeats a request with its key gets the receipt of the first; what changes nothing has none."""
    offer = reward(world.garden)
    headers = {"Idempotency-Key": "receipt-1"}
    first, again = [await world.administrator.ask("POST", "/v1/rewards", json=offer, headers=headers) for _ in range(2)]
    assert first.headers["timebank-receipt"] == again.headers["timebank-receipt"]
    position, leaf, _ = received(first.headers["timebank-receipt"])
    row = await proved(world, world.administrator, position)
    assert sha256(b"\x00" + msgspec.msgpack.encode(row)).digest() == leaf
    consent = {"purpose": "leaderboard", "granted": False}
    somebody = await world.somebody()
    unchanged = await somebody.ask("POST", f"/v1/volunteers/{somebody.id}/consents", json=consent)
    assert "timebank-receipt" not in unchanged.headers


async def test_who_may_prove_what(world: World) -> None:
    """Auditors prove every fact; others those about themselves and those they did; for the rest there are none."""
    record_id = await world.confirmed(world.volunteer.id, days_ago=12)
    auditor, stranger = await world.appointed("auditor"), await world.somebody()
    events = (await world.administrator.get("/v1/audit/events", tag=record_id))["items"]
    logged, confirmed = (each["position"] for each in events)
    for caller, position, status in (
        (auditor, logged, 200), (auditor, 1, 200), (world.volunteer, logged, 200), (world.volunteer, confirmed, 200),
        (world.verifier, confirmed, 200), (world.organisation, logged, 200), (world.organisation, confirmed, 404),
        (world.verifier, logged, 404), (stranger, logged, 404), (world.volunteer, 1, 404), (auditor, 2**40, 404),
    ):  # fmt: skip
        for what in ("proof", "receipt"):
            answer = await caller.ask("GET", f"/v1/audit/{what}/{position}")
            assert answer.status_code == status, (caller.id, position, answer.text)
    unknown, foreign = [await stranger.get(f"/v1/audit/proof/{each}", expect=404) for each in (2**40, logged)]
    assert unknown == foreign


@pytest.mark.parametrize("position", ["0", "-1", "x", str(2**60)])
async def test_what_is_no_position_is_refused(world: World, position: str) -> None:
    """A position is a number from 1 on."""
    answer = await world.administrator.ask("GET", f"/v1/audit/proof/{position}")
    assert answer.status_code in {400, 404}


async def test_a_receipt_can_be_printed(world: World) -> None:
    """The sheet says position, log and leaf, in letters and in a QR code, and who may prove the fact may print it."""
    answer = await world.verifier.ask("POST", f"/v1/service-records/{await world.log(world.volunteer.id)}/confirm")
    position, leaf, log = received(answer.headers["timebank-receipt"])
    sheet = await world.volunteer.ask("GET", f"/v1/audit/receipt/{position}")
    assert sheet.headers["content-type"].startswith("image/svg+xml")
    for text in (str(position), encoded(leaf), log, "service-confirmed", "<path"):
        assert text in sheet.text
    said(await world.http.get(f"/v1/audit/receipt/{position}"), 401)
