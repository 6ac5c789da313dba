"""What is personal: kept sealed, found by keyed hashes, moved from key to key while everybody goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.controls import ADMINISTRATOR, NOON
from tests.controls.town import do, number_of, register, volunteer
from tests.helpers.databases import administer, database
from tests.helpers.document_numbers import document_number
from tests.helpers.folders import watched_folder
from timebank.db.connections import Pool
from timebank.db.migrations import migrate, migration_files
from timebank.domain.identifiers import VolunteerId
from timebank.domain.leaving import EraseVolunteer
from timebank.domain.people.refusals import DocumentNumberTaken
from timebank.domain.people.volunteers import ChangePersonalData, RegisterVolunteer
from timebank.domain.person import Person
from timebank.ledger.audit import check_log
from timebank.ledger.decisions.memories import Memories
from timebank.ledger.ledger import Ledger
from timebank.ledger.store import Store
from timebank.ledger.submission import Receipt
from timebank.projections.machinery.runner import Runner
from timebank.projections.people import volunteers
from timebank.runtime.clock import utc_now
from timebank.runtime.composition import hooks, running_services
from timebank.runtime.embedded import EmbeddedPostgres
from timebank.runtime.settings import Settings
from timebank.vault import clear_text
from timebank.vault import keyring as keyring_module
from timebank.vault import people as people_module
from timebank.vault import rotation as rotation_module
from timebank.vault.keyring import Keyring, KeyringError, keyring_for
from timebank.vault.people import People
from timebank.vault.rotation import rotate

WANG = VolunteerId("vol_wang")
DOCUMENT = "11010519491231002X"
TAKEN, HELD, OTHER = (document_number(1_000 + n) for n in range(3))

odd = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["e\u0301", "é", "\0", "👩‍👩‍👧", "‮x", '"\\'])
some = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
years = st.integers(1900, 2200)
skills = st.lists(some, max_size=4).map(tuple)
documents = st.text("0123456789X", min_size=5, max_size=20)


async def fresh(pool: Pool, file: Path) -> People:
    """What seals and opens, as a process that starts now has it."""
    async with pool.acquire() as connection:
        return People(await keyring_for(connection, file))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes look for a new key ten times as often, and a rotation waits for them that much shorter."""
    for module in (keyring_module, rotation_module):
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A key file of the test's own."""
    return tmp_path / "keys.json"


@pytest.fixture
async def people(pool: Pool, file: Path) -> People:
    """What seals and opens the test's people, with keys of their own."""
    return await fresh(pool, file)


@pytest.fixture
async def elsewhere(pool: Pool, file: Path, store: Store, ledger: Ledger) -> AsyncIterator[Ledger]:
    """Another process's ledger: it has read the key file on its own."""
    made_for = await fresh(pool, file)
    made = Ledger(store, made_for, clock=utc_now, hooks=hooks(made_for))
    yield made
    await made.close()


async def keep(pool: Pool, people: People, bank_id: UUID, *persons: Person) -> None:
    """Keep people in one transaction."""
    async with pool.acquire() as connection, connection.transaction():
        await people.keep(connection, bank_id, persons)


def joins(number: int, **personal: Any) -> RegisterVolunteer:
    """Somebody registers."""
    given = {"name": f"Volunteer {number}"} | personal
    return RegisterVolunteer(
        by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(number), number=number_of(number), **given
    )


def changes(number: int, **personal: Any) -> ChangePersonalData:
    """Something about somebody is put right."""
    return ChangePersonalData(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(number), **personal)


def nothing(done: int, total: int) -> None:
    """No progress is shown."""


# Keeping


async def called(pool: Pool, people: People, bank_id: UUID, name: str) -> list[str]:
    """Who is found by a name."""
    rows = await pool.fetch(
        "select volunteer_id from person_name where bank_id = $1 and name_key = any ($2)",
        bank_id,
        people.name_keys(name),
    )
    return [row["volunteer_id"] for row in rows]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(name=odd, phone=odd, year=years, number=documents, skills=skills, others=st.tuples(odd, odd))
async def test_what_is_kept_comes_back(
    pool: Pool,
    people: People,
    name: str,
    phone: str,
    year: int,
    number: str,
    skills: tuple[str, ...],
    others: tuple[str, str],
) -> None:
    """Whatever letters it is written in, all that was kept of a person comes back as it was given."""
    bank_id = uuid4()
    alias, door = others
    kept: Any = {"birth_year": year, "document_number": number, "skills": skills}
    person = Person(volunteer_id=WANG, name=name, phone=phone, alias=alias, door=door, **kept)
    await keep(pool, people, bank_id, person)
    assert await people.one(pool, bank_id, WANG) == Person(
        volunteer_id=WANG,
        name=name,
        phone=phone or None,
        alias=alias or None,
        door=door or None,
        **kept,
    )
    assert await called(pool, people, bank_id, name) == [WANG]


