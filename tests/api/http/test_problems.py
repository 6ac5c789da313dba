"""Everything that goes wrong is a problem (RFC 9457), and nothing goes wrong that need not."""

import asyncio
import json
import re
from typing import Any

import asyncpg
import httpx
import pytest
import structlog

from tests.api.world import World, said, served, service, settled
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS
from timebank.domain.text import normal
from timebank.ledger import writer
from timebank.ledger.store import Store
from timebank.runtime.embedded import EmbeddedPostgres


def problem_of(response: httpx.Response, status: int, kind: str = "about:blank") -> dict[str, Any]:
    """The problem that an answer is."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert (problem["status"], problem["type"]) == (status, kind)
    assert problem["title"]
    assert problem["detail"]
    return problem


INVALID = "/problems/invalid-request"


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "name", "missing"),
        ({"name": None}, "name", "null"),
        ({"name": 3}, "name", "int"),
        ({"name": ""}, "name", "length"),
        ({"name": " "}, "name", "in the form"),
        ({"name": "甲", "nickname": "x"}, "nickname", "unknown"),
        ({"name": "甲", "phone": "call me"}, "phone", "in the form"),
        ({"name": "甲", "skills": "电工"}, "skills", "array"),
        ({"name": "甲", "skills": ["电工", 5]}, "skills[1]", "int"),
        ({"name": "甲", "skills": ["x"] * 21}, "skills", "length"),
        ([], "body", "array"),
        ("甲", "body", "str"),
        (None, "body", "null"),
    ],
)
async def test_a_bad_body_is_explained(world: World, body: Any, field: str, reason: str) -> None:
    """The problem names the field and says what is wrong with it."""
    response = await world.administrator.ask("POST", "/v1/volunteers", content=json.dumps(body))
    (error,) = problem_of(response, 400, INVALID)["errors"]
    assert error["field"].replace("data", "body") == field
    assert reason in error["reason"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"name=x",
        b'{"name": "a",}',
        b'{"name":"\\ud800"}',
        b'{"name":"\xff"}',
        b"\xff\xfe{\x00}\x00",
        b'{"name":"a","skills":' + b"[" * 90_000 + b"]" * 90_000 + b"}",
        b"[" * 90_000,
        b'{"name":"a","skills":[' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"]}",
        b'{"name":' + b"1" * 10_000 + b"}",
        b'{"name":1e999}',
        b"NaN",
    ],
    ids=range(13),
)
async def test_what_is_no_json_is_a_bad_request(world: World, body: bytes) -> None:
    """Whatever is sent instead of JSON, the answer is one of our own problems, about the body, in both languages."""
    for language, letters in (("en", r"[ -~…]+"), ("zh", r".*[\u4e00-\u9fff].*")):
        headers = {"Accept-Language": language}
        response = await world.administrator.ask("POST", "/v1/volunteers", content=body, headers=headers)
        (error,) = problem_of(response, 400, INVALID)["errors"]
        assert error["field"] in {"body", "name", "skills", "skills[0]"}, error
        assert re.fullmatch(letters, error["reason"]), error


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/volunteers?query=", "query"),
        ("/v1/service-records?from=2026-02-30", "from"),
        ("/v1/service-records?until=tomorrow", "until"),
        ("/v1/service-records?status=lost", "status"),
        ("/v1/service-records?after=rec_none", "after"),
        ("/v1/service-records?from=2026-01-01&after=2026-01-02/rec_none", "after"),
        ("/v1/service-records?format=csv&after=rec_none", "after"),
        ("/v1/service-records/statistics?after=rec_none", "after"),
        ("/v1/leaderboards/bank?after=rec_none", "after"),
        ("/v1/activities?after=act_none", "after"),
        ("/v1/nodes/hours?level=x&from=2026-01-01&until=2026-01-31&after=nod_none", "after"),
        ("/v1/audit/events?after=-1", "after"),
        ("/v1/audit/events?after=x", "after"),
        ("/v1/volunteers?min_position=" + "9" * 5000, "min_position"),
    ],
)
async def test_a_bad_parameter_is_named(world: World, path: str, field: str) -> None:
    """The problem names the parameter as the caller wrote it."""
    (error,) = problem_of(await world.administrator.ask("GET", path), 400, INVALID)["errors"]
    assert error["field"] == field


@pytest.mark.parametrize(
    ("path", "body", "allowed"),
    [
        (
            "/v1/service-records?status=lost",
            None,
            ["logged", "withdrawn", "confirmed", "rejected", "corrected", "voided"],
        ),
        ("/v1/service-records?order=random", None, ["newest", "oldest"]),
        ("/v1/organisations", {"name": "x", "kind": "club"}, ["party-committee", "management-committee"]),
        ("/v1/organisations", {"name": "x"}, ["party-committee", "management-committee"]),
        ("/v1/rewards", {"name": "x", "kind": "x", "cost_minutes": 1, "provider_id": "x"}, ["health-check", "travel"]),
        (
            "/v1/policies/preview",
            {"rules": {"direct_confirm_roles": ["member"]}},
            ["recorder", "verifier", "coordinator"],
        ),
    ],
)
async def test_what_could_be_said_is_said(world: World, path: str, body: Any, allowed: list[str]) -> None:
    """Where there are values to choose from, the problem says which, for programs and in words."""
    response = await world.administrator.ask("POST" if body else "GET", path, json=body)
    (error,) = problem_of(response, 400, INVALID)["errors"]
    assert error["allowed"][: len(allowed)] == allowed
    assert ", ".join(error["allowed"]) in error["reason"]


async def test_rows_say_what_could_be_said_too(world: World) -> None:
    """The verdict on a row of many names the field, and what there is to choose from, in the language of who asks."""
    rows = {"records": [service(world.volunteer.id, capacity="guest")]}
    headers = {"Accept-Language": "zh"}
    (verdict,) = said(await world.organisation.ask("POST", f"{world.records}/batch", json=rows, headers=headers))[
        "results"
    ]
    (error,) = verdict["problem"]["errors"]
    assert (error["field"], error["allowed"]) == ("capacity", ["resident", "staff-off-duty", "staff-on-duty"])
    assert error["reason"].startswith("取值无效")
    decision = {"decisions": [{"decision": "praise", "record_id": "rec_0"}]}
    (verdict,) = (await world.verifier.post("/v1/service-records/review", decision))["results"]
    assert verdict["problem"]["errors"][0]["allowed"] == ["confirm", "reject"]


async def test_failures_of_other_kinds_are_told_in_chinese(world: World) -> None:
    """Who is not signed in, what there is not, what is not possible there, and who may not: all are told in Chinese."""
    zh = {"Accept-Language": "zh"}
    for method, path, status, title in (
        ("GET", "/v1/nowhere", 404, "未找到"),
        ("PUT", "/v1/volunteers", 405, "不支持此方法"),
        ("GET", "/v1/appointments", 403, "无权限"),
        ("GET", "/v1/volunteers?limit=0", 400, "请求有误"),
        ("GET", "/v1/volunteers?size=1", 400, "请求有误"),
    ):
        problem = said(await world.volunteer.ask(method, path, headers=zh), status)
        assert (problem["title"], problem["status"]) == (title, status)
        assert re.search(r"[\u4e00-\u9fff]", problem["detail"]), problem
    stranger = await world.http.get("/v1/me", headers=zh)
    assert stranger.json()["title"] == "未登录"
    lost = await world.http.get("/nowhere", headers={"Accept-Language": "fr"})
    assert lost.json()["detail"] == "There is nothing at /nowhere."


async def test_lists_are_refused_in_chinese(world: World) -> None:
    """What is wrong with a list, and what has to be said of it first, is told in the language of whoever sends it."""
    path, headers = "/v1/volunteers/import", {"Accept-Language": "zh", "Content-Type": "text/csv"}
    empty = said(await world.administrator.ask("POST", path, content=b"\n", headers=headers), 422)
    assert (empty["title"], empty["detail"]) == ("名单无法读取", "名单是空的。")
    twins = "姓名,手机,电话\n张三,13800000001,13800000002\n".encode()
    unclear = said(await world.administrator.ask("POST", path, content=twins, headers=headers), 422)
    assert unclear["type"] == "/problems/list-not-clear"
    (question,) = unclear["errors"]
    assert question["allowed"] == ["ignore=手机", "ignore=电话"]
    assert question["reason"].endswith("都表示 phone：哪一列不读？")
    assert "都表示 phone：哪一列不读？ 请说明：ignore=手机或ignore=电话。" in unclear["detail"]


async def test_types_of_problems_lead_to_pages(world: World) -> None:
    """The type of every problem is the address of a page that explains it, in both languages, without scripts."""
    listed = (await world.http.get("/problems")).text
    for kind in ("volunteer-unknown", "invalid-request", "sign-in-refused", "queue-full"):
        assert f'href="/problems/{kind}"' in listed
        english, chinese = [
            await world.http.get(f"/problems/{kind}", headers={"Accept-Language": language})
            for language in ("en", "zh")
        ]
        for page, language in ((english, "en"), (chinese, "zh-Hans")):
            assert page.headers["content-type"].startswith("text/html")
            assert page.headers["content-language"] == language
            assert f'<html lang="{language}">' in page.text
            assert "<script" not in page.text
        assert "What to do" in english.text
        assert "怎么办" in chinese.text
    nothing = await world.http.get("/problems/no-such-kind")
    problem_of(nothing, 404)


@pytest.mark.parametrize("row", [{"started_at": "1900-01-01T00:00:00Z"}, {"ended_at": "9999-12-31T23:59:59Z"}])
async def test_unbelievable_times_are_named(world: World, row: dict[str, str]) -> None:
    """A time that no service was ever at is refused by the name of its field."""
    response = await world.organisation.ask("POST", world.records, json=service(world.volunteer.id) | row)
    (error,) = problem_of(response, 422, "/problems/unbelievable-time")["errors"]
    assert error["field"] in row


async def test_one_line_has_no_line_break_at_its_end_either(world: World) -> None:
    """Text of one line, a code and a phone cannot end in a line break: it would make two of one."""
    for path, body in (
        ("/v1/organisations", {"name": "甲", "kind": "enterprise", "official_code": "ABCDEF123\n"}),
        ("/v1/volunteers", {"name": "甲", "phone": "13900001111\n"}),
        ("/v1/volunteers", {"name": "甲", "skills": ["电工\n"]}),
        (world.records, service(world.volunteer.id, activity="清扫\n", days_ago=5)),
    ):
        caller = world.organisation if path == world.records else world.administrator
        await caller.post(path, body, expect=400)


STRINGS = {
    "NUL": "a\x00b",
    "control": "\x1f\x1b[31m",
    "control of C1": "清扫\x90",
    "only spaces": "   ",
    "right to left": "\u202e\u200fאבג",
    "emoji": "👩\u200d👩\u200d👧\u200d👦",
    "astral": "𠮷野家",
    "line separator": "a\u2028b",
    "noncharacter": "\uffff",
    "combining": "e" + "\u0301" * 150,
    "long": "长" * 5_000,
    "very long": "x" * 3_000_000,
    "formula": "=1+1",
    "SQL": "'; drop table event; --",
    "braces": "{0} {volunteer_id} %s",
    "html": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS)
async def test_any_text_is_taken_or_refused(world: World, text: str) -> None:
    """In every place where text can be, each text is stored in its normal form, or refused; it is never our fault."""
    garden, somebody = world.garden, await world.somebody()
    record_id = await world.log(somebody.id, hour=1)
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/v1/volunteers", {"name": text}),
        ("/v1/volunteers", {"name": "甲", "phone": text}),
        ("/v1/volunteers", {"name": "甲", "skills": [text]}),
        ("/v1/organisations", {"name": text, "kind": "enterprise"}),
        ("/v1/organisations", {"name": "甲", "kind": "enterprise", "official_code": text}),
        ("/v1/organisations", {"name": "甲", "kind": text}),
        (f"/v1/organisations/{garden}/members", {"volunteer_id": text}),
        (f"/v1/organisations/{garden}/members", {"volunteer_id": somebody.id, "valid_from": text}),
        (world.records, service(text)),
        *((world.records, service(somebody.id) | {name: text}) for name in ("activity", "place", "content", "minutes")),
        (world.records, service(somebody.id) | {"programmes": [text]}),
        (f"{world.records}/batch", {"records": [service(text), service(somebody.id) | {"started_at": text}]}),
        (f"/v1/service-records/{record_id}/reject", {"reason": text}),
        (f"/v1/volunteers/{somebody.id}/suspend", {"reason": text}),
    ]
    for path, body in bodies:
        caller = world.organisation if "service-records" in path else world.administrator
        response = await caller.ask("POST", path, json=body)
        assert response.status_code < 500, f"{path} {list(body)}: {response.text[:300]}"
        assert len(response.content) < 20_000 or "batch" in path, "an answer does not repeat megabytes"
    found = await world.administrator.ask("GET", "/v1/volunteers", params={"query": text[:1000]})
    assert found.status_code in (200, 400)
    made = await world.administrator.ask("POST", "/v1/volunteers", json={"name": text})
    if made.status_code == 201:
        seen = await world.administrator.get(f"/v1/volunteers/{made.json()['volunteer_id']}")
        assert seen["name"] == normal(text)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/volunteers/%00",
        "/v1/volunteers/a%00b/balance",
        "/v1/volunteers?query=%00",
        "/v1/audit/events?tag=a%00",
        "/v1/volunteers/%ED%A0%80",
        "/v1/volunteers/%FF%FE",
        "/v1/volunteers?query=%FF",
        "/v1/volunteers?after=%C0%AF",
        "/v1/service-records/" + "x" * 60_000,
        "/v1/organisations/%2e%2e%2fetc",
        "/v1/volunteers/%2F",
        "/assets/a%00b",
        "/assets/%2e%2e/app.py",
        "/assets/..%2fapp.py",
        "/schema/%00",
        "/%00",
    ],
)
async def test_no_address_is_our_fault(world: World, path: str) -> None:
    """Addresses with forbidden or broken characters are bad, or lead nowhere."""
    response = await world.administrator.ask("GET", path)
    assert response.status_code in (200, 400, 404), response.text[:300]
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
    assert "create_app" not in response.text


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/v1", "/v1/nothing", "/v1/volunteers/a/b/c", "/health", "/assets/nothing.js"]
)
async def test_what_is_not_there_is_404(world: World, path: str) -> None:
    """An address that leads nowhere is a problem like any other, under a request id."""
    response = await world.administrator.ask("GET", path)
    problem_of(response, 404)
    assert response.headers["x-request-id"]


async def test_other_methods_are_405(world: World) -> None:
    """A method that is not served is a problem that lists those that are; OPTIONS lists the same."""
    for path, methods in (
        ("/v1/volunteers", {"GET", "POST", "OPTIONS"}),
        ("/v1/volunteers/vol_0", {"GET", "PATCH", "OPTIONS"}),
        (f"/v1/organisations/{world.garden}/members", {"GET", "POST", "OPTIONS"}),
        ("/health/live", {"GET", "OPTIONS"}),
    ):
        response = await world.administrator.ask("DELETE", path)
        problem_of(response, 405)
        assert set(response.headers["allow"].split(", ")) == methods
        assert response.headers["x-request-id"]
        options = await world.administrator.ask("OPTIONS", path)
        assert set(options.headers["allow"].split(", ")) == methods


async def test_a_body_too_large_is_413(world: World) -> None:
    """More than 256 KiB, of a batch 4 MiB, are refused, said beforehand or not; just under it the content counts."""

    async def chunks() -> Any:
        for _ in range(50):
            yield b" " * 100_000

    large, small = 4 * 1024 * 1024, 256 * 1024
    limits = {"/v1/volunteers": small, f"{world.records}/batch": large, "/v1/service-records/rec_0/confirm": small}
    for path, limit in limits.items():
        caller = world.organisation
        problem_of(await caller.ask("POST", path, content=b" " * (limit + 1)), 413)
        problem_of(await caller.ask("POST", path, content=chunks()), 413)
    response = await world.administrator.ask("POST", "/v1/volunteers", content=b'{"name":"a"}' + b" " * (small - 20))
    assert response.status_code == 201
    approve = f"/v1/organisations/{world.garden}/members/vol_0/approve"
    too_large = await world.administrator.ask(
        "POST", approve, content=b" " * 5_000_000, headers={"Idempotency-Key": "k"}
    )
    problem_of(too_large, 413)


async def test_unexpected_errors_are_500_and_tell_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When we fail, the answer says so without saying why, under the id by which the log can be searched."""

    async def fail(self: Store, bank_id: object) -> int:
        raise RuntimeError("secret inside")

    with monkeypatch.context() as patch:
        patch.setattr("timebank.projections.people.volunteers.one", fail)
        response = await world.administrator.ask(
            "GET", f"/v1/volunteers/{world.volunteer.id}", headers={"X-Request-Id": "boom"}
        )
    problem_of(response, 500)
    assert "secret" not in response.text
    assert "Traceback" not in response.text
    assert response.headers["x-request-id"] == "boom"


