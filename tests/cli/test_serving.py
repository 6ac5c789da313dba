"""Serving: the demo as a new user meets it, and the ways a service can fail to start."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.cli.program import Program, enter, is_up, postgres_pid


def signed_in(told: dict[str, Any]) -> dict[str, str]:
    """Access tokens of the people to try the demo as."""
    tokens = {}
    for name, number in told["numbers"].items():
        answer = httpx.post(f"{told['url']}/v1/sessions", json={"login": number, "password": told["password"]})
        tokens[name] = answer.json()["access_token"]
    return tokens


def test_the_demo(folder: Path, home: Path) -> None:
    """Ready within half a minute it says one line of JSON; SIGTERM stops all; started again it is the same world."""
    program = Program(folder, home=str(home))
    started = time.monotonic()
    with program.serving("demo", "--json", "--port", "0") as served:
        assert time.monotonic() - started < 30
        (line,) = served.out
        told = json.loads(line)
        assert list(told) == [
            "url", "bank_id", "numbers", "password", "api_key", "organisation_id", "volunteer_id"
        ]  # fmt: skip
        assert list(told["numbers"]) == ["administrator", "verifier", "volunteer"]
        tokens = signed_in(told)
        with httpx.Client(base_url=told["url"]) as http:

            def get(path: str, role: str, **params: object) -> httpx.Response:
                return http.get(path, params=params, headers={"Authorization": f"Bearer {tokens[role]}"})  # type: ignore[arg-type]

            balance = get(f"/v1/volunteers/{told['volunteer_id']}/balance", "volunteer").json()
            assert balance["available_minutes"] > 0
            assert get("/v1/audit/events", "administrator").json()["items"][0]["topic"] == "bank-opened"
            assert get("/v1/audit/events", "verifier").status_code == 403
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
    started = time.monotonic()
    with program.serving("demo", "--json", "--port", "0") as served:
        assert time.monotonic() - started < 15
        again = json.loads(served.out[0])
        same = ("bank_id", "organisation_id", "volunteer_id")
        assert [again[name] for name in same] == [told[name] for name in same]
        for token in (signed_in(again)["verifier"], again["api_key"], told["api_key"]):
            headers = {"Authorization": f"Bearer {token}"}
            seen = httpx.get(f"{again['url']}/v1/service-records/{record_id}", headers=headers).json()
            assert seen["status"] == "confirmed"
        assert served.stop(signal.SIGINT) == 0
    assert "sound" in program.run("verify").out


def test_a_taken_port_is_one_sentence(program: Program) -> None:
    """If the port is taken, the program says so in one sentence that names it, and how to take another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = program.run("serve", "--port", str(port), expect=1)
    assert told.err.startswith("Error: ")
    assert f"127.0.0.1:{port}" in told.err
    assert "--port" in told.err


def test_logs_are_lines_of_json(program: Program) -> None:
    """`serve` logs one JSON object a request, with its id, and never a token; errors carry no values of variables."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_LOG_LEVEL"] = "info"
    with program.serving("serve", "--port", "0") as served:
        url = served.url
        headers = enter(url, bank) | {"X-Request-Id": "seen-1"}
        made = httpx.post(f"{url}/v1/volunteers", headers=headers, json={"name": "上官婉儿", "phone": "13912345678"})
        assert made.status_code == 201
        broken = httpx.post(
            f"{url}/v1/volunteers", headers=headers, content=b'{"name": "\xff", "phone": "13912345678"}'
        )
        assert broken.status_code == 400
        served.stop()
        lines = [json.loads(line) for line in served.err if line.startswith("{")]
    requests = [line for line in lines if line.get("request_id") == "seen-1"]
    assert [line["status"] for line in requests] == [201, 400]
    assert set(requests[0]) == {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds", "actor", "bank_id",
        "credential",
    }  # fmt: skip
    assert requests[0]["bank_id"] == bank["bank_id"]
    for secret in (headers["Authorization"].split()[1], bank["code"], "上官婉儿", "13912345678"):
        assert not any(secret in line for line in served.err)


def test_unexpected_errors_are_logged_without_secrets(program: Program) -> None:
    """A traceback in the log shows no values: neither tokens nor bodies nor names."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_PUBLIC_URL"] = "http://bank.example"
    with program.serving("serve", "--port", "0") as served:
        token = enter(served.url, bank)["Authorization"].split()[1]
    code = (
        "import os, sys, asyncio, httpx\n"
        "from timebank.runtime import logs\n"
        "from timebank.api.app import create_app\n"
        "from timebank.runtime.settings import from_environ\n"
        "from timebank.projections.people import volunteers\n"
        "async def fail(*_): raise RuntimeError('boom')\n"
        "volunteers.one = fail\n"
        "logs.configure('info', 'json')\n"
        "async def main():\n"
        "    app = create_app(from_environ(os.environ))\n"
        "    transport = httpx.ASGITransport(app, raise_app_exceptions=False)\n"
        "    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url='http://t') as http:\n"
        "        token = sys.stdin.read()\n"
        "        answer = await http.get('/v1/volunteers/vol_0', headers={'Authorization': 'Bearer ' + token})\n"
        "        assert answer.status_code == 500\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=token, env=program.environment, cwd=program.folder,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert any("boom" in str(line) for line in lines)
    assert token not in done.stderr


def test_projections_can_move_on_in_a_process_of_their_own(program: Program) -> None:
    """With TIMEBANK_PROJECT=false the service leaves the read models to `timebank project`, which SIGTERM stops."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_PROJECT"] = "false"
    project = program.start("project")
    try:
        with program.serving("serve", "--port", "0") as served:
            url = served.url
            headers = enter(url, bank)
            made = httpx.post(f"{url}/v1/volunteers", headers=headers, json={"name": "甲"}).json()
            seen = httpx.get(
                f"{url}/v1/volunteers/{made['volunteer_id']}",
                headers=headers,
                params={"min_position": made["position"]},
            )
            assert seen.status_code == 200, seen.text
            assert served.stop() == 0
        project.send_signal(signal.SIGTERM)
        assert project.wait(15) == 0
    finally:
        project.kill()
        project.communicate()
