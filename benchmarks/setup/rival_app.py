"""The service as it is, and beside it, behind the same middleware, handlers that do less: what ours are compared to."""

import os

from litestar import Litestar, Router, get, post
from litestar.params import FromPath, JSONBody

from benchmarks.setup.sampling import Sampler
from timebank.access.table import LOG_SERVICE, VIEW_ACCOUNT
from timebank.api import app
from timebank.api.http.guard import authorised
from timebank.api.http.requests import BankRequest, IdempotencyHeader
from timebank.api.service.recording import Logged, LogRequest
from timebank.domain.identifiers import new_record_id
from timebank.projections.credit.balances import Balance

TABLES = """
    create table if not exists crud_record (like service_record including all);
    create table if not exists crud_balance (like balance including all);
    insert into crud_balance select * from balance on conflict do nothing;
    grant select, insert, update on crud_record, crud_balance to timebank_service;
"""
INSERT = """
    insert into crud_record (bank_id, record_id, volunteer_id, organisation_id, recorder_id, activity, category,
                             capacity, started_at, ended_at, minutes, local_date, is_late, place, content, programmes,
                             status, position, logged_position)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, false, $13, $14, $15, 'logged', 0, 0)"""
UPDATE = """
    update crud_balance set available_minutes = available_minutes + $3, service_minutes = service_minutes + $3
     where bank_id = $1 and volunteer_id = $2"""

sampler = Sampler()


@post("/empty/{organisation_id:str}/service-records", access=LOG_SERVICE)
async def empty_post(
    request: BankRequest,
    organisation_id: FromPath[str],
    data: JSONBody[LogRequest],
    idempotency_key: IdempotencyHeader = None,
) -> Logged:
    """Take in and validate the same request, and answer the same shape."""
    return Logged("rec_0", "logged", 60, False, 1)


@post("/crud/{organisation_id:str}/service-records", access=LOG_SERVICE)
async def crud_post(
    request: BankRequest,
    organisation_id: FromPath[str],
    data: JSONBody[LogRequest],
    idempotency_key: IdempotencyHeader = None,
) -> Logged:
    """Insert the record and update the balance: what one would write without a log of facts, and without rules."""
    record_id, bank_id = new_record_id(), request.bank_id
    minutes = data.minutes or int((data.ended_at - data.started_at).total_seconds()) // 60
    local_date = request.user.local(data.started_at).date()
    async with request.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            INSERT,
            bank_id,
            record_id,
            data.volunteer_id,
            organisation_id,
            request.user.actor,
            data.activity,
            data.category,
            data.capacity,
            data.started_at,
            data.ended_at,
            minutes,
            local_date,
            data.place,
            data.content,
            data.programmes,
        )
        await connection.execute(UPDATE, bank_id, data.volunteer_id, minutes)
    return Logged(record_id, "logged", minutes, False, 1)


@get("/empty/{volunteer_id:str}/balance", access=VIEW_ACCOUNT)
async def empty_get(request: BankRequest, volunteer_id: FromPath[str]) -> Balance:
    """Answer the same shape."""
    return Balance(
        available_minutes=0,
        reserved_minutes=0,
        debt_minutes=0,
        service_minutes=0,
        credited_minutes=0,
        redeemed_minutes=0,
        position=1,
    )


@post("/samples", status_code=200, access=VIEW_ACCOUNT)
async def samples(request: BankRequest) -> dict[str, float]:
    """Where the time went since this was last asked; sampling begins when it is asked first."""
    return sampler.take()


def from_environment() -> Litestar:
    """Both, in one process, as the environment sets them."""
    both = app.from_environment()
    both.register(Router("/rival", guards=[authorised], route_handlers=[empty_post, crud_post, empty_get, samples]))
    assert os.environ["TIMEBANK_DATABASE_URL"], "only a database of our own is written to"
    return both
