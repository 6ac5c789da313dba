"""What became of credit can be read: rewards, redemptions, funds, transfers, rule books and statements."""

from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.controls import CLINIC, GARDEN, NOON, ZONE
from tests.controls.market import (
    CHECK_UP,
    COMMUNITY,
    OFFICE,
    PROJECT,
    adopt,
    cancel,
    donate,
    expire,
    fulfil,
    give,
    grant,
    open_fund,
    publish,
    reserve,
    terms,
)
from tests.controls.town import confirm, correct, log, void, volunteer
from tests.helpers.whole import entries as entries_of
from tests.helpers.whole import sums
from tests.projections.conftest import Compare, Play
from timebank.db.connections import Pool
from timebank.domain.credit.funds import CloseFund
from timebank.domain.credit.preview import Change
from timebank.domain.credit.rewards import AmendReward, PauseReward, ResumeReward, WithdrawReward
from timebank.domain.credit.statements import lines
from timebank.domain.facts.credit import Eligibility, RuleEffect, Rules, Slot
from timebank.domain.identifiers import RewardId
from timebank.projections.credit import balances, funds, policies, redemptions, rewards, transfers
from timebank.projections.service import records

WANG, LI, ZHAO = volunteer(1), volunteer(2), volunteer(3)
TODAY = NOON.date()
EVERYTHING: dict[str, Any] = {
    "volunteer_id": None,
    "provider_ids": None,
    "own_id": None,
    "reward_id": None,
    "status": None,
    "before": None,
    "limit": 100,
}


def served(*who: str, hours: int = 4) -> list[Any]:
    """Some served some hours yesterday, and were credited with it."""
    return [
        command
        for each in who
        for command in (log(f"rec_{each}", each, hours=hours), confirm(f"rec_{each}"))  # type: ignore[arg-type]
    ]


async def test_a_reward_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """A reward is shown on its terms of now, with what is left of it in the present period and why it is paused."""
    slots = tuple(Slot(starts_at=NOON + timedelta(days=days), places=2) for days in (1, 2))
    first = slots[0].starts_at
    await play(*served(WANG, LI), publish(quota=3, quota_every="month", slots=slots, funder_id=GARDEN))
    await play(reserve("red_1", WANG, slot=first), reserve("red_2", LI, slot=first), cancel("red_2"))
    seen = await rewards.one(pool, bank_id, CHECK_UP, TODAY)
    assert seen is not None
    assert (seen.name, seen.kind, seen.cost_minutes, seen.funder_id) == ("免费体检", "health-check", 30, GARDEN)
    assert (seen.status, seen.reason, seen.period, seen.quota, seen.remaining) == ("published", None, "2026-11", 3, 2)
    assert [(slot.starts_at, slot.places, slot.remaining) for slot in seen.slots] == [
        (slots[0].starts_at, 2, 1),
        (slots[1].starts_at, 2, 2),
    ]
    next_month = await rewards.one(pool, bank_id, CHECK_UP, date(2026, 12, 1))
    assert next_month is not None
    assert (next_month.period, next_month.remaining) == ("2026-12", 3)
    changed = terms(quota=1, cost_minutes=45, provider_id=CLINIC, eligibility=Eligibility(stars=1))
    await play(
        PauseReward(reward_id=CHECK_UP, reason="holidays", **OFFICE),
        AmendReward(reward_id=CHECK_UP, terms=changed, **OFFICE),
    )
    seen = await rewards.one(pool, bank_id, CHECK_UP, TODAY)
    assert seen is not None
    assert (seen.status, seen.reason, seen.cost_minutes, seen.provider_id) == ("paused", "holidays", 45, CLINIC)
    assert (seen.eligibility.stars, seen.slots, seen.period, seen.remaining) == (1, [], "all", 1)
    assert await rewards.one(pool, bank_id, "rew_none", TODAY) is None
    assert await rewards.one(pool, UUID(int=1), CHECK_UP, TODAY) is None


