"""What is personal about volunteers: sealed, kept beside the log in the transaction of the facts, and erased there."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog

from timebank.db.connections import Connection, Pool
from timebank.db.sql import load_statements
from timebank.domain.identifiers import VolunteerId
from timebank.domain.people.phones import phone_spelling
from timebank.domain.person import Person
from timebank.domain.text import normal
from timebank.vault.clear_text import SQL as CLEAR_SQL
from timebank.vault.clear_text import wipe
from timebank.vault.keyring import SQL as KEYRING_SQL
from timebank.vault.keyring import Key, Keyring, KeyringError, usable_key

SQL = load_statements("timebank.vault", "people.sql")

DOCUMENT_INDEX = "person_by_document"
"""What keeps two people from having the same document number."""

UNOPENABLE = (KeyringError, msgspec.MsgspecError, UnicodeDecodeError)
"""How it shows that a row was changed or moved, or that its key is gone."""

T = TypeVar("T")

log = structlog.get_logger(__name__)

BATCH_PEOPLE = 1_000
SHORTEST_BEGINNING, LONGEST_BEGINNING = 2, 8
"""Names are found by their beginnings of so many characters; one character alone would tell too much: the surname."""

MOST_ALIKE = 20
"""With so many others somebody is compared at most: more have a phone in common that is an office's."""

_DIGITS = re.compile(r"\+?[0-9]+")
_MOBILE = re.compile(r"1[0-9]{10}")


class _Sealed(msgspec.Struct, omit_defaults=True):
    """What is inside of `person.sealed`; the document number is sealed apart, since hardly anybody needs to see it."""

    name: str
    phone: str | None = None
    birth_year: int | None = None
    skills: tuple[str, ...] = ()
    alias: str | None = None
    door: str | None = None


_decode = msgspec.json.Decoder(_Sealed).decode
_encode = msgspec.json.Encoder().encode


