"""The key file: rotated beside a running service, and told of where it is the wrong one."""

import json
from pathlib import Path

import pytest

from tests.api.world import Caller, World, said, settled
from tests.cli.program import Program, choose, sign_in


def test_a_wrong_key_file_is_one_sentence(keyed: Program, folder: Path, keys: Path) -> None:
    """With the key file missing, broken or another database's, nothing is done, and the error names the file."""
    number = keyed.run("init", "百步亭", "--json").json["number"]
    whole = keys.read_bytes()
    keys.rename(folder / "away.json")
    told = keyed.run("code", number, expect=1)
    assert told.sentence.startswith("Error: ")
    assert "TIMEBANK_KEY_FILE" in told.sentence
    assert str(keys) in told.err.replace("\n", "")
    assert not keys.exists()
    for content in (whole[:40], b'{"current": "k1", "keys": {"k1": "' + b"A" * 43 + b'="}}'):
        keys.write_bytes(content)
        told = keyed.run("keyring", "rotate", expect=1)
        assert told.sentence.startswith("Error: ")
        assert str(keys) in told.err.replace("\n", "")
        assert keys.read_bytes() == content
    keys.write_bytes(whole)
    keyed.run("code", number)


@pytest.mark.parametrize("level", ["info", "error"])
def test_serving_with_a_wrong_key_file_is_explained(keyed: Program, keys: Path, level: str) -> None:
    """A service that cannot open what is sealed does not start, and says in one sentence which file is missing."""
    keyed.run("init", "百步亭")
    keys.unlink()
    keyed.environment["TIMEBANK_LOG_LEVEL"] = level
    told = keyed.run("serve", "--port", "0", expect=1)
    assert f"there is no key file {keys}" in (told.out + told.err).replace("\n", "")
    assert "Traceback" not in told.out + told.err


async def test_keys_are_rotated_beside_the_service(keyed: Program, url: str, keys: Path) -> None:
    """After `keyring rotate` the old key is gone, the service reads and writes on, and the security log knows of it."""
    async with settled(url, key_file=str(keys)) as world:
        before = json.loads(keys.read_text())
        code = (await world.administrator.post(f"/v1/volunteers/{world.volunteer.id}/codes"))["one_time_code"]
        tokens = await choose(world.http, code)
        number = (await world.administrator.get(f"/v1/volunteers/{world.volunteer.id}"))["number"]
        ran = await keyed.arun("keyring", "rotate")
        after = json.loads(keys.read_text())
        assert list(after["keys"]) == [after["current"]]
        assert not before["keys"].keys() & after["keys"].keys()
        sealed, void = ran.out.splitlines()
        assert sealed == f"Everything is sealed with the key {after['current']} now."
        assert void.startswith("Invitations to register that were given out are void")
        for secret in (*before["keys"].values(), *after["keys"].values()):
            assert secret not in ran.out + ran.err
        rows = await world.services.pool.fetch("select distinct key_id from person")
        assert [row["key_id"] for row in rows] == [after["current"]]
        await must_go_on(world, number, tokens["refresh_token"])
        rows = await world.services.pool.fetch("select actor from security_event where kind = 'keys-rotated'")
        assert [row["actor"] for row in rows] == ["operator"]


async def must_go_on(world: World, number: str, refresh_token: str) -> None:
    """People sign in and stay in, and are read and registered, with the new key."""
    await sign_in(world.http, number)
    refreshed = said(await world.http.post("/v1/sessions/refresh", json={"refresh_token": refresh_token}), 201)
    me = await Caller(world.http, world.volunteer.id, refreshed["access_token"]).get("/v1/me")
    assert me["volunteer"]["name"] == "王芳"
    await world.administrator.get("/v1/me", expect=401)  # signed with the key that is gone
    administrator = await world.caller(world.administrator.id)
    assert (await administrator.post("/v1/volunteers", {"name": "新人"}, expect=201))["number"]


async def test_people_are_found_by_phone_after_a_rotation(keyed: Program, url: str, keys: Path) -> None:
    """A service that ran while the keys were rotated finds people by phone at once, and lets them in by it."""
    async with settled(url, key_file=str(keys)) as world:
        code = (await world.administrator.post(f"/v1/volunteers/{world.volunteer.id}/codes"))["one_time_code"]
        await choose(world.http, code)
        await world.verify_phone(world.volunteer.id)
        await keyed.arun("keyring", "rotate")
        await sign_in(world.http, "13800001111")
        administrator = await world.caller(world.administrator.id)
        assert len((await administrator.get("/v1/volunteers", query="13800001111"))["items"]) == 1