async def test_rewards_are_paged(play: Play, pool: Pool, bank_id: UUID, compare: Compare) -> None:
    """Rewards come in the order of publishing, in pages without a gap, and only those that were asked for."""
    await play(*(publish(f"rew_{n:02}", kind="travel" if n % 3 else "goods") for n in range(10)))
    on = [PauseReward(reward_id=RewardId("rew_03"), reason="full", **OFFICE)]
    off = [WithdrawReward(reward_id=RewardId("rew_04"), reason="over", **OFFICE)]
    await play(*on, *off, ResumeReward(reward_id=RewardId("rew_03"), **OFFICE), *on)

    async def ask(statuses: list[str] | None = None, kind: str | None = None) -> list[str]:
        found, after = [], ""
        while page := await rewards.page(pool, bank_id, statuses, kind, TODAY, after, 3):
            found += [each.reward_id for each in page]
            after = page[-1].reward_id
        return found

    assert await ask() == [f"rew_{n:02}" for n in range(10)]
    assert await ask(statuses=["paused", "withdrawn"]) == ["rew_03", "rew_04"]
    assert await ask(kind="goods", statuses=["published"]) == ["rew_00", "rew_06", "rew_09"]
    found = await rewards.page(pool, bank_id, ["published"], None, TODAY, "", 1)
    assert (found[0].reason, found[0].remaining) == (None, None)
    assert [each.projection for each in await compare() if not each.is_equal] == []


