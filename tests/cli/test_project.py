"""Moving the read models on in a process of its own."""

import signal

import httpx

from tests.cli.program import Program, enter


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
