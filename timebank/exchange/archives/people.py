"""Who people are, in an archive: only if whoever exports asks for it, and sealed for one receiver (HPKE, RFC 9180).

Each stretch of people is sealed by itself, and says of which log, as of which root, in which place, and whether it is
the last: none can be left out, exchanged or put into another archive.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from timebank.db.connections import Connection, Pool
from timebank.domain.person import Person
from timebank.proofs.checkpoints import Checkpoint
from timebank.vault.files import write_secret
from timebank.vault.people import People

FILE = "people.sealed"
PREFIX = "timebank-receiver+"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
STRETCH = 500

_decode = msgspec.json.Decoder(list[Person])


class SealedError(ValueError):
    """What is sealed cannot be opened, or what should seal or open it is no key."""


class _KeyFile(msgspec.Struct):
    receiver: str
    private: str


def make_receiver(file: Path) -> str:
    """Make the key of somebody who is to be sent archives with people, in a file; what is told is its public side.

    Raises `FileExistsError` if there is something at the place.
    """
    if file.exists():
        raise FileExistsError(file)
    private = X25519PrivateKey.generate()
    receiver = PREFIX + base64.b64encode(private.public_key().public_bytes_raw()).decode()
    write_secret(file, _KeyFile(receiver, base64.b64encode(private.private_bytes_raw()).decode()), anew=True)
    return receiver


def receiver_of(text: str) -> X25519PublicKey:
    """The public side of a receiver's key, as it was told. Raises `SealedError`."""
    try:
        if not text.startswith(PREFIX):
            raise ValueError(text)
        return X25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix(PREFIX), validate=True))
    except ValueError:
        msg = f"{text[:80]!r} is no key of a receiver, or was not copied whole"
        raise SealedError(msg) from None


def private_in(file: Path) -> X25519PrivateKey:
    """The key in a receiver's file. Raises `SealedError`."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_KeyFile)
        return X25519PrivateKey.from_private_bytes(base64.b64decode(found.private, validate=True))
    except (OSError, ValueError) as error:
        msg = f"{file} holds no key of a receiver: {error}"
        raise SealedError(msg) from None


async def write_people(
    people: People, connection: Connection, bank_id: UUID, checkpoint: Checkpoint, receiver: X25519PublicKey, file: Path
) -> int:
    """Write all people of a bank into a file, sealed; says how many. Raises as `People` if one cannot be opened."""
    draft, stretches, count = file.with_suffix(".part"), people.everybody(connection, bank_id, STRETCH), 0
    with draft.open("wb") as writing:
        nobody: list[Person] = []
        number, held = 0, await anext(stretches, nobody)
        while True:
            following = await anext(stretches, nobody)
            place = _place(checkpoint, number, is_last=not following)
            writing.write(base64.b64encode(SUITE.encrypt(msgspec.json.encode(held), receiver, info=place)) + b"\n")
            count += len(held)
            if not following:
                break
            number, held = number + 1, following
    draft.replace(file)
    return count


def people_in(file: Path, checkpoint: Checkpoint, key: X25519PrivateKey) -> Iterator[list[Person]]:
    """The people in a file, some at a time. Raises `SealedError` unless all of it is there and opens."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        msg = f"there are no people in this archive: {error}"
        raise SealedError(msg) from None
    for number, line in enumerate(lines):
        place = _place(checkpoint, number, is_last=number == len(lines) - 1)
        try:
            yield _decode.decode(SUITE.decrypt(base64.b64decode(line, validate=True), key, info=place))
        except (InvalidTag, ValueError):
            msg = f"line {number + 1} of {file} cannot be opened: for somebody else, of another archive, or changed"
            raise SealedError(msg) from None


async def keep_people(people: People, pool: Pool, bank_id: UUID, found: Iterator[list[Person]]) -> int:
    """Keep people as one's own, sealed with one's own keys; says how many.

    They are as the archive says, whole: what an earlier one said of them, or of somebody else, is erased.
    """
    kept: set[str] = set()
    for stretch in found:
        async with pool.acquire() as connection, connection.transaction():
            await people.keep(connection, bank_id, [_whole(each) for each in stretch])
        kept.update(each.volunteer_id for each in stretch)
    async with pool.acquire() as connection, connection.transaction():
        await people.forget_others(connection, bank_id, kept)
    return len(kept)


def _whole(person: Person) -> Person:
    """The person, with what they have not said as what is to be taken away."""
    said = {name: value for name, value in msgspec.structs.asdict(person).items() if value is not None}
    return msgspec.structs.replace(Person.nobody(person.volunteer_id), **said)


def _place(checkpoint: Checkpoint, number: int, *, is_last: bool) -> bytes:
    return f"timebank-people/1\n{checkpoint}{number} {'last' if is_last else 'more'}\n".encode()