@pytest.mark.drill
async def test_one_failure_takes_nobody_else_along(own_world: World) -> None:
    """Of requests decided together, one that fails unexpectedly fails alone."""
    world = own_world
    bomb = world.services.people.keyring.current.index("phone", "13812345678")
    await world.services.owner.execute(f"alter table person add constraint no_such check (phone_index <> '{bomb}')")
    people = [{"name": f"无辜{n}"} for n in range(10)]
    people.insert(5, {"name": "炸弹", "phone": "13812345678"})
    answers = await asyncio.gather(*(world.administrator.ask("POST", "/v1/volunteers", json=each) for each in people))
    assert [each.status_code for each in answers] == [201] * 5 + [500] + [201] * 5
    assert len((await world.administrator.get("/v1/volunteers", query="无辜"))["items"]) == 10


async def test_a_full_queue_is_429(url: str) -> None:
    """While PostgreSQL is slow, more than the queue holds is refused at once, and what was taken is done later."""
    async with settled(url, queue_limit=1) as world:
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("select from bank where bank_id = $1 for update", world.bank_id)
        asked = [
            asyncio.create_task(world.administrator.ask("POST", "/v1/volunteers", json={"name": f"排队{n}"}))
            for n in range(5)
        ]
        await asyncio.wait(asked[1:], timeout=PATIENCE_SECONDS)

        still_waiting = [task.done() for task in asked]
        await transaction.rollback()
        await connection.close()

        answers = await asyncio.gather(*asked)

        assert still_waiting == [False, True, True, True, True]
        assert answers[0].status_code == 201
        for response in answers[1:]:
            problem_of(response, 429, "/problems/queue-full")
            assert response.headers["retry-after"] == "1"
        found = (await world.administrator.get("/v1/volunteers", query="排队"))["items"]
        assert [each["name"] for each in found] == ["排队0"]
        await world.administrator.post("/v1/volunteers", {"name": "之后"}, expect=201)


