"""Trying a draft of the rule book on the real history."""

import json
from typing import Any

from tests.api.world import settled
from tests.cli.program import Program


async def test_a_draft_is_tried_and_nothing_is_written(program: Program, url: str) -> None:
    """`preview` says how many people, records and minutes a draft would change, and who most; the log stays."""
    draft = program.folder / "draft.json"
    body: dict[str, Any] = {"rules": {"other_percent": 150, "cap_per_day_minutes": 170}}
    draft.write_text(json.dumps(body), encoding="utf8")
    async with settled(url) as world:
        await world.confirmed(world.volunteer.id)
        number = (await world.volunteer.get(f"/v1/volunteers/{world.volunteer.id}"))["number"]
        head = await world.services.ledger.store.head(world.bank_id)
        told = (await program.arun("preview", draft)).out
        assert "1 of 1 people would have other credit" in told
        assert "cap_per_day_minutes: null -> 170" in told
        assert "170 minutes in all instead of 120 (+50 -0)" in told
        assert f"{number}  120 -> 170  (+50)" in told
        draft.write_text(json.dumps({"changes": {"other_percent": 50}}), encoding="utf8")
        assert "other_percent: 100 -> 50" in (await program.arun("preview", draft)).out
        draft.write_text(json.dumps(body | {"effective_from": "2199-01-01"}), encoding="utf8")
        later = (await program.arun("preview", draft)).out
        assert "0 of 1 people would have other credit" in later
        assert await world.services.ledger.store.head(world.bank_id) == head


def test_what_is_no_rule_book_is_said(program: Program) -> None:
    """A file that is no rule book is refused, and what is wrong with it is named."""
    draft = program.folder / "draft.json"
    draft.write_text('{"rules": {"coefficient": 2}}', encoding="utf8")
    assert "coefficient" in program.run("preview", draft, expect=2).err
