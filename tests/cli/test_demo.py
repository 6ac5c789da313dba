"""The demo, as a new user meets it."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx

from tests.cli.demo_home import copy_of_the_demo, first_demo
from tests.cli.program import Program, is_up, postgres_pid


def signed_in(http: httpx.Client, told: dict[str, Any]) -> dict[str, str]:
    """Access tokens of the people to try the demo as."""
    tokens = {}
    for name, number in told["numbers"].items():
        answer = http.post("/v1/sessions", json={"login": number, "password": told["password"]})
        tokens[name] = answer.json()["access_token"]
    return tokens


def test_the_demo(folder: Path, home: Path) -> None:
    """Ready it says one line of JSON; SIGTERM stops all; begun again it is the same world, as promised."""
    first = first_demo()
    (line,) = first.out
    assert "Loading the demo world" in first.err[0]
    told = json.loads(line)
    assert list(told) == ["url", "bank_id", "numbers", "password", "api_key", "organisation_id", "volunteer_id"]
    assert list(told["numbers"]) == ["administrator", "verifier", "coordinator", "volunteer"]
    assert (first.exit_code, first.is_gone) == (0, True)
    copy_of_the_demo(home)
    program = Program(folder, home=str(home))
    with program.serving("demo", "--json", "--port", "0") as served:
        again = json.loads(served.out[0])
        same = ("bank_id", "organisation_id", "volunteer_id")
        assert [again[name] for name in same] == [told[name] for name in same]
        with served.client() as http:
            must_be_as_promised(http, again, told["api_key"])
        assert postgres_pid(home)
        assert served.stop(signal.SIGINT) == 0
        assert len(served.out) == 1
    assert not is_up(again["url"])
    assert not postgres_pid(home)
    assert "sound" in program.run("verify").out


def must_be_as_promised(http: httpx.Client, told: dict[str, Any], earlier_key: str) -> None:
    """A month of a town, in which everybody can do what they may; keys of an earlier start are in force."""
    tokens = signed_in(http, told)

    def get(path: str, role: str, **params: object) -> httpx.Response:
        return http.get(path, params=params, headers={"Authorization": f"Bearer {tokens[role]}"})  # type: ignore[arg-type]

    balance = get(f"/v1/volunteers/{told['volunteer_id']}/balance", "volunteer").json()
    assert balance["available_minutes"] > 0
    assert get("/v1/audit/events", "administrator").json()["items"][0]["topic"] == "bank-opened"
    assert get("/v1/audit/events", "verifier").status_code == 403
    facts = get("/v1/audit/as-of", "administrator").json()["facts"]
    assert facts["node-opened"] == 20 * (1 + 3) + 470 * 3, "communities with areas, and courts with what is below"
    assert facts["appointment-made"] >= 470, "each court has a leader"
    assert facts["activity-closed"] == 20 * 4, "a month of activities"
    top = get("/v1/nodes", "administrator", limit=100).json()["items"]
    assert [each["level"] for each in top] == ["社区"] * 20
    waiting = get("/v1/service-records", "verifier", organisation_id=told["organisation_id"], status="logged").json()
    record_id = waiting["items"][0]["record_id"]
    headers = {"Authorization": f"Bearer {tokens['verifier']}"}
    assert http.post(f"/v1/service-records/{record_id}/confirm", headers=headers).json()["status"] == "confirmed"
    assert get("/v1/leaderboards/bank", "volunteer").json()["items"]
    for token in (tokens["verifier"], told["api_key"], earlier_key):
        seen = http.get(f"/v1/service-records/{record_id}", headers={"Authorization": f"Bearer {token}"}).json()
        assert seen["status"] == "confirmed"
