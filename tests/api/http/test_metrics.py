"""Metrics: what is counted, for whom, and by several processes together."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api.conftest import kept
from tests.api.world import World, said, service, settled
from tests.cli.program import Program, enter
from tests.helpers.folders import watched_folder
from timebank.projections import FOLLOWING
from timebank.runtime.readiness import Report, Trouble
from timebank.runtime.settings import SettingsError, from_environ

pytestmark = pytest.mark.drill

TOKEN = "only-prometheus-knows"
CARRIED = {"Authorization": f"Bearer {TOKEN}"}

Numbers = dict[str, float]


@pytest.fixture(scope="module")
async def measured(module_url: str) -> AsyncIterator[World]:
    """A world that is measured."""
    async with kept(settled(module_url, metrics_token=TOKEN)) as world:
        yield world


async def numbers(world: World) -> Numbers:
    """All that Prometheus is told."""
    return parsed((await world.http.get("/metrics", headers=CARRIED)).text)


def parsed(text: str) -> Numbers:
    """The numbers by their names and labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(number) for name, _, number in lines}


def grew(before: Numbers, after: Numbers, beginning: str) -> dict[str, float]:
    """What has another number now, of what begins so."""
    names = [name for name in after if name.startswith(beginning) and after[name] != before.get(name, 0.0)]
    return {name.removeprefix(beginning): after[name] - before.get(name, 0.0) for name in names}


async def test_only_whoever_has_the_token(measured: World) -> None:
    """Without the token, or with another, nothing is told; people and programs have none."""
    for carried in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": f"Basic {TOKEN}"}):
        refused = await measured.http.get("/metrics", headers=carried)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert (await measured.administrator.ask("GET", "/metrics")).status_code == 401
    told = await measured.http.get("/metrics", headers=CARRIED)
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=")


async def test_where_no_token_is_set(world: World) -> None:
    """Nobody is told that there could be metrics, whatever token they bring."""
    assert (await world.http.get("/metrics", headers={"Authorization": "Bearer "})).status_code == 404
    for short in ("x", "x" * 15, "x" * 15 + " ", "x" * 15 + "\u00e9"):
        with pytest.raises(SettingsError, match="TIMEBANK_METRICS_TOKEN"):
            from_environ({"TIMEBANK_METRICS_TOKEN": short})


async def test_requests_are_counted_by_route(measured: World) -> None:
    """A route is counted as its template, with method and status: nobody is named, and nothing grows for ever."""
    before = await numbers(measured)
    for _ in range(3):
        await measured.administrator.get(f"/v1/volunteers/{measured.volunteer.id}")
    await measured.administrator.get("/v1/volunteers/vol_nobody", expect=404)
    after = await numbers(measured)
    label = 'app_name="timebank",method="GET",path="/v1/volunteers/{volunteer_id}",status_code'
    counted = grew(before, after, "timebank_requests_total")
    assert {name: number for name, number in counted.items() if "volunteers" in name} == {
        f'{{{label}="200"}}': 3,
        f'{{{label}="404"}}': 1,
    }
    assert grew(before, after, "timebank_request_duration_seconds_count")
    assert not re.search(r"(vol|org|rec)_[0-9a-f]{8}", "".join(after))


async def test_commands_are_counted_by_outcome(measured: World) -> None:
    """What is done, refused, and only tried is told apart; batches are measured, and nothing waits in the end."""
    before = await numbers(measured)
    row, later = service(measured.volunteer.id), service(measured.volunteer.id, hour=14)
    await measured.organisation.post(measured.records, row, expect=201)
    await measured.organisation.post(measured.records, row, expect=409)
    await measured.organisation.post(f"{measured.records}/batch", {"records": [row, later]}, expect=200, dry_run="true")
    after = await numbers(measured)
    assert grew(before, after, 'timebank_commands_total{command="LogService",') == {
        'outcome="done"}': 1,
        'outcome="duplicate-record"}': 2,
        'outcome="tried"}': 1,
    }
    assert grew(before, after, "timebank_batch_commands_count") == {"": 3}
    assert after["timebank_commands_waiting"] == 0


async def test_who_is_not_let_in_is_counted(measured: World) -> None:
    """A wrong password counts by its reason."""
    before = await numbers(measured)
    wrong = {"login": "13900000000", "password": "zhong hua lu 18"}
    said(await measured.http.post("/v1/sessions", json=wrong), 401)
    assert grew(before, await numbers(measured), "timebank_sign_in_failures_total") == {'{reason="sign-in-refused"}': 1}


async def test_how_far_behind_read_models_are(measured: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read model that follows the log says by how many facts it is behind; and whether all is well is a number."""
    head = await measured.services.ledger.store.head(measured.bank_id)
    await measured.administrator.get("/v1/volunteers", min_position=head)
    found = await numbers(measured)
    lags = [name for name in found if name.startswith("timebank_projection_lag_events")]
    assert {name.split('"')[1] for name in lags} == {each.name for each in FOLLOWING}
    assert found['timebank_projection_lag_events{projection="volunteers"}'] == 0
    assert found["timebank_ready"] == 1

    async def not_well() -> Report:
        return Report([Trouble("clock", "is off")], [])

    monkeypatch.setattr(measured.services.readiness, "report", not_well)
    assert (await numbers(measured))["timebank_ready"] == 0


@pytest.mark.release
def test_processes_count_together(url: str) -> None:
    """Whichever of several workers is asked tells what all of them have counted."""
    with watched_folder() as folder:
        program = Program(folder, database_url=url, metrics_token=TOKEN, public_url="http://bank.example")
        bank = program.run("init", "甲", "--json").json
        with program.serving("serve", "--port", "0", "--workers", "2") as served:
            headers = enter(served.url, bank)
            for _ in range(30):  # each on a connection of its own, which any of the two may accept
                assert httpx.get(f"{served.url}/v1/me", headers=headers).status_code == 200
            for _ in range(6):
                found = parsed(httpx.get(f"{served.url}/metrics", headers=CARRIED).text)
                route = 'timebank_requests_total{app_name="timebank",method="GET",path="/v1/me",status_code="200"}'
                assert found[route] == 30
            served.stop()  # so that it takes its files with it
