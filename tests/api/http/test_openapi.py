"""The description of the API against the API: schemathesis tries what the description allows, and what it forbids."""

import asyncio
import re
import sys
from pathlib import Path
from typing import get_args

import httpx
import pytest

from tests.cli.program import Program, enter
from tests.helpers.effort import Effort
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.domain.facts.organisations import Permission

pytestmark = pytest.mark.drill

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES: dict[Effort, int] = {"release": 2, "night": 8}
EVERY_CORNER, AT_RANDOM = "coverage,fuzzing", "fuzzing"
TRYING = {
    "administrator": EVERY_CORNER, "volunteer": EVERY_CORNER, "auditor": AT_RANDOM, "coordinator": AT_RANDOM,
    "program": AT_RANDOM,
}  # fmt: skip
"""Who tries what: every corner of the description by who may most and by who may least, what is random by everybody."""
TRYING_SOME = {"administrator": AT_RANDOM, "volunteer": AT_RANDOM}


async def explore(url: str, token: str, folder: Path, phases: str, examples: int) -> str:
    """What schemathesis has to say about the API, as one caller sees it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIG}", "run", f"{url}/schema/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--checks", "all", "--phases", phases,
        "--max-examples", str(examples),
        "--seed", "1", "--no-shrink", "--continue-on-failure", "--warnings", "off", "--no-color",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    said = out.decode()
    assert "Test cases:" in said, said
    return said if process.returncode else ""


@pytest.mark.release
async def test_the_api_is_as_described(url: str, tmp_path: Path, effort: Effort) -> None:
    """Nobody's requests, neither correct ones nor others, get an answer that the description does not foresee."""
    many = str(10**9)
    program = Program(tmp_path, database_url=url, log_level="warning", rate_per_address=many, rate_per_principal=many)
    bank = (await program.arun("init", "甲", "--json")).json
    people = tmp_path / "people.csv"
    people.write_text("姓名,手机\n张三,13800000001\n李四,13800000002\n王五,13800000003\n", encoding="utf-8")
    await program.arun("import", "volunteers", people)
    served = await asyncio.to_thread(program.serve)
    try:
        carried = await made(program, served.url, bank)
        trying = TRYING if effort == "night" else TRYING_SOME
        found = await asyncio.gather(
            *(explore(served.url, carried[role], tmp_path, each, EXAMPLES[effort]) for role, each in trying.items())
        )
        findings = "".join(f"\n\nAs {role}:\n{said}" for role, said in zip(trying, found, strict=True) if said)
        assert not findings, findings
        assert not [line for line in served.err if re.search('"level": ?"(error|critical)"', line)]
    finally:
        await asyncio.to_thread(served.kill)


async def made(program: Program, url: str, bank: dict[str, str]) -> dict[str, str]:
    """What an administrator, an auditor, a coordinator, a volunteer and a program carry."""
    headers = await asyncio.to_thread(enter, url, bank)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as http:
        body = {"name": "甲", "kind": "enterprise"}
        organisation = (await http.post("/v1/organisations", json=body)).json()["organisation_id"]
        await http.post(f"/v1/organisations/{organisation}/approve")
        found = (await http.get("/v1/volunteers", params={"limit": 4})).json()["items"]
        auditor, coordinator, volunteer = (each["volunteer_id"] for each in found if each["name"] != "管理员")
        await http.post("/v1/appointments", json={"volunteer_id": auditor, "office": "auditor"})
        members = f"/v1/organisations/{organisation}/members"
        await http.post(members, json={"volunteer_id": coordinator, "role": "coordinator"})
        await http.post(f"{members}/{coordinator}/approve")
        terms = {"name": "理发", "kind": "service", "cost_minutes": 1, "provider_id": organisation}
        await http.post("/v1/rewards", json=terms)
        await http.post("/v1/funds", json={"name": "社区基金"})
        everything = {"label": "x", "permissions": list(get_args(Permission))}
        key = (await http.post(f"/v1/organisations/{organisation}/keys", json=everything)).json()["api_key"]
        carried = {"administrator": http.headers["authorization"].split()[1], "program": key}
        for role, each in {"auditor": auditor, "coordinator": coordinator, "volunteer": volunteer}.items():
            code = (await http.post(f"/v1/volunteers/{each}/codes")).json()["one_time_code"]
            answer = await http.post("/v1/passwords", json={"one_time_code": code, "password": "zhong hua lu 17"})
            carried[role] = answer.json()["access_token"]
        return carried
