"""The demo, as a new user meets it."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx

from tests.cli.program import Program, is_up, postgres_pid


def signed_in(http: httpx.Client, told: dict[str, Any]) -> dict[str, str]:
    """Access tokens of the people to try the demo as."""
    tokens = {}
    for name, number in told["numbers"].items():
        answer = http.post("/v1/sessions", json={"login": number, "password": told["password"]})
        tokens[name] = answer.json()["access_token"]
    return tokens


def test_the_demo(folder: Path, home: Path) -> None:
    """Ready it says one line of JSON, it is the world promised; SIGTERM stops all; begun again it is the same."""
    program = Program(folder, home=str(home))
    with program.serving("demo", "--json", "--port", "0") as served:
        (line,) = served.out
        assert "Loading the demo world" in served.err[0]
        told = json.loads(line)
        assert list(told) == [
            "url", "bank_id", "numbers", "password", "api_key", "organisation_id", "volunteer_id"
        ]  # fmt: skip
        assert list(told["numbers"]) == ["administrator", "verifier", "coordinator", "volunteer"]
        with served.client() as http:
            tokens = signed_in(http, told)

            def get(path: str, role: str, **params: object) -> httpx.Response:
                return http.get(path, params=params, headers={"Authorization": f"Bearer {tokens[role]}"})  # type: ignore[arg-type]

            balance = get(f"/v1/volunteers/{told['volunteer_id']}/balance", "volunteer").json()
            assert balance["available_minutes"] > 0
            assert get("/v1/audit/events", "administrator").json()["items"][0]["topic"] == "bank-opened"
            assert get("/v1/audit/events", "verifier").status_code == 403
            facts = get("/v1/audit/as-of", "administrator").json()["facts"]
            assert facts["node-opened"] == 20 * (1 + 3) + 470 * 3, (
                "communities with areas, and courts with what is below"
            )
            assert facts["appointment-made"] >= 470, "each court has a leader"
            assert facts["activity-closed"] == 20 * 4, "a month of activities"
            top = get("/v1/nodes", "administrator", limit=100).json()["items"]
            assert [each["level"] for each in top] == ["社区"] * 20
            waiting = get(
                "/v1/service-records", "verifier", organisation_id=told["organisation_id"], status="logged"
            ).json()
            record_id = waiting["items"][0]["record_id"]
            confirm = f"/v1/service-records/{record_id}/confirm"
            headers = {"Authorization": f"Bearer {tokens['verifier']}"}
            assert http.post(confirm, headers=headers).json()["status"] == "confirmed"
            assert get("/v1/leaderboards/bank", "volunteer").json()["items"]
        assert postgres_pid(home)
        assert served.stop() == 0
        assert len(served.out) == 1
    assert not is_up(told["url"])
    assert not postgres_pid(home)
    with program.serving("demo", "--json", "--port", "0") as served:
        again = json.loads(served.out[0])
        same = ("bank_id", "organisation_id", "volunteer_id")
        assert [again[name] for name in same] == [told[name] for name in same]
        with served.client() as http:
            for token in (signed_in(http, again)["verifier"], again["api_key"], told["api_key"]):
                headers = {"Authorization": f"Bearer {token}"}
                seen = http.get(f"/v1/service-records/{record_id}", headers=headers).json()
                assert seen["status"] == "confirmed"
        assert served.stop(signal.SIGINT) == 0
    assert "sound" in program.run("verify").out
