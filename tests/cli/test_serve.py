"""Serving: the ways a service can fail to start, and what it logs, which is nothing secret."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import PASSWORD, Program, enter
from tests.helpers.patience import PATIENCE_SECONDS


def test_a_taken_port_is_one_sentence(program: Program) -> None:
    """If the port is taken, the program says so in one sentence that names it, and how to take another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = program.run("serve", "--port", str(port), expect=1)
    assert told.failure.startswith(f"127.0.0.1:{port} ")
    assert "--port" in told.failure
    assert [json.loads(line)["level"] for line in told.err.splitlines()][-1] == "error"


def test_logs_are_lines_of_json(program: Program) -> None:
    """All that `serve` says are JSON objects, the server's own lines too; one a request, with its id, and no token."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_LOG_LEVEL"] = "info"
    with program.serving("serve", "--port", "0") as served, served.client() as http:
        headers = enter(served.url, bank) | {"X-Request-Id": "seen-1"}
        made = http.post("/v1/volunteers", headers=headers, json={"name": "上官婉儿", "phone": "13912345678"})
        assert made.status_code == 201
        broken = http.post("/v1/volunteers", headers=headers, content=b'{"name": "\xff", "phone": "13912345678"}')
        assert broken.status_code == 400
        served.stop()
        lines = [json.loads(line) for line in served.err]
    assert served.out == []
    assert all({"event", "level", "timestamp"} <= set(line) for line in lines)
    assert {"Starting granian", "serving"} <= {line["event"].partition(" (")[0] for line in lines}
    requests = [line for line in lines if line.get("request_id") == "seen-1"]
    assert [line["status"] for line in requests] == [201, 400]
    assert set(requests[0]) == {
        "event", "level", "timestamp", "request_id", "method", "route", "status", "milliseconds", "actor", "bank_id",
        "credential",
    }  # fmt: skip
    assert requests[0]["bank_id"] == bank["bank_id"]
    for secret in (headers["Authorization"].split()[1], bank["code"], "上官婉儿", "13912345678"):
        assert not any(secret in line for line in served.err)


def test_whoever_sends_slowly_loses_nothing_for_others(program: Program) -> None:
    """A body that never comes to its end does not keep a stop from writing down what was counted."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_PUBLIC_URL"] = "http://bank.example"
    with program.serving("serve", "--port", "0") as served, served.client() as http:
        headers = enter(served.url, bank)
        for _ in range(3):
            assert http.get("/v1/volunteers", headers=headers).status_code == 200
        with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as slow:
            slow.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            while not http.get("/health/live").is_success:
                pass
            assert served.stop() == 0
    with program.serving("serve", "--port", "0") as served, served.client() as http:
        read = http.get("/v1/audit/security", headers=headers, params={"kind": "people-read"}).json()["items"]
        assert [each["detail"].get("times") for each in read if each["detail"].get("route") == "/v1/volunteers"] == [
            2,
            None,
        ]


@pytest.mark.release
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
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert any("boom" in str(line) for line in lines)
    assert token not in done.stderr


def test_nothing_secret_is_logged(keyed: Program, keys: Path) -> None:
    """Codes, passwords, tokens and keys are not in what the service logs, even where it logs all it can."""
    keyed.environment["TIMEBANK_LOG_LEVEL"] = "debug"
    bank = keyed.run("init", "百步亭", "--json", "--administrator", "-", typed="管理员\n13900000000").json
    with keyed.serving("serve", "--port", "0") as service, service.client() as http:
        wrong = http.post("/v1/passwords", json={"one_time_code": bank["code"], "password": "short"})
        assert wrong.status_code == 422
        tokens = http.post("/v1/passwords", json={"one_time_code": bank["code"], "password": PASSWORD}).json()
        http.post("/v1/sessions", json={"login": "13900000000", "password": f"{PASSWORD}!"})
        http.get("/v1/me", headers={"Authorization": f"Bearer {tokens['access_token']}x"})
        http.get("/v1/volunteers?query=13900000000", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        assert service.stop() == 0
        logged = "".join([*service.out, *service.err])
    assert logged.count('"event":"request"') >= 5
    secrets = [bank["code"], PASSWORD, tokens["access_token"], tokens["refresh_token"], "13900000000", "管理员"]
    for secret in (*secrets, *json.loads(keys.read_text())["keys"].values()):
        assert secret not in logged
