"""Lists of service: each row is entered once, and told what it is to the bank when it comes again."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Self

import msgspec

from timebank.domain.acting import Acting
from timebank.domain.credit.accounts import Balance
from timebank.domain.facts.service import ServiceConfirmed
from timebank.domain.identifiers import RecordId
from timebank.domain.kernel import Command, Fact, Key, Known, about
from timebank.domain.organisations.memberships import must_act_for, right_of
from timebank.domain.organisations.organisations import Organisation
from timebank.domain.organisations.refusals import OrganisationUnknown, RoleMissing
from timebank.domain.organisations.rosters import Team, memories_of_team
from timebank.domain.people.proxies import memories_of_benefit
from timebank.domain.service.crediting import memories_of_credit
from timebank.domain.service.days import ServiceDay, day_of
from timebank.domain.service.records import LogService, ServiceRecord
from timebank.domain.service.refusals import DuplicateRecord, RecordDiffers
from timebank.domain.service.reviews import ConfirmService, memories_of_recorders
from timebank.domain.service.times import local_days, served_minutes

_COMPARED = ("activity", "category", "capacity", "place", "content", "programmes")
_SHOWN_CHARACTERS = 60
IN_CHARGE = "person_in_charge"
"""In what a row differs that says somebody else was in charge; both are told by their ids."""


class EnterService(Command, frozen=True, kw_only=True):
    """Enter a row of a list: log it, and have it confirmed if somebody signed the list.

    `by` is who enters it (as `log.by`), `signer` who signed. Both sets of rules hold, and if either is refused nothing
    happens. What is logged already is confirmed now, if it waits and the list is signed. Else it is a duplicate; or
    it differs, if the record says otherwise.
    """

    log: LogService
    signer: Acting | None = None

    def checked(self) -> Self:
        return msgspec.structs.replace(self, log=self.log.checked())

    def needs(self) -> Sequence[Key]:
        log = self.log
        if self.signer is None:
            return log.needs()
        return (
            *log.needs(),
            about(Balance, log.volunteer_id),
            *(about(ServiceDay, log.volunteer_id, day) for day in self.signed_days),
            *right_of(self.signer, log.organisation_id),
            *memories_of_benefit(self.signer, log.volunteer_id),
        )

    @property
    def signed_days(self) -> list[date]:
        """The days on which it was, where it was signed."""
        return local_days(self.log.started_at, self.log.ended_at, self.at.tzinfo)

    def also_needs(self, known: Known) -> Sequence[Key]:
        log, keys = self.log, [*self.log.also_needs(known)]
        if self.signer:
            keys += memories_of_credit(known, log.volunteer_id, self.signed_days)
        if not all(map(known.knows, keys)):
            return keys
        before = self._before(known)
        if before is None:
            return ()
        record = known.find(ServiceRecord, before)
        if record is None:
            return (about(ServiceRecord, before),)
        recorders = memories_of_recorders(record, known) if self.signer else ()
        return *memories_of_team(record.team_id), *recorders

    def decide(self, known: Known) -> Iterator[Fact]:
        log, before = self.log, self._before(known)
        known(Organisation, log.organisation_id).must_exist()
        if self.signer:
            self._must_be_signed_by_right(self.signer, known)
        if before:
            log.must_be_theirs_to_log(known)
            yield from self._again(known(ServiceRecord, before), known)
            return
        (logged,) = log.decide(known)
        yield logged
        if self.signer:
            record = ServiceRecord(log.record_id)
            record.remember(logged)
            yield self._confirmed(log.record_id, self.signer, known.beside(about(ServiceRecord, log.record_id), record))

    def _before(self, known: Known) -> RecordId | None:
        """The record of the same organisation for the same time, if there is one."""
        log = self.log
        for day in log.local_days:
            entered = day_of(known, log.volunteer_id, day)
            if record_id := entered.record_of(log.organisation_id, log.started_at, log.ended_at):
                return record_id
        return None

    def _must_be_signed_by_right(self, signer: Acting, known: Known) -> None:
        roles = ConfirmService(by=signer, at=self.at, record_id=self.log.record_id).roles(known)
        try:
            must_act_for(self.log.organisation_id, signer, roles, self.at.date(), known)
        except OrganisationUnknown:
            # Whoever enters it knows the organisation; what has to be said is that the other has no role in it.
            raise RoleMissing(role=" or ".join(roles), organisation_id=self.log.organisation_id) from None

    def _again(self, record: ServiceRecord, known: Known) -> Iterator[Fact]:
        differing = _differing(self.log, record, known)
        if differing:
            said = "; ".join(f"{name} {there}, here {here}" for name, there, here in differing)
            raise RecordDiffers(record_id=record.record_id, status=record.status, differences=said, differing=differing)
        if self.signer is None or record.status != "logged":
            raise DuplicateRecord(record_id=record.record_id, status=record.status)
        yield self._confirmed(record.record_id, self.signer, known)

    def _confirmed(self, record_id: RecordId, signer: Acting, known: Known) -> ServiceConfirmed:
        (confirmed,) = ConfirmService(by=signer, at=self.at, record_id=record_id).decide(known)
        assert isinstance(confirmed, ServiceConfirmed), "confirming comes to one fact"
        return msgspec.structs.replace(confirmed, signed_by=signer.actor)


def _differing(log: LogService, record: ServiceRecord, known: Known) -> tuple[tuple[str, str, str], ...]:
    """In what a row differs from the record as it now stands: the field, what it says there, and what here.

    A row that names no team, or nobody who was in charge, says nothing of that.
    """
    before = record.logged
    said = {name: (getattr(before, name), getattr(log, name)) for name in _COMPARED}
    said["minutes"] = record.minutes, served_minutes(log.started_at, log.ended_at, log.minutes)
    said["started_at"] = before.started_at, log.started_at
    said["ended_at"] = before.ended_at, log.ended_at
    if log.team_id and log.team_id != record.team_id:
        there = known(Team, record.team_id).name if record.team_id else ""
        said["team"] = there, known(Team, log.team_id).name
    if log.person_in_charge_id:
        said[IN_CHARGE] = before.person_in_charge_id, log.person_in_charge_id
    return tuple((name, _shown(there), _shown(here)) for name, (there, here) in said.items() if there != here)


def _shown(value: Any) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value or "")
    if not text:
        return "nothing"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