class People:
    """Seals and opens what is personal, and finds it by keyed hashes."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._told: set[tuple[UUID, str]] = set()

    # Reading

    def person(self, bank_id: UUID, row: Any) -> Person | None:
        """The person in a row with volunteer_id, key_id and sealed; None where nobody is, or is no longer."""
        if row["sealed"] is None:
            return None
        volunteer_id = VolunteerId(row["volunteer_id"])
        found = _decode(self.keyring.get(row["key_id"]).open(row["sealed"], _place(bank_id, volunteer_id)))
        return Person(
            volunteer_id=volunteer_id,
            name=found.name,
            phone=found.phone,
            birth_year=found.birth_year,
            skills=found.skills,
            alias=found.alias,
            door=found.door,
        )

    def shown(self, bank_id: UUID, row: Any) -> Person | None:
        """The person in a row, for lists: None where it cannot be opened, and the log says so. Others are shown."""
        return self._or_none(self.person, bank_id, row)

    def _or_none(self, read: Callable[[UUID, Any], Person | None], bank_id: UUID, row: Any) -> Person | None:
        try:
            return read(bank_id, row)
        except UNOPENABLE:
            whose = bank_id, row["volunteer_id"]
            if whose not in self._told:
                self._told.add(whose)
                log.error("what is personal cannot be opened", bank_id=str(bank_id), volunteer_id=whose[1])
            return None

    async def unopenable(self, pool: Pool, bank_id: UUID) -> list[str]:
        """The volunteers whose personal data, document number included, cannot be opened."""
        found = []
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            async for row in connection.cursor(SQL["all"], bank_id, prefetch=BATCH_PEOPLE):
                try:
                    self._whole(bank_id, row)
                except UNOPENABLE:
                    found.append(row["volunteer_id"])
        return found

    async def everybody(self, connection: Connection, bank_id: UUID, at_once: int) -> AsyncIterator[list[Person]]:
        """All people of a bank with all that is personal, some at a time. Raises one of `UNOPENABLE`."""
        rows: list[Any] = []
        async for row in connection.cursor(SQL["all"], bank_id, prefetch=at_once):
            rows.append(row)
            if len(rows) == at_once:
                yield [self._whole(bank_id, each) for each in rows]
                rows = []
        if rows:
            yield [self._whole(bank_id, each) for each in rows]

    async def one(self, connection: "Pool | Connection", bank_id: UUID, volunteer_id: str) -> Person | None:
        """All that is personal about one volunteer, with the document number; None if it cannot be opened."""
        row = await connection.fetchrow(SQL["one"], bank_id, volunteer_id)
        return self._or_none(self._whole, bank_id, row) if row else None

    async def holders(
        self, source: "Pool | Connection", bank_id: UUID, numbers: Iterable[str]
    ) -> dict[str, VolunteerId]:
        """Which of these document numbers are somebody's, and whose."""
        meant = {index: number for number in numbers for index in self.document_indexes(number)}
        rows = await source.fetch(SQL["holders"], bank_id, list(meant))
        return {meant[row["document_index"]]: VolunteerId(row["volunteer_id"]) for row in rows}

    def phone_indexes(self, phone: str) -> list[str]:
        """The keyed hashes by which people with a phone are found, however it was spelt when it was stored."""
        return [index for each in _filed(phone) for index in self.keyring.indexes("phone", each)]

    def document_indexes(self, number: str) -> list[str]:
        """The keyed hashes by which a document number is found; old ones may have been stored in lower case."""
        return [index for spelt in {number, number.lower()} for index in self.keyring.indexes("document", spelt)]

    def name_keys(self, beginning: str) -> list[int]:
        """The keys by which names with this beginning are found. Others may have the same: compare what is found."""
        return [found for key in self.keyring for found in _name_keys(key, beginning)[-1:]]

    # Writing

    async def keep(self, connection: Connection, bank_id: UUID, people: Sequence[Person]) -> None:
        """Keep what is given of each person, in the transaction that is open on the connection.

        Raises `asyncpg.UniqueViolationError` with `DOCUMENT_INDEX` if somebody else has a document number of theirs.
        """
        key = await usable_key(connection, self.keyring)
        rows = await connection.fetch(SQL["hold"], bank_id, [person.volunteer_id for person in people])
        emptied = {each.volunteer_id for each in people if each == Person.nobody(each.volunteer_id)}
        # Of whom nothing is to be left it is not opened: it may be damaged.
        before = {row["volunteer_id"]: self._whole(bank_id, row) for row in rows if row["volunteer_id"] not in emptied}
        if any(person.document_number is not None for person in people):
            # So that they may exchange theirs among each other, in whatever order they are put down.
            await connection.execute(SQL["free_documents"], bank_id, [person.volunteer_id for person in people])
        after = [_merged(before.get(each.volunteer_id), each) for each in people]
        await self._put(connection, bank_id, key, after)
        moved = [each.volunteer_id for each in after if _has_other_phone(before.get(each.volunteer_id), each)]
        if moved:
            await connection.execute(SQL["phones_changed"], bank_id, moved)
        claims = [(each.volunteer_id, each.phone_is_claimed) for each in people if each.phone_is_claimed is not None]
        # What an office entered is not theirs alone to say, because they enter it once more.
        claims = [each for each in claims if each[0] in moved or each[0] not in before or not each[1]]
        if claims:
            await connection.execute(SQL["phones_claimed"], bank_id, *zip(*claims, strict=True))

    async def forget_others(self, connection: Connection, bank_id: UUID, volunteer_ids: Collection[str]) -> None:
        """Erase all that is personal of everybody in a bank but these."""
        known = {row["volunteer_id"] for row in await connection.fetch(SQL["whose"], bank_id)}
        await self.forget(connection, bank_id, sorted(known.difference(volunteer_ids)))

    # Phones

    async def phone_verified_at(self, pool: Pool, bank_id: UUID, volunteer_id: str) -> datetime | None:
        """Since when the phone on file is known to be the volunteer's; None if it is not."""
        found: datetime | None = await pool.fetchval(SQL["phone_verified_at"], bank_id, volunteer_id)
        return found

    async def verify_phones(
        self, to: "Pool | Connection", bank_id: UUID, at: datetime, only: Sequence[str] | None = None
    ) -> None:
        """From now on the phones on file are known to be theirs: of some volunteers, or of all."""
        await to.execute(SQL["phones_verified"], bank_id, at, only)

    async def verify_phone(
        self, connection: Connection, bank_id: UUID, person: Person, at: datetime, most: int
    ) -> bool:
        """The phone of a person is known to be theirs now; False if `most` others have verified it already."""
        await connection.execute(SQL["one_verification"])
        others = self.phone_indexes(person.phone or "")
        if await connection.fetchval(SQL["phone_shared"], bank_id, person.volunteer_id, others) >= most:
            return False
        await self.verify_phones(connection, bank_id, at, [person.volunteer_id])
        return True

    # Erasing

    async def hold(self, connection: Connection, bank_id: UUID, volunteer_id: str, *, alone: bool = False) -> bool:
        """Whether somebody is not erased, and will not be before the transaction on the connection ends.

        Whatever is written about people beside the log takes this lock first, as erasing does.
        """
        statement = SQL["hold_alone"] if alone else SQL["hold_one"]
        return bool(await connection.fetchval(statement, bank_id, volunteer_id))

    async def forget(self, connection: Connection, bank_id: UUID, volunteer_ids: Sequence[str]) -> None:
        """Erase all that is personal, in the transaction that is open on the connection.

        It waits for whoever is just letting them in, and whoever comes later does not.
        """
        await connection.execute(SQL["unname"], bank_id, volunteer_ids)
        await connection.execute(SQL["forget"], bank_id, volunteer_ids)

    async def merge(self, connection: Connection, bank_id: UUID, kept_id: VolunteerId, merged_id: VolunteerId) -> None:
        """Two registrations are one person's: what only the one said that goes, the other says; the rest is erased."""
        rows = await connection.fetch(SQL["hold"], bank_id, [kept_id, merged_id])
        found = {row["volunteer_id"]: self._or_none(self._whole, bank_id, row) for row in rows}
        kept, merged = found.get(kept_id), found.get(merged_id)
        await self.forget(connection, bank_id, [merged_id])
        if kept and merged:
            missing = {name: getattr(merged, name) for name in _CARRIED if not getattr(kept, name)}
            if "phone" in missing:
                missing["phone_is_claimed"] = merged.phone_is_claimed
            await self.keep(connection, bank_id, [Person(volunteer_id=kept_id, **missing)])

    async def _put(self, connection: Connection, bank_id: UUID, key: Key, people: Sequence[Person]) -> None:
        rows = [_sealed(key, bank_id, person) for person in people]
        volunteer_ids = [person.volunteer_id for person in people]
        await connection.execute(SQL["unname"], bank_id, volunteer_ids)
        await connection.execute(SQL["put"], bank_id, key.key_id, *zip(*rows, strict=True))
        await connection.execute(SQL["name"], bank_id, volunteer_ids)
        await connection.execute(SQL["unpair"], bank_id, volunteer_ids)
        phones = [(each.volunteer_id, index) for each in people for index in self.phone_indexes(each.phone or "")]
        alike = [(each.volunteer_id, index) for each in people for index in self._alike_indexes(each)]
        await connection.execute(SQL["pair"], bank_id, *_columns(phones), *_columns(alike), MOST_ALIKE)

    def _alike_indexes(self, person: Person) -> list[str]:
        """By what others of the same name and year of birth are found; nothing, where it is not known of somebody."""
        said = _alike(person)
        return self.keyring.indexes("alike", said) if said else []

    def _whole(self, bank_id: UUID, row: Any) -> Person:
        person = self.person(bank_id, row)
        assert person is not None, "the row is there"
        person = msgspec.structs.replace(person, phone_is_claimed=row["phone_is_claimed"] or None)
        if row["document"] is None:
            return person
        key = self.keyring.get(row["key_id"])
        number = key.open(row["document"], _document_place(bank_id, person.volunteer_id)).decode()
        return msgspec.structs.replace(person, document_number=number)

    # Keys

    async def reseal(self, connection: Connection, key: Key, damaged: set[tuple[UUID, str]]) -> int:
        """Seal some who are sealed with other keys with this one; says how many there were.

        Who cannot be opened stays as it was, and is added to the damaged.
        """
        rows = await connection.fetch(SQL["others"], key.key_id, BATCH_PEOPLE, *_columns(sorted(damaged)))
        for bank_id in {row["bank_id"] for row in rows}:
            of_bank = [row for row in rows if row["bank_id"] == bank_id]
            found = [self._or_none(self._whole, bank_id, row) for row in of_bank]
            if people := [each for each in found if each]:
                await self._put(connection, bank_id, key, people)
            damaged |= {
                (bank_id, row["volunteer_id"]) for row, each in zip(of_bank, found, strict=True) if each is None
            }
        return len(rows)

    async def compare(self, pool: Pool) -> int:
        """Find the doubles of some who were kept before people were compared; says of how many.

        They are sealed anew for that, as what is compared is a hash that only the key makes.
        """
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["not_compared"], BATCH_PEOPLE)
            key = await usable_key(connection, self.keyring)
            await connection.execute(
                SQL["compared"], [row["bank_id"] for row in rows], [row["volunteer_id"] for row in rows]
            )
            for bank_id in {row["bank_id"] for row in rows}:
                found = [self._or_none(self._whole, bank_id, row) for row in rows if row["bank_id"] == bank_id]
                if people := [each for each in found if each]:
                    await self._put(connection, bank_id, key, people)
        return len(rows)

    async def seal_those_in_clear(self, pool: Pool) -> None:
        """Seal what the first version kept in clear, and see that it is nowhere else.

        The table it was in goes at the very end, so that whoever is interrupted goes on with the next start.
        """
        async with pool.acquire() as connection:
            if await connection.fetchval(CLEAR_SQL["has_clear"]):
                await self._seal(connection)
                await wipe(connection)
                await connection.execute(CLEAR_SQL["drop_clear"])

    async def _seal(self, connection: Connection) -> None:
        async with connection.transaction():
            await connection.execute(KEYRING_SQL["only_one"])
            if not await connection.fetchval(CLEAR_SQL["has_clear"]):
                return
            key = await usable_key(connection, self.keyring)
            async for row in connection.cursor(CLEAR_SQL["clear"], prefetch=BATCH_PEOPLE):
                person = Person(
                    volunteer_id=row["volunteer_id"],
                    name=row["name"],
                    phone=row["phone"],
                    skills=tuple(row["skills"]),
                    alias=row["alias"],
                )
                await self._put(connection, row["bank_id"], key, [person])
            # A table anew, without rows: the statistics of the old one have to go as well.
            await connection.execute(CLEAR_SQL["drop_clear"])
            await connection.execute(CLEAR_SQL["create_clear"])


