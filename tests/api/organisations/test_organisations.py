from uuid import uuid4

from tests.api.world import World


async def test_the_life_of_an_organisation(world: World) -> None:
    """Registered, approved, suspended and reinstated, each seen at once."""
    code = uuid4().hex[:18].upper()
    made = await world.administrator.post(
        "/v1/organisations",
        {"name": "安居社区居委会", "kind": "residents-committee", "official_code": code},
        expect=201,
    )
    organisation_id = made["organisation_id"]
    assert made == {"organisation_id": organisation_id, "status": "registered", "position": made["position"]}
    path = f"/v1/organisations/{organisation_id}"
    seen = await world.volunteer.get(path)
    assert seen == {
        "organisation_id": organisation_id,
        "name": "安居社区居委会",
        "kind": "residents-committee",
        "official_code": code,
        "status": "registered",
        "registered_at": seen["registered_at"],
    }
    for act, body, status in (
        ("approve", None, "approved"),
        ("suspend", {"reason": "年检未过"}, "suspended"),
        ("reinstate", {"reason": "年检已过"}, "approved"),
    ):
        decided = await world.administrator.post(f"{path}/{act}", body, expect=200)
        assert decided == {"organisation_id": organisation_id, "status": status, "position": decided["position"]}
        assert (await world.administrator.get(path))["status"] == status


async def test_organisations_are_listed_by_status(world: World) -> None:
    """The list can be of one status only."""
    new = await world.body(approved=False)
    registered = await world.administrator.pages("/v1/organisations", status="registered", limit=2)
    assert new in [each["organisation_id"] for page in registered for each in page]
    approved = await world.administrator.pages("/v1/organisations", status="approved", limit=2)
    assert new not in [each["organisation_id"] for page in approved for each in page]
    assert {each["status"] for page in approved for each in page} == {"approved"}


async def test_a_suspended_organisation_logs_and_confirms_nothing(own_world: World) -> None:
    """While an organisation is suspended neither new service nor confirmations are accepted of it."""
    world = own_world
    record_id = await world.log(world.volunteer.id)
    await world.administrator.post(f"/v1/organisations/{world.garden}/suspend", {"reason": "整改"})
    refused = await world.verifier.post(f"/v1/service-records/{record_id}/confirm", expect=409)
    assert refused["type"] == "/problems/organisation-not-approved"