async def test_a_reward_that_is_resumed_gives_no_reason(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Why it was paused is not told any more once it is resumed, whether that is taken in together or one by one."""
    pause = PauseReward(reward_id=CHECK_UP, reason="holidays", **OFFICE)
    resume = ResumeReward(reward_id=CHECK_UP, **OFFICE)
    await play(publish(), pause, resume)
    for _ in range(2):
        seen = await rewards.one(pool, bank_id, CHECK_UP, TODAY)
        assert seen is not None
        assert (seen.status, seen.reason) == ("published", None)
        await play(pause)
        (receipt,) = await play(resume)
        assert (await rewards.one(pool, bank_id, CHECK_UP, TODAY)).position == receipt.position  # type: ignore[union-attr]


async def test_a_redemption_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """A redemption is shown on the terms of when it was reserved, with what became of it, and never its code."""
    await play(*served(WANG, LI), publish(), reserve("red_1", WANG, beneficiary=ZHAO), reserve("red_2", LI))
    await play(AmendReward(reward_id=CHECK_UP, terms=terms(cost_minutes=90, name="体检"), **OFFICE))
    await play(*(reserve(f"red_{n}", WANG) for n in (3,)), reserve("red_4", LI))
    await play(fulfil("red_1"), cancel("red_2"), expire("red_3"))
    seen = {each.redemption_id: each for each in await redemptions.page(pool, bank_id, **EVERYTHING)}
    assert [
        (each.redemption_id, each.status, each.cost_minutes, each.name, each.ended_by, each.reason)
        for each in seen.values()
    ] == [
        ("red_4", "reserved", 90, "体检", None, None),
        ("red_3", "expired", 90, "体检", None, None),
        ("red_2", "cancelled", 30, "免费体检", GARDEN, "the machine broke"),
        ("red_1", "fulfilled", 30, "免费体检", GARDEN, None),
    ]
    assert (seen["red_1"].volunteer_id, seen["red_1"].beneficiary_id) == (WANG, ZHAO)
    assert (seen["red_1"].provider_id, seen["red_1"].kind, seen["red_1"].slot) == (GARDEN, "health-check", None)
    assert [each.ended_at is None for each in seen.values()] == [True, False, False, False]
    assert seen["red_4"].expires_at == NOON + timedelta(hours=72)
    assert await redemptions.one(pool, bank_id, "red_1") == seen["red_1"]
    assert await redemptions.one(pool, bank_id, "red_none") is None
    assert not {"code", "code_hash"} & {row["column_name"] for row in await pool.fetch(COLUMNS)}


COLUMNS = "select column_name from information_schema.columns where table_name = 'redemption'"


async def test_redemptions_are_paged(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Redemptions come newest first, in pages without a gap, and only those that were asked for."""
    await play(*served(WANG, LI, hours=8), publish(cost_minutes=10), publish("rew_other", provider_id=CLINIC))
    await play(
        *(reserve(f"red_{n:02}", (WANG, LI)[n % 2], beneficiary=(WANG, ZHAO)[n // 8]) for n in range(10)),
        reserve("red_10", WANG, "rew_other"),
        fulfil("red_03"),
    )

    async def ask(**asked: Any) -> list[int]:
        found = await redemptions.page(pool, bank_id, **(EVERYTHING | asked))
        return [int(each.redemption_id.removeprefix("red_")) for each in found]

    everything = list(reversed(range(11)))
    assert await ask() == everything
    paged: list[int] = []
    while page := await ask(before=f"red_{paged[-1]:02}" if paged else None, limit=4):
        paged += page
    assert paged == everything
    assert await ask(volunteer_id=LI) == [9, 7, 5, 3, 1]
    assert await ask(volunteer_id=ZHAO) == [9, 8], "who gets it is shown it, too"
    assert await ask(provider_ids=[CLINIC]) == await ask(reward_id="rew_other") == [10]
    assert await ask(provider_ids=[]) == []
    assert await ask(provider_ids=[CLINIC], own_id=ZHAO) == [10, 9, 8], "and their own"
    assert await ask(status="fulfilled") == [3]


async def test_what_is_overdue_is_found(play: Play, pool: Pool, bank_id: UUID) -> None:
    """What is still reserved though its time is over, to the second, is due."""
    slot = Slot(starts_at=NOON + timedelta(hours=1), places=1)
    await play(*served(WANG, LI), publish(), publish("rew_slots", slots=(slot,)))
    await play(reserve("red_1", WANG), reserve("red_2", LI, "rew_slots", slot=slot.starts_at), reserve("red_3", LI))
    await play(fulfil("red_3"))
    first, last = NOON + timedelta(hours=25), NOON + timedelta(hours=72)

    async def due(now: Any, limit: int = 9) -> list[str]:
        found = await redemptions.due(pool, now.astimezone(UTC), limit)
        assert [(each.bank_id, each.timezone) for each in found] == [(bank_id, str(ZONE))] * len(found)
        return [redemption for each in found for redemption in each.redemption_ids]

    assert await due(first - timedelta(seconds=1)) == []
    assert await due(first) == ["red_2"]
    assert sorted(await due(last)) == ["red_1", "red_2"]
    assert await due(last, limit=1) == ["red_2"], "of many, those that wait longest"
    await play(expire("red_2"))
    assert await due(last) == ["red_1"]


async def test_funds_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Funds are shown with what is in them; closed ones stay, and what they were called."""
    await play(
        *served(WANG),
        open_fund(),
        open_fund(PROJECT, kind="project", organisation_id=GARDEN, purpose="a garden", name="花园"),
        donate("trf_1", WANG, 100),
        grant("trf_2", 40, to_fund_id=PROJECT),
        grant("trf_3", 60, to_volunteer_id=LI),
        CloseFund(fund_id=COMMUNITY, reason="done", **OFFICE),
    )
    community, project = await funds.page(pool, bank_id, "", 9)
    assert (community.fund_id, community.kind, community.status, community.minutes) == (
        COMMUNITY,
        "community",
        "closed",
        0,
    )
    assert (community.organisation_id, community.purpose) == (None, None)
    assert (project.name, project.kind, project.organisation_id, project.purpose, project.status, project.minutes) == (
        "花园",
        "project",
        GARDEN,
        "a garden",
        "open",
        40,
    )
    assert await funds.page(pool, bank_id, "", 1) == [community]
    assert await funds.page(pool, bank_id, COMMUNITY, 9) == [project]
    assert await funds.names(pool, bank_id) == {COMMUNITY: "The fund fnd_community", PROJECT: "花园"}
    assert await funds.names(pool, UUID(int=1)) == {}
    assert await balances.trial_balance(pool, bank_id) == 0


async def test_transfers_can_be_seen(play: Play, pool: Pool, bank_id: UUID) -> None:
    """Gifts, donations and grants are shown newest first, by kind, by whose they are, and by fund, from or to."""
    await play(
        *served(WANG, LI),
        open_fund(),
        open_fund(PROJECT),
        give("trf_1", WANG, LI, 20),
        give("trf_2", LI, ZHAO, 5),
        donate("trf_3", WANG, 100),
        donate("trf_4", LI, 10, PROJECT),
        grant("trf_5", 40, to_fund_id=PROJECT),
        grant("trf_6", 30, to_volunteer_id=ZHAO),
    )

    async def ask(kind: Any, **asked: Any) -> list[str]:
        wanted = {"volunteer_id": None, "fund_id": None, "before": None, "limit": 9} | asked
        return [each.transfer_id for each in await transfers.page(pool, bank_id, kind, **wanted)]

    assert [await ask(kind) for kind in ("gift", "donation", "grant")] == [
        ["trf_2", "trf_1"],
        ["trf_4", "trf_3"],
        ["trf_6", "trf_5"],
    ]
    assert await ask("gift", volunteer_id=LI) == ["trf_2", "trf_1"], "given and received"
    assert await ask("gift", volunteer_id=ZHAO) == ["trf_2"]
    assert await ask("donation", fund_id=COMMUNITY) == ["trf_3"]
    assert await ask("grant", fund_id=PROJECT) == ["trf_5"]
    assert await ask("grant", before="trf_6") == ["trf_5"]
    assert await ask("gift", limit=1) == ["trf_2"]
    assert await ask(None, volunteer_id=LI) == ["trf_4", "trf_2", "trf_1"]
    wanted = {"volunteer_id": None, "fund_id": None, "before": None, "limit": 9}
    by_kind = [(await transfers.page(pool, bank_id, kind, **wanted))[-1] for kind in ("gift", "donation", "grant")]  # type: ignore[arg-type]
    assert [
        (each.kind, each.volunteer_id, each.fund_id, each.to_volunteer_id, each.to_fund_id, each.minutes, each.reason)
        for each in by_kind
    ] == [
        ("gift", WANG, None, LI, None, 20, None),
        ("donation", WANG, None, None, COMMUNITY, 100, None),
        ("grant", None, COMMUNITY, None, PROJECT, 40, "as agreed"),
    ]


async def test_a_record_tells_by_which_rules_it_was_credited(play: Play, pool: Pool, bank_id: UUID) -> None:
    """A record is shown with the version it was credited under, and with rules that sum, with the minutes, to it."""
    await play(
        adopt(date(2026, 11, 1), credit_percent={"公益慈善": 150}, cap_per_day_minutes=200),
        *served(WANG),
        log("rec_before", WANG, days_ago=30),
        confirm("rec_before"),
        log("rec_voided", LI),
        confirm("rec_voided"),
        void("rec_voided"),
    )
    seen = await records.one(pool, bank_id, f"rec_{WANG}")
    assert seen is not None
    assert (seen.minutes, seen.credited_minutes, seen.policy_version) == (240, 200, 1)
    assert seen.rules_applied == [RuleEffect("coefficient", 120), RuleEffect("cap-per-day", -160)]
    before = await records.one(pool, bank_id, "rec_before")
    assert before is not None
    assert (before.minutes, before.credited_minutes, before.policy_version, before.rules_applied) == (60, 60, 0, [])
    voided = await records.one(pool, bank_id, "rec_voided")
    assert voided is not None
    assert (voided.credited_minutes, voided.rules_applied) == (0, [])
    await play(correct(f"rec_{WANG}", category="文体娱乐", minutes=100))
    seen = await records.one(pool, bank_id, f"rec_{WANG}")
    assert seen is not None
    assert (seen.status, seen.minutes, seen.credited_minutes, seen.rules_applied) == ("corrected", 100, 100, [])


# Rule books


async def test_rule_books_can_be_read(play: Play, pool: Pool, bank_id: UUID) -> None:
    """All versions that were adopted are told, in order, each with its resolution and its place in the log."""
    assert await policies.adopted(pool, bank_id) == []
    first, second = await play(adopt(date(2026, 1, 1)), adopt(date(2026, 12, 1), cap_total_minutes=6000))
    found = await policies.adopted(pool, bank_id)
    assert [(each.version, each.effective_from, each.resolution, each.position) for each in found] == [
        (1, date(2026, 1, 1), "第3号决议", first.position),
        (2, date(2026, 12, 1), "第3号决议", second.position),
    ]
    assert [each.rules for each in found] == [Rules(), Rules(cap_total_minutes=6000)]


async def test_a_preview_tells_what_a_draft_would_change(
    play: Play, pool: Pool, bank_id: UUID, compare: Compare
) -> None:
    """A draft is tried on the whole history, from a day on; how many would have how much is told, nothing is done."""
    await play(*served(WANG, LI), log("rec_early", ZHAO, days_ago=40), confirm("rec_early"))
    await play(log("rec_more", WANG, days_ago=2), confirm("rec_more"), log("rec_no", LI, days_ago=3), void("rec_more"))
    head = await pool.fetchval("select head from bank where bank_id = $1", bank_id)
    half = Rules(other_percent=50)
    told: list[tuple[int, int]] = []
    position, effects = await policies.preview(
        pool, bank_id, half, date(2026, 11, 1), 1, lambda done, total: told.append((done, total))
    )
    assert (position, told) == (head, [(head, head)])
    assert (effects.people, effects.people_changed, effects.records, effects.records_changed) == (3, 2, 3, 2)
    assert (effects.minutes_before, effects.minutes_after) == (540, 300)
    assert effects.largest_changes == [Change(LI, 240, 120)]
    assert await pool.fetchval("select head from bank where bank_id = $1", bank_id) == head
    assert [each.projection for each in await compare() if not each.is_equal] == []
    _, effects = await policies.preview(pool, UUID(int=1), half, date(2026, 11, 1), 1)
    assert (effects.people, effects.records, effects.minutes_before) == (0, 0, 0)


@pytest.mark.parametrize("length", [1, 2, 1000])
async def test_a_preview_of_what_is_in_force_changes_nothing(
    play: Play, pool: Pool, bank_id: UUID, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    """I8: the rules in force, tried again, come to the same credit; also for the night in which they began."""
    monkeypatch.setattr(policies, "BATCH_EVENTS", length)
    began = date(2026, 11, 18)
    capped: dict[str, Any] = {"cap_per_day_minutes": 90, "cap_per_activity_minutes": 80, "cap_total_minutes": 300}
    await play(adopt(began, **capped))
    await play(
        *(log("rec_night", WANG, days_ago=3, hour=23, hours=2), confirm("rec_night")),
        *(log("rec_day", WANG, days_ago=2, hour=8, hours=2), confirm("rec_day")),
        *(log("rec_same", WANG, days_ago=2, hour=12, activity="巡逻"), confirm("rec_same")),
        *(log("rec_other", LI, days_ago=1, hours=5), confirm("rec_other"), correct("rec_other", minutes=70)),
    )
    _, effects = await policies.preview(pool, bank_id, Rules(**capped), began, 9)
    assert (effects.people_changed, effects.records_changed, effects.largest_changes) == (0, 0, [])
    assert effects.minutes_before == effects.minutes_after


# Statements


async def test_a_statement_is_made_of_what_happened(play: Play, pool: Pool, bank_id: UUID) -> None:
    """I11, I12: the statement's last balance is the balance, each line names its fact, and its parts add up."""
    await play(
        adopt(date(2026, 11, 1), credit_percent={"公益慈善": 150}),
        *served(WANG, LI),
        publish(),
        open_fund(),
        reserve("red_1", WANG),
        reserve("red_2", WANG, beneficiary=LI),
        fulfil("red_1"),
        cancel("red_2"),
        give("trf_1", WANG, LI, 100),
        give("trf_2", LI, WANG, 10),
        donate("trf_3", WANG, 50),
        grant("trf_4", 20, to_volunteer_id=WANG),
        void(f"rec_{WANG}"),
    )
    entries = await entries_of(pool, bank_id, WANG, ZONE)
    told = list(lines(entries, WANG, await funds.names(pool, bank_id), "en"))
    assert [(line.topic, line.change_minutes, line.balance_minutes, line.about) for line in told] == [
        ("service-confirmed", 360, 360, f"rec_{WANG}"),
        ("reward-reserved", -30, 330, "red_1"),
        ("reward-reserved", -30, 300, "red_2"),
        ("reward-fulfilled", 0, 300, "red_1"),
        ("reservation-cancelled", 30, 330, "red_2"),
        ("credit-given", -100, 230, "trf_1"),
        ("credit-given", 10, 240, "trf_2"),
        ("credit-donated", -50, 190, "trf_3"),
        ("credit-granted", 20, 210, "trf_4"),
        ("service-voided", -210, 0, f"rec_{WANG}"),
    ]
    assert (told[-1].debt_minutes, told[2].reserved_minutes) == (150, 60)
    assert "The fund fnd_community" in told[7].words
    for line in told:
        row = await pool.fetchrow("select topic, tags from event where position = $1", line.position)
        assert row is not None
        assert row["topic"] == line.topic
        assert WANG in row["tags"]
    balance = await balances.balance_of(pool, bank_id, WANG)
    assert balance is not None
    assert (balance.available_minutes, balance.debt_minutes, balance.redeemed_minutes) == (0, 150, 30)
    assert sums(told) == {
        "debt": 150,
        "redeemed": -30,
        "gift-given": -100,
        "gift-received": 10,
        "donated": -50,
        "granted": 20,
    }


async def test_a_statement_has_nothing_of_others(play: Play, pool: Pool, bank_id: UUID) -> None:
    """What somebody else pays for is on that one's statement only, and a bank's statements are its own."""
    await play(*served(WANG), publish(), reserve("red_1", WANG, beneficiary=LI), fulfil("red_1"))
    entries = await entries_of(pool, bank_id, LI, ZONE)
    assert {entry.recorded_at.tzinfo for entry in entries} == {ZONE}
    assert [entry.fact.TOPIC for entry in entries] == ["reward-reserved", "reward-fulfilled"]
    assert list(lines(entries, LI, {}, "zh")) == []
    assert await entries_of(pool, UUID(int=1), WANG, ZONE) == []
