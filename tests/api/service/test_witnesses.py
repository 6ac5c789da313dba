"""Who is said to have seen what somebody reports: anybody can be named, and is not told."""

from tests.api.world import World


async def test_an_organisation_learns_no_name_by_a_witness(world: World) -> None:
    """Of a stranger it sees the first character, of its members the name; the office sees who it is."""
    proposer, witness = await world.somebody("钱多多"), await world.somebody("路遥知")
    proposal_id = await world.proposal(proposer, witness_id=witness.id)
    members, path = (f"/v1/organisations/{world.garden}/{what}" for what in ("members", "proposals"))

    async def told(by: str) -> str:
        caller = {"coordinator": world.coordinator, "office": world.administrator, "proposer": proposer}[by]
        items = (await caller.get("/v1/proposals" if by == "proposer" else path))["items"]
        (name,) = (each["witness_name"] for each in items if each["proposal_id"] == proposal_id)
        return str(name)

    assert [await told(by) for by in ("coordinator", "office", "proposer")] == ["路**", "路遥知", "路**"]
    await world.administrator.post(members, {"volunteer_id": witness.id}, expect=201)
    assert await told("coordinator") == "路**", "who is only invited has agreed to nothing"
    await witness.post(f"{members}/{witness.id}/approve", expect=200)
    assert await told("coordinator") == "路遥知"
