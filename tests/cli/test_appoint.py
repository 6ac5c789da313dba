"""Appointing somebody from the command line."""

from pathlib import Path

from tests.api.world import settled
from tests.cli.program import Program


async def test_an_office_is_given(keyed: Program, url: str, keys: Path) -> None:
    """`appoint` gives an office that is good at once, in the operator's name; what cannot be is said, and not done."""
    async with settled(url, key_file=str(keys)) as world:
        somebody = await world.somebody("李强", phone="13900002222")
        await somebody.get("/v1/audit/events", expect=403)
        made = (await keyed.arun("appoint", "--office", "auditor", "--json", typed="139 0000 2222\n")).json
        assert (made["volunteer_id"], made["office"]) == (somebody.id, "auditor")
        (fact,) = (await somebody.get("/v1/audit/events", topic="appointment-made", tag=somebody.id))["items"]
        assert (fact["actor"], fact["data"]["appointment_id"]) == ("operator", made["appointment_id"])
        head = await world.services.ledger.store.head(world.bank_id)
        for arguments, code, expected in (
            (("appoint", somebody.id, "--office", "node-leader"), 2, "node-leader"),
            (("appoint", "12345", "--office", "auditor"), 2, "12345"),
            (("appoint", somebody.id, "--office", "king"), 2, "king"),
        ):
            refused = await keyed.arun(*arguments, expect=code)
            assert expected in refused.sentence
            assert (refused.out, bool(refused.err)) == ("", True)
        assert await world.services.ledger.store.head(world.bank_id) == head
