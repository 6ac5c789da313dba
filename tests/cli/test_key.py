"""Making API keys from the command line."""

from pathlib import Path

from tests.api.world import Caller, settled
from tests.cli.program import Program


async def test_a_key_is_made(keyed: Program, url: str, keys: Path) -> None:
    """`key create` shows a key that is good at once, and kept nowhere; what cannot be is said, and not done."""
    async with settled(url, key_file=str(keys)) as world:
        created = await keyed.arun("key", "create", "--organisation", world.garden, "--permission", "read", "--json")
        key = created.json["api_key"]
        assert created.err == ""
        who = await Caller(world.http, world.garden, key).get("/v1/me")
        assert (who["kind"], who["organisation_id"], who["permissions"]) == ("program", world.garden, ["read"])
        text = await keyed.arun("key", "create", "--organisation", world.garden)
        assert len((await Caller(world.http, world.garden, text.out.strip()).get("/v1/me"))["permissions"]) > 1
        pool = world.services.pool
        kept = str(await pool.fetch("select k::text from api_key k")) + str(await pool.fetch("select * from event"))
        assert key.rsplit("_", 1)[-1][:20] not in kept

        head = await world.services.ledger.store.head(world.bank_id)
        for options, code, expected in (
            (("--organisation", "org_0"), 1, "org_0"),
            (("--organisation", world.garden, "--permission", "everything"), 2, "everything"),
        ):
            refused = await keyed.arun("key", "create", *options, expect=code)
            assert expected in refused.sentence
            assert (refused.out, bool(refused.err)) == ("", True)
        assert await world.services.ledger.store.head(world.bank_id) == head
