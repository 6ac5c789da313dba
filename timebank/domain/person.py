"""What is personal about a volunteer: kept beside the log, never in it."""

from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta

from timebank.domain.identifiers import VolunteerId
from timebank.domain.text import Line

BirthYear = Annotated[int, Meta(ge=1900, le=2200)]

DocumentNumber = Annotated[
    str, Meta(min_length=1, max_length=40, description="The number of an identity card (GB 11643), in any spelling.")
]

Skills = Annotated[tuple[Line, ...], Meta(max_length=20)]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is personal about a volunteer. It is kept beside the log, never in it, so that it can be erased.

    Of what is to be kept, None leaves a value as it is, and an empty one (0 for the year) takes it away. `door` is that
    of the home or workplace (门牌, 室号), whose building or unit is a fact. `phone_is_claimed` where no
    office entered the phone, but whoever it is to belong to.
    """

    volunteer_id: VolunteerId
    name: str | None = None
    phone: str | None = None
    birth_year: int | None = None
    document_number: str | None = None
    skills: tuple[str, ...] | None = None
    alias: str | None = None
    door: str | None = None
    phone_is_claimed: bool | None = None

    @classmethod
    def nobody(cls, volunteer_id: VolunteerId) -> Self:
        """What is to be kept of somebody of whom nothing is."""
        nothing: Any = {"name": "", "phone": "", "birth_year": 0, "document_number": "", "skills": (), "alias": ""}
        nothing |= {"door": "", "phone_is_claimed": False}
        return cls(volunteer_id=volunteer_id, **nothing)

    @property
    def says_something(self) -> bool:
        """Whether anything is given that is to be kept."""
        given = msgspec.structs.asdict(self)
        return any(value for name, value in given.items() if name not in {"volunteer_id", "phone_is_claimed"})
