"""What tests of the running service share."""

import pytest

from tests.controls import KEY_FILE
from timebank.db.connections import Pool
from timebank.identity.security_log import SecurityLog
from timebank.vault.keyring import keyring_for


@pytest.fixture
async def security_log(pool: Pool) -> SecurityLog:
    """The security log of the test's database."""
    async with pool.acquire() as connection:
        return SecurityLog(pool, await keyring_for(connection, KEY_FILE))