_CARRIED = ("phone", "birth_year", "document_number", "skills", "door")


def _place(bank_id: UUID, volunteer_id: str) -> str:
    return f"{bank_id}/{volunteer_id}/person"


def _document_place(bank_id: UUID, volunteer_id: str) -> str:
    return f"{bank_id}/{volunteer_id}/document"


def _merged(before: Person | None, given: Person) -> Person:
    """What is known after taking in what is given."""
    if before is None:
        return given
    said = {name: value for name, value in msgspec.structs.asdict(given).items() if value is not None}
    return msgspec.structs.replace(before, **said)


def _has_other_phone(before: Person | None, after: Person) -> bool:
    return before is not None and digits(before.phone or "") != digits(after.phone or "")


def _sealed(key: Key, bank_id: UUID, person: Person) -> tuple[Any, ...]:
    """A row of the table: volunteer, sealed, document, and the four kinds of indexes."""
    name, phone, document = person.name or "", person.phone or None, person.document_number or None
    inside = _Sealed(
        name, phone, person.birth_year or None, person.skills or (), person.alias or None, person.door or None
    )
    return (
        person.volunteer_id,
        key.seal(_encode(inside), _place(bank_id, person.volunteer_id)),
        key.seal(document.encode(), _document_place(bank_id, person.volunteer_id)) if document else None,
        key.index("phone", phone_spelling(phone)) if phone else None,
        key.index("document", document) if document else None,
        f"{{{','.join(map(str, _name_keys(key, name)))}}}",
        key.index("alike", said) if (said := _alike(person)) else "",
    )


