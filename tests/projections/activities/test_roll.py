from uuid import uuid4

from tests.projections.test_plans import Explaining, parts_of, touched
from timebank.db.connections import Pool
from timebank.projections.activities import activities

PEOPLE = 1_000

BANK = "insert into bank (bank_id, name, timezone) values ($1, 'Test bank', 'Asia/Shanghai')"
SIGN_UPS = "insert into sign_up select $1, 'act_1', 'vol_' || n, 'signed-up', n from generate_series(1, $2) n"
PRESENCES = """
insert into presence
select bank_id, activity_id, volunteer_id, now(), now(), 'code', 'code', false from sign_up where bank_id = $1
"""


async def test_the_roll_of_many_people_looks_at_each_once(pool: Pool) -> None:
    """Right after very many came, when PostgreSQL knows nothing of that yet, nobody is compared with all others."""
    bank_id, explaining = uuid4(), Explaining(pool)
    await pool.execute(BANK, bank_id)
    await pool.execute(SIGN_UPS, bank_id, PEOPLE)
    await pool.execute(PRESENCES, bank_id)
    found = await activities.roll(explaining, bank_id, "act_1")  # type: ignore[arg-type]
    assert len(found) == PEOPLE
    assert all(each.since for each in found)
    ((_, plan),) = explaining.told
    compared = sum(node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"] for node in parts_of(plan))
    assert touched(plan) + compared <= 10 * PEOPLE