@pytest.mark.drill
async def test_without_postgresql_it_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away, requests get 503 with Retry-After, and readiness too; when it is back all is well."""
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 5.0)
    with watched_folder() as root:
        await goes_away_and_comes_back(EmbeddedPostgres(root))


async def goes_away_and_comes_back(server: EmbeddedPostgres) -> None:
    """What is answered while it is away, and after."""
    url = await asyncio.to_thread(server.acquire)
    try:
        async with settled(url) as world:
            await asyncio.to_thread(server.release)
            again = {"json": {"name": "重试"}, "headers": {"Idempotency-Key": "again"}}
            answers = await asyncio.gather(
                world.http.get("/health/ready"),
                world.http.get("/v1/volunteers", headers={"Authorization": f"Bearer tb_{'0' * 32}_{'x' * 43}"}),
                world.administrator.ask("GET", "/v1/volunteers"),
                world.administrator.ask("GET", f"/v1/volunteers/{world.volunteer.id}/balance"),
                world.administrator.ask("GET", "/v1/audit/events"),
                world.administrator.ask("POST", "/v1/volunteers", **again),
            )
            assert (await world.http.get("/health/live")).status_code == 200
            await asyncio.to_thread(server.acquire)
            for response in answers:
                problem_of(response, 503, "/problems/database-unavailable")
                assert response.headers["retry-after"] == "2"
            assert (await world.http.get("/health/ready")).json() == {"status": "ok"}
            for _ in range(2):
                await world.administrator.post("/v1/volunteers", {"name": "重试"}, key="again", expect=201)
            assert len((await world.administrator.get("/v1/volunteers", query="重试"))["items"]) == 1
    finally:
        await asyncio.to_thread(server.release)


async def test_health_is_for_everybody(world: World) -> None:
    """Health needs no token."""
    for path in ("/health/live", "/health/ready"):
        response = await world.http.get(path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
async def test_a_decent_request_id_is_kept(world: World, given: str) -> None:
    """The caller's own id comes back, also with problems."""
    for path in ("/health/live", "/v1/volunteers/vol_0", "/v1/volunteers?limit=0"):
        response = await world.administrator.ask("GET", path, headers={"X-Request-Id": given})
        assert response.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "é".encode(), 'a"b'])
