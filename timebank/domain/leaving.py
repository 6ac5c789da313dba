"""Leaving and being erased: everything that is open ends, and what is on the account is given away or kept."""

from collections.abc import Iterator, Sequence
from typing import Literal

from timebank.domain.credit.funds import Fund
from timebank.domain.credit.refusals import BalanceUndecided, DonationNeedsAnother, FundNeeded
from timebank.domain.endings import all_that_ends, memories_of_each, memories_of_what_ends, released
from timebank.domain.facts.credit import CreditDonated
from timebank.domain.facts.people import VolunteerErased, VolunteerLeft
from timebank.domain.identifiers import ActorId, FundId, TransferId, VolunteerId
from timebank.domain.kernel import Command, Fact, Key, Known, about
from timebank.domain.people.volunteers import Volunteer, is_one_of, memories_of_eyes
from timebank.domain.person import Person
from timebank.domain.refusals import NotYourOwn

Rest = Literal["donate", "hold"]
"""What becomes of credit that is left: it goes to a fund, or stays on the account until its owner comes back."""

LEFT = "the volunteer left"


class _Departure(Command, frozen=True, kw_only=True):
    """What leaving and being erased have in common. What to do with credit has to be said, if there is any."""

    volunteer_id: VolunteerId
    rest: Rest | None = None
    fund_id: FundId | None = None
    transfer_id: TransferId | None = None

    def needs(self) -> Sequence[Key]:
        return (
            about(Volunteer, self.volunteer_id),
            *memories_of_what_ends(self.volunteer_id),
            *memories_of_eyes(self.by),
            *((about(Fund, self.fund_id),) if self.fund_id else ()),
        )

    def also_needs(self, known: Known) -> Sequence[Key]:
        return memories_of_each(known, self.volunteer_id)

    @property
    def is_own(self) -> bool:
        """Whether they leave themselves."""
        return self.by.authority == "volunteer" and self.by.volunteer_id == self.volunteer_id

    def must_be_allowed(self) -> None:
        """Refuse unless they leave themselves, or an administrator sees to it."""
        if not (self.is_own or self.by.governs):
            raise NotYourOwn

    def must_be_of_two(self, known: Known) -> None:
        """Refuse an administrator who gives away what somebody has, and had them leave too, or had nobody do so.

        What somebody decided themselves when they left stays so.
        """
        first = known(Volunteer, self.volunteer_id).seen_off_by
        if not self.is_own and (first is None or _is_one_of(known, first, self.by.eyes)):
            raise DonationNeedsAnother

    def ends(self, known: Known) -> Iterator[Fact]:
        """The facts of the departure: what is open ends, reservations are given back, and credit is donated or kept."""
        if (self.rest == "donate") != (self.fund_id is not None):
            raise FundNeeded
        if self.fund_id:
            known(Fund, self.fund_id).must_be_open()
        yield from all_that_ends(known, self.volunteer_id, self)
        yield from self._credit(known)

    def last(self, known: Known, held_minutes: int) -> Fact:
        """The last fact of the departure, with the minutes that stay on the account."""
        raise NotImplementedError  # pragma: no cover

    def _credit(self, known: Known) -> Iterator[Fact]:
        """Give back what is reserved, and donate or keep what there is then; the last fact tells what is kept."""
        given_back, balance = released(known, self.volunteer_id, self.by.actor, LEFT)
        yield from given_back
        left = balance.available_minutes
        rest = self.rest or ("hold" if known(Volunteer, self.volunteer_id).has_left else None)
        if left and rest is None:
            raise BalanceUndecided(minutes=left)
        if left and self.fund_id:
            assert self.transfer_id, "a donation is known by an identifier"
            self.must_be_of_two(known)
            yield CreditDonated(
                transfer_id=self.transfer_id, volunteer_id=self.volunteer_id, fund_id=self.fund_id, minutes=left
            )
            left = 0
        yield self.last(known, left)


def _is_one_of(known: Known, first: ActorId, eyes: frozenset[str]) -> bool:
    return first in eyes or is_one_of(known, VolunteerId(first), eyes)


class LeaveBank(_Departure, frozen=True, kw_only=True):
    """Leave the bank, and come back one day, perhaps: who one is stays known, and the account stays."""

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_be_active()
        self.must_be_allowed()
        yield from self.ends(known)

    def last(self, known: Known, held_minutes: int) -> Fact:
        seen_off_by = None if self.is_own else self.by.actor
        return VolunteerLeft(volunteer_id=self.volunteer_id, held_minutes=held_minutes, seen_off_by=seen_off_by)


class EraseVolunteer(_Departure, frozen=True, kw_only=True):
    """Erase all that is personal about a volunteer: at their own wish, or by an administrator. It cannot be undone.

    Right to erasure: Personal Information Protection Law (个人信息保护法), art. 47. The records of service stay, under
    a number that names nobody: those who keep them have to (志愿服务记录与证明出具办法).
    """

    def decide(self, known: Known) -> Iterator[Fact]:
        known(Volunteer, self.volunteer_id).must_not_be_erased()
        self.must_be_allowed()
        yield from self.ends(known)

    def last(self, known: Known, held_minutes: int) -> Fact:
        earlier_ids = tuple(sorted(known(Volunteer, self.volunteer_id).earlier))
        return VolunteerErased(volunteer_id=self.volunteer_id, held_minutes=held_minutes, earlier_ids=earlier_ids)

    def personal(self) -> Person:
        return Person.nobody(self.volunteer_id)