partial = st.fixed_dictionaries(
    {"name": some | st.none()},
    optional={
        "phone": odd | st.none(),
        "birth_year": years | st.just(0) | st.none(),
        "document_number": documents | st.just("") | st.none(),
        "skills": skills | st.none(),
        "alias": odd | st.none(),
        "door": odd | st.none(),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(partial, min_size=1, max_size=5))
async def test_what_is_not_given_stays(pool: Pool, people: People, steps: list[dict[str, Any]]) -> None:
    """Of what is given part by part the last of each part holds; what is empty takes its part away."""
    bank_id = uuid4()
    expected: dict[str, Any] = {"name": "first", "skills": ()}
    await keep(pool, people, bank_id, Person(volunteer_id=WANG, name="first"))
    for step in steps:
        await keep(pool, people, bank_id, Person(volunteer_id=WANG, **step))
        expected |= {name: value for name, value in step.items() if value is not None}
    found = await people.one(pool, bank_id, WANG)
    gone = {name: value or (() if name == "skills" else None) for name, value in expected.items()}
    assert found == Person(volunteer_id=WANG, **gone)


async def test_people_are_kept_together(pool: Pool, people: People, bank_id: UUID) -> None:
    """Of people kept in one go some may be new and others known; each keeps what is theirs."""
    await keep(pool, people, bank_id, Person(volunteer_id=WANG, name="王芳", phone="110"))
    both = Person(volunteer_id=WANG, alias="木棉"), Person(volunteer_id=VolunteerId("vol_li"), name="李强")
    await keep(pool, people, bank_id, *both)
    wang, li = [await people.one(pool, bank_id, each.volunteer_id) for each in both]
    assert wang == Person(volunteer_id=WANG, name="王芳", phone="110", alias="木棉", skills=())
    assert li == Person(volunteer_id=VolunteerId("vol_li"), name="李强", skills=())


async def test_nothing_in_the_table_is_in_clear(pool: Pool, people: People, bank_id: UUID) -> None:
    """A row says which volunteer and which key, and nothing of the person that could be read without the key."""
    person = Person(volunteer_id=WANG, name="欧阳修远", phone="13800001111", birth_year=1949, document_number=DOCUMENT)
    await keep(pool, people, bank_id, person)
    (row,) = await pool.fetch("select p::text from person p")
    sealed = bytes(await pool.fetchval("select sealed || document from person"))
    for text in ("欧阳修远", "欧阳", "13800001111", "1949", DOCUMENT):
        assert text not in row["p"]
        assert text.encode() not in sealed
        assert text.encode().hex() not in row["p"]


async def test_a_row_that_was_moved_is_noticed(pool: Pool, people: People, bank_id: UUID) -> None:
    """What is sealed of one volunteer, written into the row of another, is found, and is not a person."""
    for name in ("vol_a", "vol_b"):
        await keep(pool, people, bank_id, Person(volunteer_id=VolunteerId(name), name=name, document_number=name * 2))
    for column in ("sealed", "document"):
        swap = f"update person p set {column} = o.{column} from person o where p.volunteer_id <> o.volunteer_id"
        await pool.execute(swap)
        assert await people.one(pool, bank_id, "vol_a") is None
        assert await people.unopenable(pool, bank_id) == ["vol_a", "vol_b"]
        await pool.execute(swap)
    assert await people.one(pool, bank_id, "vol_a")


async def test_an_old_key_file_cannot_seal(pool: Pool, people: People, bank_id: UUID, monkeypatch: Any) -> None:
    """With a key that is not in use nothing is sealed: the error names key and file."""
    await pool.execute("update sealing_key set retired_at = now()")
    monkeypatch.setattr(keyring_module, "KEY_SECONDS", 0)
    with pytest.raises(KeyringError, match=f"{people.keyring.current.key_id} in {people.keyring.path}"):
        await keep(pool, people, bank_id, Person(volunteer_id=WANG, name="王芳"))
    assert await pool.fetchval("select count(*) from person") == 0


# Finding


@pytest.fixture
async def search(ledger: Ledger, pool: Pool, people: People, bank_id: UUID, runner: Runner) -> Callable[..., Any]:
    """Looks for volunteers, as administrators do: the numbers of those found."""

    async def search(query: str, by: People = people) -> list[str]:
        while await runner.catch_up(bank_id):
            pass
        return [each.volunteer_id for each in await volunteers.page(pool, by, bank_id, query, "", 50)]

    return search


async def test_people_are_found_by_phone(ledger: Ledger, bank_id: UUID, search: Any) -> None:
    """A phone is found in any spelling, whatever spelling was given, but not by a part of it."""
    await do(ledger, bank_id, joins(1, phone="138 0000-1111"), joins(2, phone="+8613800001111"))
    for query in ("13800001111", "138-0000-1111", "1 3 8 00001111", "+86 138 0000 1111", "0086-138-0000-1111"):
        assert await search(query) == [volunteer(1), volunteer(2)]
    assert await search("+49 138 0000 1111") == []
    for query in ("1380000111", "3800001111", "138000011111"):
        assert await search(query) == []


async def test_a_phone_that_is_shared_finds_both(ledger: Ledger, bank_id: UUID, search: Any) -> None:
    """A couple with one phone is found by it; one who has another phone now is not any more."""
    await do(ledger, bank_id, joins(1, phone="110 120"), joins(2, phone="110-120"))
    assert await search("110120") == [volunteer(1), volunteer(2)]
    await do(ledger, bank_id, changes(1, phone="119"), changes(2, phone=""))
    assert await search("110120") == []
    assert await search("119") == [volunteer(1)]


async def test_people_are_found_by_the_beginning_of_the_name(ledger: Ledger, bank_id: UUID, search: Any) -> None:
    """From two characters on, up to the whole; by one character nobody, unless it is all their name."""
    name = "阿卜杜热西提·买买提明"
    await do(ledger, bank_id, joins(1, name=name), joins(2, name="阿"), joins(3, name="阿卜"), joins(4, name="卜杜"))
    assert await search("阿") == [volunteer(2)]
    assert await search("阿卜") == [volunteer(1), volunteer(3)]
    for length in range(3, len(name) + 1):
        assert await search(name[:length]) == [volunteer(1)]
    for query in ("杜热", "明", "阿杜", "买买提明"):
        assert await search(query) == []
    await do(ledger, bank_id, changes(1, name="艾力"))
    assert await search("阿卜") == [volunteer(3)]
    assert await search("艾力") == [volunteer(1)]


async def test_people_are_found_by_document_number(ledger: Ledger, bank_id: UUID, search: Any) -> None:
    """A document number finds whoever has it now."""
    await do(ledger, bank_id, joins(1, document_number=DOCUMENT), joins(2))
    for spelling in (DOCUMENT, f" {DOCUMENT.lower()} ", "110105 19491231 002Ｘ"):
        assert await search(spelling) == [volunteer(1)]
    assert await search(DOCUMENT[:-1]) == []
    await do(ledger, bank_id, changes(1, document_number=""), changes(2, document_number=DOCUMENT))
    assert await search(DOCUMENT) == [volunteer(2)]


async def test_other_banks_people_are_not_found(ledger: Ledger, store: Store, bank_id: UUID, search: Any) -> None:
    """Who is registered in another bank of the same database is not found in this one."""
    another = UUID(int=bank_id.int ^ 1)
    await store.open_bank(another, "Another bank", "Asia/Shanghai")
    await ledger.execute(another, joins(1, name="王芳", phone="110", document_number=DOCUMENT))
    assert [await search(query) for query in ("王芳", "110", DOCUMENT)] == [[], [], []]


# Document numbers


async def test_a_document_number_is_taken_once(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """A second volunteer with the same document number is refused, registering or changed; nothing of it stays."""
    await do(ledger, bank_id, joins(1, document_number=DOCUMENT), joins(2))
    head = ledger.head(bank_id)
    for command in (joins(3, document_number=DOCUMENT), changes(2, document_number=DOCUMENT)):
        with pytest.raises(DocumentNumberTaken):
            await ledger.execute(bank_id, command)
    assert await ledger.store.head(bank_id) == head
    assert await pool.fetchval("select count(*) from person") == 2
    await ledger.execute(bank_id, changes(1, document_number=DOCUMENT))
    assert [finding async for finding in check_log(pool, bank_id)] == []


async def test_a_number_in_a_former_spelling_is_taken(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, search: Any
) -> None:
    """What was kept with a small x, before there was one spelling, is the same number: found, and nobody else's."""
    await do(ledger, bank_id, joins(1), joins(2))
    await keep(pool, people, bank_id, Person(volunteer_id=volunteer(1), document_number=DOCUMENT.lower()))
    assert await search(DOCUMENT) == [volunteer(1)]
    with pytest.raises(DocumentNumberTaken):
        await ledger.execute(bank_id, changes(2, document_number=DOCUMENT))
    await ledger.execute(bank_id, changes(1, document_number=DOCUMENT))


async def test_of_many_at_once_only_the_taken_is_refused(
    ledger: Ledger, bank_id: UUID, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of thirty who register at once, three with numbers that others have, twenty-seven are registered: together, and
    nothing that was known is forgotten for that.
    """
    head = (await ledger.execute(bank_id, joins(0, document_number=TAKEN))).position
    forgetting: list[int] = []
    monkeypatch.setattr(Memories, "forget_all", lambda _: forgetting.append(1))
    numbers = {7: TAKEN, 12: HELD, 13: HELD, 20: TAKEN}
    commands = [joins(n, document_number=numbers.get(n, document_number(n))) for n in range(1, 31)]
    results = await asyncio.gather(*(ledger.execute(bank_id, each) for each in commands), return_exceptions=True)
    refused = [n for n, result in enumerate(results, start=1) if not isinstance(result, Receipt)]
    assert refused == [7, 13, 20]
    assert {type(results[n - 1]) for n in refused} == {DocumentNumberTaken}
    assert await pool.fetchval("select count(*) from person") == 28
    assert await pool.fetchval("select count(distinct xmin::text) from event where position > $1", head) == 1
    assert not forgetting
    assert [finding async for finding in check_log(pool, bank_id)] == []


async def test_numbers_change_hands_within_a_batch(ledger: Ledger, bank_id: UUID, pool: Pool, search: Any) -> None:
    """What one of several commands gives up, or is erased with, the next may take; a dry run says the same."""
    await do(ledger, bank_id, joins(1, document_number=DOCUMENT), joins(2, document_number=OTHER))
    batch = [
        changes(2, name="先"),
        changes(2, document_number=DOCUMENT),
        changes(1, document_number=""),
        changes(2, document_number=DOCUMENT),
        changes(1, document_number=OTHER),
        EraseVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(2)),
        joins(3, document_number=OTHER),
        joins(4, document_number=DOCUMENT),
    ]
    for dry_run in (True, False):
        outcomes = await ledger.submit(bank_id, batch, dry_run=dry_run)
        refused = [n for n, each in enumerate(outcomes) if isinstance(each, DocumentNumberTaken)]
        assert (refused, [each for each in outcomes if not isinstance(each, Receipt | DocumentNumberTaken)]) == (
            [1, 6],
            [],
        )
    assert [await search(each) for each in (DOCUMENT, OTHER)] == [[volunteer(4)], [volunteer(1)]]
    assert await pool.fetchval("select count(*) from person") == 2


async def test_two_processes_cannot_both_take_a_number(ledger: Ledger, elsewhere: Ledger, bank_id: UUID) -> None:
    """If two processes register the same document number at once, one of them is refused."""
    for n in range(0, 20, 2):
        results = await asyncio.gather(
            ledger.execute(bank_id, joins(n, document_number=document_number(n))),
            elsewhere.execute(bank_id, joins(n + 1, document_number=document_number(n))),
            return_exceptions=True,
        )
        assert {type(each) for each in results} == {Receipt, DocumentNumberTaken}


async def test_a_number_is_free_again_after_erasure(ledger: Ledger, store: Store, bank_id: UUID) -> None:
    """Whoever was erased has no document number any more; in another bank it was free all the time."""
    await ledger.execute(bank_id, joins(1, document_number=DOCUMENT))
    another = UUID(int=bank_id.int ^ 1)
    await store.open_bank(another, "Another bank", "Asia/Shanghai")
    await ledger.execute(another, joins(1, document_number=DOCUMENT))
    erase = EraseVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(1))
    await asyncio.gather(ledger.execute(bank_id, erase), ledger.execute(bank_id, joins(2, document_number=DOCUMENT)))
    with pytest.raises(DocumentNumberTaken):
        await ledger.execute(bank_id, joins(3, document_number=DOCUMENT))


# Another key


async def keys_of(pool: Pool) -> dict[str, int]:
    """How many people are sealed with each key."""
    rows = await pool.fetch("select key_id, count(*) from person group by key_id")
    return {row["key_id"]: row["count"] for row in rows}


async def must_be_whole(pool: Pool, people: People, bank_id: UUID, numbers: Sequence[int]) -> None:
    """Everybody can be read, with all there was."""
    for n in numbers:
        person = await people.one(pool, bank_id, volunteer(n))
        assert person is not None
        assert (person.name, person.phone) == (f"Volunteer {n}", f"1380000{n:04}")
        assert person.document_number == document_number(n)


def whole(n: int) -> RegisterVolunteer:
    """Somebody who gives all there is to give."""
    return joins(n, phone=f"1380000{n:04}", document_number=document_number(n))


async def test_a_new_key_seals_everything(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, file: Path
) -> None:
    """After a rotation everybody is readable, all is sealed with the new key, and the old is in the file no more."""
    old, secret = people.keyring.current.key_id, file.read_text().split('"')[-2]
    await do(ledger, bank_id, *(whole(n) for n in range(30)))
    told: list[tuple[int, int]] = []
    await rotate(people, pool, lambda done, total: told.append((done, total)))
    new = people.keyring.current.key_id
    assert new != old
    assert await keys_of(pool) == {new: 30}
    assert told[-1] == (30, 30)
    assert [key.key_id for key in Keyring(file)] == [new]
    assert secret not in file.read_text()
    assert (await pool.fetchval("select retired_at from sealing_key where key_id = $1", old)) is not None
    await must_be_whole(pool, await fresh(pool, file), bank_id, range(30))


async def test_a_rotation_of_nobody(pool: Pool, people: People, file: Path) -> None:
    """Where nobody is kept yet, a rotation just changes the key."""
    before = people.keyring.current.key_id
    await rotate(people, pool, nothing)
    assert [key.key_id for key in Keyring(file)] != [before]


async def test_who_cannot_be_opened_stops_no_rotation(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others are sealed anew, they are named, and their key stays until their row is brought back."""
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 1)
    old = people.keyring.current.key_id
    await do(ledger, bank_id, *(whole(n) for n in range(4)))
    kept = await pool.fetchval("select sealed from person where volunteer_id = $1", volunteer(1))
    await pool.execute("update person set sealed = 'x' where volunteer_id = $1", volunteer(1))
    await pool.execute("update person set document = 'x' where volunteer_id = $1", volunteer(2))
    assert await rotate(people, pool, nothing) == [volunteer(1), volunteer(2)]
    assert await keys_of(pool) == {old: 2, people.keyring.current.key_id: 2}
    await must_be_whole(pool, await fresh(pool, file), bank_id, [0, 3])
    await pool.execute("update person set sealed = $2 where volunteer_id = $1", volunteer(1), kept)
    assert await rotate(people, pool, nothing) == [volunteer(2)]
    await must_be_whole(pool, await fresh(pool, file), bank_id, [0, 1, 3])


async def test_another_process_goes_on_after_a_rotation(
    ledger: Ledger, elsewhere: Ledger, pool: Pool, people: People, bank_id: UUID
) -> None:
    """A process that knew the old key only reads what the new one sealed, and seals with the new one."""
    await do(ledger, bank_id, whole(1))
    await rotate(people, pool, nothing)
    await must_be_whole(pool, elsewhere.people, bank_id, [1])
    await do(elsewhere, bank_id, whole(2), changes(1, skills=("急救",)))
    assert await keys_of(pool) == {people.keyring.current.key_id: 2}
    await must_be_whole(pool, people, bank_id, [1, 2])


async def test_a_process_that_only_writes_takes_the_new_key(
    elsewhere: Ledger, pool: Pool, people: People, bank_id: UUID
) -> None:
    """A process that has read nothing since the rotation notices by itself that its key is retired."""
    await rotate(people, pool, nothing)
    await elsewhere.execute(bank_id, whole(1))
    assert await keys_of(pool) == {people.keyring.current.key_id: 1}


NEVER_RETIRED = """
create function must_be_in_use() returns trigger language plpgsql as $$ begin
    if not exists (select from sealing_key where key_id = new.key_id and retired_at is null) then
        raise exception 'sealed with a retired key';
    end if;
    return new;
end $$;
create trigger must_be_in_use after insert or update on person for each row execute function must_be_in_use();
"""


@pytest.mark.drill
async def test_everybody_goes_on_during_a_rotation(
    ledger: Ledger, elsewhere: Ledger, pool: Pool, people: People, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While all is sealed anew a hundred register elsewhere: all succeed, none is sealed with a retired key."""
    await do(ledger, bank_id, *(whole(n) for n in range(150)))
    await pool.execute(NEVER_RETIRED)
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 10)
    monkeypatch.setattr(rotation_module, "LOOK_SECONDS", 0.05)
    coming = iter(range(150, 250))
    old = people.keyring.current.key_id

    async def registers() -> None:
        for n in coming:
            await elsewhere.execute(bank_id, whole(n))

    async def reads() -> None:
        while rotation in asyncio.all_tasks():
            await must_be_whole(pool, reader, bank_id, range(0, 150, 37))

    reader = People(Keyring(people.keyring.path))
    registering = [asyncio.create_task(registers()) for _ in range(4)]
    meanwhile: list[bool] = []
    rotation = asyncio.create_task(rotate(people, pool, lambda *_: meanwhile.append(not registering[0].done())))
    await asyncio.gather(rotation, reads(), *registering)
    assert sum(meanwhile) > 5
    new = people.keyring.current.key_id
    assert new != old
    assert await keys_of(pool) == {new: 250}
    assert [key.key_id for key in Keyring(people.keyring.path)] == [new]
    await must_be_whole(pool, reader, bank_id, range(250))


async def test_an_interrupted_rotation_is_run_again(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, file: Path, monkeypatch: pytest.MonkeyPatch, search: Any
) -> None:
    """Stopped after one stretch, all are readable and found under both keys; run again, only one key is left."""
    await do(ledger, bank_id, *(whole(n) for n in range(25)))
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 10)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate(people, pool, stop)
    assert sorted((await keys_of(pool)).values()) == [10, 15]
    for each in (people, await fresh(pool, file)):
        await must_be_whole(pool, each, bank_id, range(25))
        for n in range(25):
            assert await search(f"1380000{n:04}", each) == await search(document_number(n), each) == [volunteer(n)]
        assert len(await search("Volunt", each)) == 25
    await ledger.execute(bank_id, whole(25))
    again = await fresh(pool, file)
    await rotate(again, pool, nothing)
    assert await keys_of(pool) == {again.keyring.current.key_id: 26}
    assert [key.key_id for key in Keyring(file)] == [again.keyring.current.key_id]
    await must_be_whole(pool, again, bank_id, range(26))


async def test_two_rotations_at_once_lose_nobody(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If somebody rotates while another rotation is on its way, everybody is readable afterwards, with one key."""
    await do(ledger, bank_id, *(whole(n) for n in range(25)))
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 10)
    first, second = await fresh(pool, file), await fresh(pool, file)
    reseal, others = first.reseal, []

    async def meanwhile(*given: Any) -> int:
        done = await reseal(*given)
        if not others:
            others.append(asyncio.create_task(rotate(second, pool, nothing)))
            await asyncio.wait(others, timeout=0.5)
        return done

    monkeypatch.setattr(first, "reseal", meanwhile)
    await rotate(first, pool, nothing)
    await asyncio.gather(*others, return_exceptions=True)
    await must_be_whole(pool, await fresh(pool, file), bank_id, range(25))
    assert await keys_of(pool) == {Keyring(file).current.key_id: 25}


async def test_document_numbers_stay_unique_during_a_rotation(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While some are sealed with the old key still, nobody can take their document numbers under the new one."""
    await do(ledger, bank_id, *(whole(n) for n in range(25)))
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 10)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate(people, pool, stop)
    for n in range(25):
        with pytest.raises(DocumentNumberTaken):
            await ledger.execute(bank_id, joins(100 + n, document_number=document_number(n)))
    await rotate(await fresh(pool, file), pool, nothing)
    await must_be_whole(pool, people, bank_id, range(25))


async def test_another_process_finds_people_after_a_rotation(
    ledger: Ledger, elsewhere: Ledger, pool: Pool, people: People, bank_id: UUID, search: Any
) -> None:
    """A process that has not met the new key yet finds by phone, name and document number what it has sealed."""
    await do(ledger, bank_id, whole(1))
    await rotate(people, pool, nothing)
    for query in ("13800000001", document_number(1), "Vol"):
        assert await search(query, elsewhere.people) == [volunteer(1)]


async def test_whoever_is_erased_during_a_rotation_is_gone(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing anew brings nobody back who is erased meanwhile."""
    await do(ledger, bank_id, *(whole(n) for n in range(60)))
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 5)
    erasures = [EraseVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=volunteer(n)) for n in range(0, 60, 2)]

    async def erase() -> None:
        for each in erasures:
            await ledger.execute(bank_id, each)

    await asyncio.gather(rotate(people, pool, nothing), erase())
    left = {row["volunteer_id"] for row in await pool.fetch("select volunteer_id from person")}
    assert left == {volunteer(n) for n in range(1, 60, 2)}
    await must_be_whole(pool, people, bank_id, range(1, 60, 2))


async def test_all_banks_get_the_new_key(
    ledger: Ledger, store: Store, pool: Pool, people: People, bank_id: UUID
) -> None:
    """People of all banks of the database are sealed anew, each for their own bank."""
    another = UUID(int=bank_id.int ^ 1)
    await store.open_bank(another, "Another bank", "Asia/Shanghai")
    for each in (bank_id, another):
        await ledger.execute(each, whole(1))
    await rotate(people, pool, nothing)
    for each in (bank_id, another):
        await must_be_whole(pool, people, each, [1])


# Databases of the first version


@pytest.fixture
def blank(cluster: str) -> Iterator[str]:
    """The URL of a database nobody has migrated."""
    with database(cluster) as url:
        yield url


async def first_version(url: str, people: int, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A database as the first version left it, with so many people in clear."""
    files, bank_id = migration_files(), uuid4()
    with monkeypatch.context() as patch:
        patch.setattr("timebank.db.migrations.migration_files", lambda: files[:2])
        await migrate(url)
    connection = await asyncpg.connect(url)
    await connection.execute("insert into bank (bank_id, name, timezone) values ($1, 'Old', 'UTC')", bank_id)
    await connection.execute(
        "insert into person select $1, 'vol_' || n, '王芳' || n, nullif('110 ' || n, '110 0'), '{急救,书法}', null"
        " from generate_series(0, $2::int - 1) n",
        bank_id,
        people,
    )
    await connection.close()
    assert await migrate(url) == [file.name.partition("_")[0] for file in files[2:]]
    return bank_id


async def tables_of(url: str) -> set[str]:
    """The tables there are."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}


async def test_people_in_clear_are_sealed_at_the_start(blank: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first start of this version seals everybody whom the first one kept in clear, and drops that table."""
    bank_id = await first_version(blank, 7, monkeypatch)
    assert "person_in_clear" in await tables_of(blank)
    monkeypatch.setattr(people_module, "BATCH_PEOPLE", 3)
    for _ in range(2):
        async with running_services(Settings(database_url=blank, key_file=str(file)), follow=False) as services:
            for n in range(7):
                assert await services.people.one(services.pool, bank_id, f"vol_{n}") == Person(
                    volunteer_id=VolunteerId(f"vol_{n}"),
                    name=f"王芳{n}",
                    phone=f"110 {n}" if n else None,
                    skills=("急救", "书法"),
                )
            assert await called(services.pool, services.people, bank_id, "王芳3") == ["vol_3"]
        assert "person_in_clear" not in await tables_of(blank)


@pytest.mark.release
@pytest.mark.parametrize(("statement", "left_in_clear"), [("create_clear", 3), ("checkpoint", 0)])
async def test_an_interrupted_upgrade_starts_again(
    blank: str, file: Path, monkeypatch: pytest.MonkeyPatch, statement: str, left_in_clear: int
) -> None:
    """If sealing stops on the way, all are in clear still, or nobody is; the next start does what is left to do."""
    await first_version(blank, 3, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setitem(clear_text.SQL, statement, "select 1 / 0")
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with running_services(Settings(database_url=blank, key_file=str(file)), follow=False):
                pass
    connection = await asyncpg.connect(blank)
    assert await connection.fetchval("select count(*) from person_in_clear") == left_in_clear
    await connection.close()
    async with running_services(Settings(database_url=blank, key_file=str(file)), follow=False) as services:
        assert await services.pool.fetchval("select count(*) from person") == 3
    assert "person_in_clear" not in await tables_of(blank)


@pytest.mark.drill
async def test_an_upgrade_leaves_nothing_in_clear(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the upgrade no file of the server holds a phone that was in clear: no table, statistics or log of it."""
    with watched_folder() as root, EmbeddedPostgres(root).running() as url:
        bank_id = await first_version(url, 200, monkeypatch)
        connection = await asyncpg.connect(url)
        await connection.execute("analyze")
        for _ in range(3):  # segments of the log that are over are kept, to be written over
            await connection.execute("select pg_logical_emit_message(false, 'x', '110 150'), pg_switch_wal()")
            await connection.execute("checkpoint")
        await connection.close()
        assert files_with(b"110 150", root)
        async with running_services(Settings(database_url=url, key_file=str(file)), follow=False) as services:
            found = await services.people.one(services.pool, bank_id, "vol_150")
            assert found
            assert found.phone == "110 150"
            assert await services.pool.fetchval("select current_setting('wal_recycle')") == "on"
        assert files_with(b"110 150", root) == []


def files_with(text: bytes, folder: Path) -> list[str]:
    """The files below a folder in which some text is."""
    return [str(path) for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


OWNED = """do $$ declare each record; begin
  for each in select relname, case relkind when 'v' then 'view' else 'table' end as kind
                from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
  loop execute format('alter %s %I owner to {role}', each.kind, each.relname); end loop;
  for each in select oid::regprocedure as name from pg_proc where pronamespace = 'public'::regnamespace
  loop execute format('alter function %s owner to {role}', each.name); end loop;
  grant create on schema public to {role};
end $$"""


@pytest.mark.release
async def test_an_upgrade_with_few_rights_says_what_is_left(
    blank: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns the tables, and no more, seals everybody, and is told where they are still in clear."""
    await first_version(blank, 1, monkeypatch)
    role = f"owner_{uuid4().hex}"
    await asyncio.to_thread(administer, blank, f"create role {role} login")
    try:
        await asyncio.to_thread(administer, blank, OWNED.format(role=role))
        with capture_logs() as logs:
            parts = urlsplit(blank)
            theirs = urlunsplit(parts._replace(netloc=f"{role}@{parts.netloc.rpartition('@')[2]}"))
            settings = Settings(database_url=theirs, key_file=str(file))
            async with running_services(settings, follow=False) as services:
                assert await services.pool.fetchval("select count(*) from person") == 1
        assert any("still hold what was in clear" in each["event"] for each in logs)
        assert "person_in_clear" not in await tables_of(blank)
    finally:
        await asyncio.to_thread(administer, blank, f"drop owned by {role} cascade")
        await asyncio.to_thread(administer, blank, f"drop role {role}")


async def test_fresh_databases_have_nobody_in_clear(url: str, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new database never has a table for people in clear, nor has an old one in which nobody was registered."""
    await first_version(blank, 0, monkeypatch)
    for each in (url, blank):
        assert "person_in_clear" not in await tables_of(each)


async def test_registering_needs_no_document(ledger: Ledger, bank_id: UUID, pool: Pool) -> None:
    """Any number of people may have no document number."""
    await do(ledger, bank_id, *(register(n) for n in range(5)))
    assert await pool.fetchval("select count(*) from person where document is null and document_index is null") == 5


async def test_a_phone_is_known_to_be_theirs_until_there_is_another(
    ledger: Ledger, pool: Pool, people: People, bank_id: UUID
) -> None:
    """That a phone is verified outlives other changes, another spelling and a new key; another phone is not."""
    await do(ledger, bank_id, joins(1, phone="13800000001"), joins(2, phone="13800000002"), joins(3))
    await people.verify_phones(pool, bank_id, NOON)
    for change in (changes(1, name="王二"), changes(1, phone="138-0000 0001"), changes(1, phone="+8613800000001")):
        await do(ledger, bank_id, change)
    await rotate(people, pool, lambda _done, _total: None)
    seen = [await people.phone_verified_at(pool, bank_id, volunteer(n)) for n in (1, 2, 3)]
    assert seen == [NOON, NOON, None]
    await do(ledger, bank_id, changes(1, phone="13800000003"), changes(2, phone=""))
    assert [await people.phone_verified_at(pool, bank_id, volunteer(n)) for n in (1, 2)] == [None, None]


async def test_a_claim_goes_with_its_phone(pool: Pool, people: People) -> None:
    """Where registrations are merged, a phone that only its owner says is theirs is no more than that afterwards."""
    bank_id, other = uuid4(), VolunteerId("vol_other")
    claimed = Person(volunteer_id=other, name="王芳", phone="13800001111", phone_is_claimed=True)
    for each in (Person(volunteer_id=WANG, name="王芳"), claimed):
        await keep(pool, people, bank_id, each)
    async with pool.acquire() as connection, connection.transaction():
        await people.merge(connection, bank_id, WANG, other)
    kept = await people.one(pool, bank_id, WANG)
    assert kept
    assert (kept.phone, kept.phone_is_claimed) == ("13800001111", True)