async def test_another_request_id_is_replaced(world: World, given: str | bytes) -> None:
    """An id that could do harm in a log is replaced by one of ours."""
    response = await world.http.get("/health/live", headers={"X-Request-Id": given})  # type: ignore[dict-item]
    assert re.fullmatch("[0-9a-f]{16}", response.headers["x-request-id"])


async def test_each_request_is_one_line_in_the_log(world: World) -> None:
    """A request is logged once: who, where, what came of it and how long it took; not what was in it."""
    somebody = await world.somebody("司徒静")
    with structlog.testing.capture_logs() as lines:
        for method, path, options, status in (
            ("POST", "/v1/volunteers", {"json": {"name": "端木蓉", "phone": "13955556666"}}, 201),
            ("GET", f"/v1/volunteers/{somebody.id}", {}, 200),
            ("GET", "/v1/volunteers/vol_0", {}, 404),
            ("GET", "/v1/volunteers?query=端木蓉&limit=0", {}, 400),
            ("GET", "/health/live", {}, 200),
        ):
            lines.clear()
            response = await world.administrator.ask(method, path, headers={"X-Request-Id": "log-1"}, **options)
            assert response.status_code == status
            (line,) = [each for each in lines if each["event"] == "request"]
            assert line.pop("milliseconds") > 0
            public = path.startswith("/health")
            assert line == {
                "event": "request",
                "log_level": "info",
                "request_id": "log-1",
                "method": method,
                "route": path.partition("?")[0]
                .replace(somebody.id, "{volunteer_id}")
                .replace("vol_0", "{volunteer_id}"),
                "status": status,
                "actor": None if public else world.administrator.id,
                "credential": line["credential"],
                "bank_id": None if public else str(world.bank_id),
            }
            assert type(line["status"]) is int
            assert str(line["credential"]).startswith("None" if public else "ses_")
            for secret in (world.administrator.token, "端木蓉", "13955556666", "司徒静"):
                assert secret not in str(lines)