def _alike(person: Person) -> str:
    """What people have in common who may be the same: the name and the year of birth."""
    return f"{normal(person.name)}/{person.birth_year}" if person.name and person.birth_year else ""


def _columns(rows: Sequence[tuple[T, str]]) -> tuple[list[T], list[str]]:
    return [first for first, _ in rows], [second for _, second in rows]


def _name_keys(key: Key, name: str) -> list[int]:
    """The keys of the beginnings of a name, the longest last; of a name that is too short for one, of the whole."""
    if len(name) < SHORTEST_BEGINNING:
        return [key.number("name", name)]
    longest = min(len(name), LONGEST_BEGINNING)
    return [key.number("beginning", name[:length]) for length in range(SHORTEST_BEGINNING, longest + 1)]


def digits(text: str) -> str:
    """What somebody signs in by, or chose as a password, without what only parts it; a phone in its one spelling."""
    compact = text.replace(" ", "").replace("-", "")
    return phone_spelling(compact) if _DIGITS.fullmatch(compact) else compact


def _filed(phone: str) -> list[str]:
    """The spellings that a phone may be filed under: the one there is, and what earlier versions made of others."""
    number = phone_spelling(phone)
    if number.startswith("+"):
        return [number, f"00{number[1:]}"]
    return [number, f"86{number}"] if _MOBILE.fullmatch(number) else [number]
