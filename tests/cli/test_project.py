"""Moving the read models on in a process of its own."""

import asyncio
import signal
from datetime import timedelta

import pytest

from tests.cli.program import Program, enter
from tests.helpers.patience import PATIENCE_SECONDS, eventually, until
from timebank.db.connections import Pool
from timebank.runtime.clock import utc_now

OLD_ANSWER = "insert into idempotency select bank_id, 'p', 'old', '', '', $1 from bank"
UPKEEP = "select (select count(*) from signed_checkpoint) > 0 and (select count(*) from idempotency) = 0"


@pytest.mark.release
def test_projections_can_move_on_in_a_process_of_their_own(program: Program) -> None:
    """With TIMEBANK_PROJECT=false the service leaves the read models to `timebank project`, which SIGTERM stops."""
    bank = program.run("init", "甲", "--json").json
    program.environment["TIMEBANK_PROJECT"] = "false"
    project = program.start("project")
    try:
        with program.serving("serve", "--port", "0") as served, served.client() as http:
            http.headers.update(enter(served.url, bank))
            made = http.post("/v1/volunteers", json={"name": "甲"}).json()
            path, position = f"/v1/volunteers/{made['volunteer_id']}", {"min_position": made["position"]}
            # Where the other process is slow, the service says 503 after a while.
            assert eventually(lambda: http.get(path, params=position).status_code == 200)
            assert served.stop() == 0
        project.send_signal(signal.SIGTERM)
        assert project.wait(PATIENCE_SECONDS) == 0
    finally:
        project.kill()
        project.communicate()


async def test_the_process_that_projects_does_the_upkeep(program: Program, pool: Pool) -> None:
    """`timebank project` signs checkpoints, and deletes what is kept for a set time only."""
    program.environment |= {"TIMEBANK_PROJECT": "false", "TIMEBANK_CHECKPOINT_SECONDS": "0.1"}
    await program.arun("init", "甲")
    await pool.execute(OLD_ANSWER, utc_now() - timedelta(days=8))
    assert not await pool.fetchval(UPKEEP)
    project = program.start("project")
    try:
        await until(lambda: pool.fetchval(UPKEEP))
        project.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(project.wait, PATIENCE_SECONDS) == 0
    finally:
        project.kill()
        project.communicate()
