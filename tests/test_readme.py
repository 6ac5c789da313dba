"""The README's walk through works as it stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.demo_home import copy_of_the_demo
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.drill

TOP = Path(__file__).parents[1]


@pytest.fixture
def demo() -> Iterator[dict[str, Any]]:
    """A running demo, as its line of JSON describes it."""
    with watched_folder() as folder:
        copy_of_the_demo(home := folder / "home")
        process = subprocess.Popen(
            [sys.executable, "-m", "timebank", "demo", "--json", "--port", "0"],
            stdout=subprocess.PIPE,
            env={**os.environ, "TIMEBANK_HOME": str(home)},
            cwd=TOP,
        )
        with process, process.stdout as lines:  # type: ignore[union-attr]  # it is piped
            yield json.loads(lines.readline())
            process.terminate()
            process.wait(PATIENCE_SECONDS)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the walk through is done with curl")
def test_the_walk_through_works(demo: dict[str, Any], tmp_path: Path) -> None:
    """Each step of the walk through answers as the README says."""
    readme = (TOP / "README.md").read_text(encoding="utf8")
    walk = re.search(r"## A walk through.*?```sh\n(.*?)```", readme, re.DOTALL)
    assert walk is not None
    script = "curl() { command curl --silent --write-out '\\nstatus %{http_code}\\n' \"$@\"; }\n" + walk[1]
    environment = {
        **os.environ,
        "URL": demo["url"],
        "ORGANISATION_ID": demo["organisation_id"],
        "VOLUNTEER_ID": demo["volunteer_id"],
        "PASSWORD": demo["password"],
        "BANK_ID": demo["bank_id"],
        "ORGANISATION": demo["api_key"],
        **{f"{name.upper()}_NUMBER": number for name, number in demo["numbers"].items()},
    }
    done = subprocess.run(
        ["bash", "-eu", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )

    statuses = [int(code) for code in re.findall(r"^status (\d+)$", done.stdout, re.MULTILINE)]
    redeeming = [200, 201, 200, 200, 409, 200, 200, 200]
    attending = [200, 201, 201, 200, 201, 200, 200, 200, 200]
    assert statuses == [200, *attending, 201, 403, 200, 200, 200, *redeeming, 200, 200, 200, 200, 200], done.stdout
