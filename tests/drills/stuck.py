"""A test that never ends, for `test_leftovers.py`, which kills whoever runs it. No other run collects it."""

import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.cli.program import Program
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS


def test_is_stuck(url: str) -> None:
    """With a database, and a service with a database of its own, it tells where they are, and sleeps."""
    with watched_folder() as home:
        Program(home, home=str(home)).serve()
        cluster = Path(parse_qs(urlsplit(url).query)["host"][0]).parent
        told = Path(os.environ["TELL"])
        told.with_suffix(".new").write_text(json.dumps([str(cluster), str(home)]))
        told.with_suffix(".new").rename(told)
        time.sleep(10 * PATIENCE_SECONDS)