async def test_what_leads_nowhere_is_logged_too(world: World) -> None:
    """There is a line for requests to addresses and methods that are not served."""
    with structlog.testing.capture_logs() as lines:
        await world.http.get("/nowhere")
        await world.http.delete("/v1/volunteers")
        await world.http.get("/v1/volunteers")
    assert [each["status"] for each in lines if each["event"] == "request"] == [404, 405, 401]


async def test_the_api_page_needs_no_internet(world: World) -> None:
    """The page at /schema and its script are our own, and the page names no other host."""
    page = await world.http.get("/schema")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"(?:https?:)?//[a-z]", page.text)
    (script,) = re.findall(r'<script src="([^"]+)"', page.text)
    served_script = await world.http.get(script)
    assert served_script.status_code == 200
    assert "javascript" in served_script.headers["content-type"]
    assert "rapi-doc" in served_script.text
    (described,) = re.findall(r'spec-url="([^"]+)"', page.text)
    assert (await world.http.get(described)).status_code == 200


async def test_every_operation_describes_its_problems(world: World) -> None:
    """The description lists, for each operation, the problems it can answer with, as application/problem+json."""
    document = (await world.http.get("/schema/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            problems = {status for status in answers if status >= "400"}
            least = {"500"} if path.startswith("/health") else {"400", "401", "403", "404", "429", "500", "503"}
            if operation.get("security") == [{}]:
                least -= {"403", "404"} if path.startswith("/v1") else set()
            elif method in ("post", "patch"):
                # What is wrong with a row of a list is in its verdict.
                least |= {"413", "422"} | (set() if "/import" in path else {"409"})
            assert least <= problems, f"{method} {path}"
            for status in problems:
                assert set(answers[status]["content"]) == {"application/problem+json"}, f"{method} {path} {status}"
            assert operation["summary"]
            assert operation["operationId"]
    assert document["paths"]["/health/live"]["get"]["security"] == [{}]
    assert document["security"] == [{"bearer": []}]


async def test_a_stopped_service_starts_again(url: str) -> None:
    """Serving, stopping and serving again leaves the data as it was."""
    async with settled(url) as world:
        token, volunteer = world.administrator.token, world.volunteer.id
    async with served(url) as (_, http):
        response = await http.get(f"/v1/volunteers/{volunteer}", headers={"Authorization": f"Bearer {token}"})
        assert response.json()["name"] == "王芳"
