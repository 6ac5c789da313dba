"""The description of the API against the API: schemathesis tries what the description allows, and what it forbids."""

import asyncio
import re
import sys
from pathlib import Path

import httpx

from tests.cli.program import Program

CONFIG = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 8


async def explore(url: str, token: str, folder: Path, phases: str) -> str:
    """What schemathesis has to say about the API, as one caller sees it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", f"--config-file={CONFIG}", "run", f"{url}/schema/openapi.json",
        "--header", f"Authorization: Bearer {token}", "--checks", "all", "--phases", phases,
        "--max-examples", str(EXAMPLES),
        "--seed", "1", "--no-shrink", "--continue-on-failure", "--warnings", "off", "--no-color",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    said = out.decode()
    assert "Test cases:" in said, said
    return said if process.returncode else ""


async def test_the_api_is_as_described(url: str, tmp_path: Path) -> None:
    """Nobody's requests, neither correct ones nor others, get an answer that the description does not foresee."""
    program = Program(tmp_path, database_url=url, log_level="warning")
    bank = (await program.arun("init", "甲", "--json")).json["token"]
    people = tmp_path / "people.csv"
    people.write_text("姓名\n张三\n", encoding="utf-8")
    await program.arun("import", "volunteers", people)
    served = await asyncio.to_thread(program.serve)
    try:
        tokens = {"administrator": bank} | await made(program, served.url, bank)
        found = await asyncio.gather(
            *(explore(served.url, token, tmp_path, "coverage,fuzzing") for token in tokens.values())
        )
        findings = "".join(f"\n\nAs {role}:\n{said}" for role, said in zip(tokens, found, strict=True) if said)
        assert not findings, findings
        assert not [line for line in served.err if re.search('"level": ?"(error|critical)"', line)]
    finally:
        await asyncio.to_thread(served.kill)


async def made(program: Program, url: str, token: str) -> dict[str, str]:
    """Tokens of an organisation and of a volunteer."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:
        volunteer = (await http.get("/v1/volunteers")).json()["items"][0]["volunteer_id"]
        body = {"name": "甲", "kind": "enterprise"}
        organisation = (await http.post("/v1/organisations", json=body)).json()["organisation_id"]
        await http.post(f"/v1/organisations/{organisation}/approve")
    ids = {"organisation": organisation, "volunteer": volunteer}
    return {
        role: (await program.arun("token", "create", "--role", role, f"--{role}", each, "--json")).json["token"]
        for role, each in ids.items()
    }
