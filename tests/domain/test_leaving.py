from typing import Any

import pytest
from msgspec.structs import replace

from tests.controls import (
    ADMINISTRATOR,
    CLINIC,
    CLOSED,
    FUND,
    GARDEN,
    GARDENERS_PROGRAM,
    LI,
    NOON,
    TRANSFER,
    WANG,
    ZHAO,
    acting,
    appointed,
    at,
    donated,
    earned,
    ended,
    fulfil,
    gift,
    give,
    in_office,
    log_service,
    membership_of,
    offered,
    on_behalf,
    opened,
    owing,
    proxy,
    registered,
    reserve,
    reserved,
    standing,
)
from tests.controls.activities import came, published, signed_up
from tests.domain.test_erasure import laid_down, proxy_ended
from tests.given import Book, given
from timebank.domain.acting import Acting
from timebank.domain.authority import authorised
from timebank.domain.credit.refusals import (
    BalanceUndecided,
    DonationNeedsAnother,
    FundIsClosed,
    FundNeeded,
    FundUnknown,
    RedemptionNotOpen,
)
from timebank.domain.facts.activities import ActivityCancelled, SignUpMovedUp, SignUpWithdrawn
from timebank.domain.facts.credit import ReservationCancelled, ReservationExpired, RewardFulfilled, RewardReserved
from timebank.domain.facts.organisations import (
    MembershipApproved,
    MembershipDeclined,
    MembershipEnded,
    MembershipInvited,
    MembershipRequested,
)
from timebank.domain.facts.people import (
    ConsentGiven,
    ConsentWithdrawn,
    VolunteerErased,
    VolunteerLeft,
    VolunteerReinstated,
    VolunteerSuspended,
)
from timebank.domain.identifiers import ActivityId, ActorId, ProxyId, RedemptionId
from timebank.domain.kernel import Command, Fact
from timebank.domain.leaving import LEFT, EraseVolunteer, LeaveBank
from timebank.domain.organisations.memberships import AddMember
from timebank.domain.organisations.refusals import LastAdministrator
from timebank.domain.people.proxies import AppointProxy
from timebank.domain.people.refusals import (
    ProxyNotAllowed,
    VolunteerHasLeft,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerNotSuspended,
    VolunteerUnknown,
)
from timebank.domain.people.volunteers import ReinstateVolunteer, SuspendVolunteer
from timebank.domain.refusals import NotYourOwn, OfficeMissing

DEPARTURES = [LeaveBank, EraseVolunteer]
LEAVES, IS_ERASED = VolunteerLeft(volunteer_id=WANG), VolunteerErased(volunteer_id=WANG)
CAME_BACK = VolunteerReinstated(volunteer_id=WANG, reason="迁回本社区")
HISTORY = (registered(), earned(600))


def depart(kind: Any, by: Acting | None = None, **changes: Any) -> Any:
    """Wang goes, or is to be forgotten."""
    return kind(**({"by": by or acting(WANG), "at": NOON, "volunteer_id": WANG} | changes))


def leave(by: Acting | None = None, **changes: Any) -> LeaveBank:
    """Wang goes."""
    return depart(LeaveBank, by, **changes)


def gone(kind: Any, held_minutes: int = 0) -> Fact:
    """What the departure comes to in the end."""
    return (VolunteerLeft if kind is LeaveBank else VolunteerErased)(volunteer_id=WANG, held_minutes=held_minutes)


def gone_by(kind: Any, by: Acting, held_minutes: int = 0) -> Fact:
    """The same, where an office says so."""
    fact = gone(kind, held_minutes)
    return replace(fact, seen_off_by=by.actor) if isinstance(fact, VolunteerLeft) else fact


def released(number: int, cost_minutes: int = 120, repaid: int = 0, by: Acting | None = None) -> ReservationCancelled:
    """A reservation was given up because its owner left."""
    return ended(
        ReservationCancelled,
        redemption_id=RedemptionId(f"red_{number}"),
        cost_minutes=cost_minutes,
        reason=LEFT,
        debt_change_minutes=-repaid,
        cancelled_by=(by or acting(WANG)).actor,
    )


def held(number: int, cost_minutes: int = 120, **changes: Any) -> RewardReserved:
    """One of several reservations."""
    return reserved(redemption_id=RedemptionId(f"red_{number}"), cost_minutes=cost_minutes, **changes)


def reinstate(by: Acting = ADMINISTRATOR) -> ReinstateVolunteer:
    """Wang is to be taken in again."""
    return ReinstateVolunteer(by=by, at=NOON, volunteer_id=WANG, reason=CAME_BACK.reason)


@pytest.mark.parametrize("kind", DEPARTURES)
class TestTheRest:
    """What becomes of the credit of who goes: it is never lost in silence."""

    def test_nothing_to_decide(self, kind: Any) -> None:
        """Who has nothing left, or owes, just goes."""
        given(registered()).when(depart(kind)).then(gone(kind))
        given(registered(), earned(60), gift()).when(depart(kind)).then(gone(kind))
        given(registered(), owing(60)).when(depart(kind)).then(gone(kind))
        given(registered()).when(depart(kind, rest="hold")).then(gone(kind))
        decided = given(registered(), opened()).when(depart(kind, rest="donate", fund_id=FUND, transfer_id=TRANSFER))
        decided.then(gone(kind))

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR, in_office("administrator")])
    def test_refused_while_undecided(self, kind: Any, by: Acting) -> None:
        """As long as there is a minute left somebody has to say what becomes of it."""
        given(registered(), earned(1)).when(depart(kind, by)).then_refused(BalanceUndecided, minutes=1)

    def test_refused_while_undecided_of_what_is_reserved(self, kind: Any) -> None:
        """What is reserved comes back first, and has to be decided about as well."""
        history = (registered(), earned(120), reserved())
        given(*history).when(depart(kind)).then_refused(BalanceUndecided, minutes=120)
        given(*history, owing(119)).when(depart(kind)).then_refused(BalanceUndecided, minutes=1)
        given(*history, owing(120)).when(depart(kind)).then(released(1, repaid=120), gone(kind))

    def test_held(self, kind: Any) -> None:
        """What is kept on hold stays on the account, to the minute; the last fact says how much."""
        given(*HISTORY).when(depart(kind, rest="hold")).then(gone(kind, 600))
        book = Book(*HISTORY)
        book.do(depart(kind, rest="hold"))
        assert (book.minutes("available"), book.minutes("served")) == (600, 600)

    def test_donated(self, kind: Any) -> None:
        """What is donated goes to the fund, all of it, and nothing is held."""
        command = depart(kind, rest="donate", fund_id=FUND, transfer_id=TRANSFER)
        given(*HISTORY, opened()).when(command).then(donated(minutes=600), gone(kind))
        book = Book(*HISTORY, opened())
        book.do(command)
        assert (book.minutes("available"), book.minutes("fund"), book.minutes("served")) == (0, 600, 600)

    def test_refused_without_an_open_fund(self, kind: Any) -> None:
        """It has to be a fund that is there, and open."""
        command = depart(kind, rest="donate", fund_id=FUND, transfer_id=TRANSFER)
        given(*HISTORY).when(command).then_refused(FundUnknown, fund_id=FUND)
        given(*HISTORY, opened(), CLOSED).when(command).then_refused(FundIsClosed, fund_id=FUND)
        given(registered()).when(command).then_refused(FundUnknown, fund_id=FUND)
        given(registered(), opened(), CLOSED).when(command).then_refused(FundIsClosed, fund_id=FUND)


@pytest.mark.parametrize("kind", DEPARTURES)
class TestReservations:
    """What who goes had reserved."""

    def test_are_released(self, kind: Any) -> None:
        """Nothing stays reserved; whoever sees to it is told."""
        history = (*HISTORY, held(1), held(2, 60, beneficiary_id=LI))
        for by in (acting(WANG), ADMINISTRATOR):
            of_li = released(2, 60, by=by)
            decided = given(*history).when(depart(kind, by, rest="hold"))
            for_li = ended(
                ReservationCancelled,
                redemption_id=of_li.redemption_id,
                beneficiary_id=LI,
                cost_minutes=60,
                reason=LEFT,
                cancelled_by=by.actor,
            )
            decided.then(released(1, by=by), for_li, gone_by(kind, by, 600) if by.governs else gone(kind, 600))

    @pytest.mark.parametrize(
        ("debt", "repaid", "left"), [(30, (30, 0, 0), 230), (150, (120, 30, 0), 110), (500, (120, 60, 80), 0)]
    )
    def test_repay_a_debt_one_after_the_other(
        self, kind: Any, debt: int, repaid: tuple[int, int, int], left: int
    ) -> None:
        """Each release repays what is still owed then, no more; what is left is what can be donated."""
        history = (registered(), earned(260), held(1), held(2, 60), held(3, 80), owing(debt), opened())
        command = depart(kind, rest="donate", fund_id=FUND, transfer_id=TRANSFER)
        releases = [
            released(number + 1, cost, repays)
            for number, (cost, repays) in enumerate(zip((120, 60, 80), repaid, strict=True))
        ]
        gifts = [donated(minutes=left)] if left else []
        given(*history).when(command).then(*releases, *gifts, gone(kind))
        book = Book(*history)
        book.do(command)
        on = [book.minutes(account) for account in ("available", "reserved", "debt", "fund")]
        assert on == [0, 0, -max(0, debt - 260), left]

    @pytest.mark.parametrize("end", [RewardFulfilled, ReservationCancelled, ReservationExpired])
    def test_that_ended_are_left_alone(self, kind: Any, end: Any) -> None:
        """What was given, given up or taken back is not released again."""
        over = ended(end, redemption_id=RedemptionId("red_2"))
        decided = given(*HISTORY, held(1), held(2), over).when(depart(kind, rest="hold"))
        assert decided.outcome[:-1] == (released(1),)

    def test_of_which_the_time_is_over(self, kind: Any) -> None:
        """What nobody has taken back yet comes back all the same."""
        decided = given(*HISTORY, held(1, expires_at=NOON)).when(depart(kind, rest="hold"))
        decided.then(released(1), gone(kind, 600))

    def test_of_others_are_left_alone(self, kind: Any) -> None:
        """What somebody else reserved for them is that one's to give up."""
        theirs = reserved(volunteer_id=LI, beneficiary_id=WANG)
        given(*HISTORY, theirs).when(depart(kind, rest="hold")).then(gone(kind, 600))


@pytest.mark.parametrize("kind", DEPARTURES)
class TestEverythingElse:
    """What else ends when somebody goes."""

    def test_ends(self, kind: Any) -> None:
        """Consents, offices, memberships and proxies end, then credit is decided about."""
        in_garden, in_clinic = membership_of(WANG), membership_of(WANG, CLINIC)
        audits, another = (
            appointed("auditor", WANG),
            proxy(proxy_id=ProxyId("prx_2"), volunteer_id=LI, proxy_volunteer_id=WANG),
        )
        history = (
            *HISTORY,
            opened(),
            ConsentGiven(volunteer_id=WANG, purpose="leaderboard"),
            MembershipRequested(**in_garden, role="recorder"),
            MembershipApproved(**in_garden),
            MembershipInvited(**in_clinic, role="member"),
            audits,
            proxy(),
            another,
            held(1),
        )
        by = acting(WANG)
        decided = given(*history).when(depart(kind, rest="donate", fund_id=FUND, transfer_id=TRANSFER))
        decided.then(
            ConsentWithdrawn(volunteer_id=WANG, purpose="leaderboard"),
            laid_down(audits, by),
            MembershipEnded(**in_garden),
            MembershipDeclined(**in_clinic),
            proxy_ended(proxy(), by),
            proxy_ended(another, by),
            released(1),
            donated(minutes=600),
            gone(kind),
        )

    def test_gives_up_the_seat_at_what_is_still_to_be(self, kind: Any) -> None:
        """Who waited longest has the seat of whoever goes; what is over, and where one was, stays as it was."""
        tomorrow = {"starts_at": at(21, 9), "ends_at": at(21, 11)}
        ahead, over, cancelled = ActivityId("act_ahead"), ActivityId("act_over"), ActivityId("act_cancelled")
        ids: Any = {"organisation_id": GARDEN, "activity_id": ahead}
        there = (
            *published(ahead, **tomorrow), signed_up(WANG, ahead), signed_up(LI, ahead, is_waiting=True),
            *published(over), signed_up(WANG, over),
            *published(cancelled, **tomorrow), signed_up(WANG, cancelled),
            ActivityCancelled(organisation_id=GARDEN, activity_id=cancelled, reason="暴雨"),
            signed_up(), came(),
        )  # fmt: skip
        given(registered(), *there).when(depart(kind)).then(
            SignUpWithdrawn(**ids, volunteer_id=WANG, withdrawn_by=ActorId(WANG)),
            SignUpMovedUp(**ids, volunteer_id=LI),
            gone(kind),
        )

    def test_refused_for_the_last_administrator(self, kind: Any) -> None:
        """The last administrator goes when there is another one."""
        theirs = appointed("administrator", WANG)
        given(registered(), theirs).when(depart(kind)).then_refused(LastAdministrator)
        given(registered(), theirs, appointed()).when(depart(kind)).then(laid_down(theirs, acting(WANG)), gone(kind))

    @pytest.mark.parametrize(
        "by",
        [
            acting(LI),
            on_behalf(),
            GARDENERS_PROGRAM,
            in_office("auditor", WANG),
            in_office("node-leader"),
        ],
    )
    def test_refused_for_anybody_else(self, kind: Any, by: Acting) -> None:
        """Nobody sends another away, not even as their proxy."""
        given(registered()).when(depart(kind, by)).then_refused(NotYourOwn)

    def test_refused_for_a_proxy_of_whatever_scope(self, kind: Any) -> None:
        """Going is for oneself to decide."""
        everything = proxy(scopes=("view", "consents", "memberships", "personal-data", "redeem", "give"))
        given(registered(ZHAO), everything).when(authorised(depart(kind, on_behalf()))).then_refused(ProxyNotAllowed)

    def test_refused_for_nobody(self, kind: Any) -> None:
        """Who is not there cannot go."""
        given().when(depart(kind)).then_refused(VolunteerUnknown, volunteer_id=WANG)
        given(registered(), IS_ERASED).when(depart(kind)).then_refused(VolunteerIsErased, volunteer_id=WANG)


class TestLeaveBank:
    """Leaving, and coming back one day."""

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR, in_office("administrator")])
    def test_leaves_at_their_wish_or_by_an_administrator(self, by: Acting) -> None:
        """Volunteers leave, or tell an administrator that they do; who they are stays known."""
        given(registered()).when(leave(by)).then(LEAVES if by == acting(WANG) else gone_by(LeaveBank, by))

    def test_refused_when_gone_already(self) -> None:
        """Nobody leaves twice."""
        given(registered(), LEAVES).when(leave()).then_refused(VolunteerHasLeft, volunteer_id=WANG)

    def test_refused_while_suspended(self) -> None:
        """Who is suspended waits for the end of it: coming back would be a way out of it."""
        suspended = VolunteerSuspended(volunteer_id=WANG, reason="代签")
        given(registered(), suspended).when(leave()).then_refused(VolunteerIsSuspended)

    @pytest.mark.parametrize(
        "command",
        [
            log_service(),
            give(minutes=1),
            reserve(),
            AddMember(**membership_of(WANG), by=acting(WANG), at=NOON, role="member"),
            SuspendVolunteer(by=ADMINISTRATOR, at=NOON, volunteer_id=WANG, reason="代签"),
            AppointProxy(
                by=acting(WANG),
                at=NOON,
                proxy_id=ProxyId("prx_1"),
                volunteer_id=WANG,
                proxy_volunteer_id=LI,
                scopes=(),
                acts_per_day=1,
            ),
        ],
        ids=lambda command: type(command).__name__,
    )
    def test_nothing_happens_on_the_account(self, command: Command) -> None:
        """Who has left neither serves nor spends, nor joins, nor lets others act for them."""
        book = Book(*standing(), *HISTORY, registered(LI), *offered())
        book.do(leave(rest="hold"))
        with pytest.raises(VolunteerHasLeft):
            book.do(command)

    def test_comes_back(self) -> None:
        """An administrator takes them in again, and what was kept is theirs to spend."""
        given(registered(), LEAVES).when(reinstate()).then(CAME_BACK)
        book = Book(*HISTORY, registered(LI))
        book.do(leave(rest="hold"))
        book.do(reinstate(in_office("administrator")))
        assert book.do(give(minutes=600)) == gift(minutes=600)
        assert book.do(leave()) == LEAVES

    def test_comes_back_without_what_ended(self) -> None:
        """What ended has ended: nobody acts for them again, and they hold no office."""
        book = Book(registered(), registered(ZHAO), appointed("auditor", WANG), proxy())
        book.do(leave())
        book.do(reinstate())
        with pytest.raises(ProxyNotAllowed):
            book.do(authorised(give(on_behalf())))

    def test_refused_to_come_back(self) -> None:
        """Who did not leave has not to come back; who was erased cannot; and nobody takes themselves in."""
        given(registered()).when(reinstate()).then_refused(VolunteerNotSuspended)
        given(registered(), LEAVES, CAME_BACK).when(reinstate()).then_refused(VolunteerNotSuspended)
        given(registered(), LEAVES, IS_ERASED).when(reinstate()).then_refused(VolunteerIsErased)
        given(registered(), LEAVES).when(reinstate(acting(WANG))).then_refused(OfficeMissing)


class TestTheChoice:
    """What is to become of credit."""

    @pytest.mark.parametrize("kind", [LeaveBank, EraseVolunteer])
    @pytest.mark.parametrize("choice", [{"rest": "donate"}, {"fund_id": FUND}, {"rest": "hold", "fund_id": FUND}])
    def test_refused_unless_it_is_whole(self, kind: Any, choice: dict[str, Any]) -> None:
        """What is donated goes to a fund that is named, and nothing else names one."""
        history = (registered(), *([opened()] if "fund_id" in choice else []))
        given(*history).when(depart(kind, None, **choice)).then_refused(FundNeeded)


class TestEraseVolunteer:
    """Being forgotten, with credit on the account."""

    def test_after_leaving(self) -> None:
        """Who left said what becomes of their credit: it stays on hold unless they now say otherwise."""
        history = (*HISTORY, VolunteerLeft(volunteer_id=WANG, held_minutes=600))
        given(*history).when(depart(EraseVolunteer)).then(gone(EraseVolunteer, 600))
        command = depart(EraseVolunteer, rest="donate", fund_id=FUND, transfer_id=TRANSFER)
        given(*history, opened()).when(command).then(donated(minutes=600), gone(EraseVolunteer))

    def test_two_give_away_what_somebody_has(self) -> None:
        """An office has somebody leave, and another than who said so donates what they have; nobody does alone."""
        to = {"rest": "donate", "fund_id": FUND, "transfer_id": TRANSFER}
        first, second = in_office("administrator", ZHAO), in_office("administrator", LI)
        book = Book(*HISTORY, opened())
        left = book.do(leave(first, rest="hold"))
        assert left == VolunteerLeft(volunteer_id=WANG, held_minutes=600, seen_off_by=ActorId(ZHAO))
        history = (*HISTORY, opened(), left)
        given(*history).when(depart(EraseVolunteer, first, **to)).then_refused(DonationNeedsAnother)
        given(*history).when(depart(EraseVolunteer, second, **to)).then(donated(minutes=600), gone(EraseVolunteer))
        came_back = (*history, CAME_BACK)
        given(*came_back).when(depart(EraseVolunteer, second, **to)).then_refused(DonationNeedsAnother)

    @pytest.mark.parametrize("kind", DEPARTURES)
    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator")])
    def test_nobody_alone_gives_away_what_somebody_has(self, kind: Any, by: Acting) -> None:
        """Neither of who is there, nor of who left themselves, and said then that it is kept."""
        command = depart(kind, by, rest="donate", fund_id=FUND, transfer_id=TRANSFER)
        given(*HISTORY, opened()).when(command).then_refused(DonationNeedsAnother)
        given(registered(), opened()).when(command).then(gone_by(kind, by))
        if kind is EraseVolunteer:
            left = VolunteerLeft(volunteer_id=WANG, held_minutes=600)
            given(*HISTORY, opened(), left).when(command).then_refused(DonationNeedsAnother)

    def test_after_coming_back(self) -> None:
        """Who came back has to say it anew."""
        history = (*HISTORY, VolunteerLeft(volunteer_id=WANG, held_minutes=600), CAME_BACK)
        given(*history).when(depart(EraseVolunteer)).then_refused(BalanceUndecided, minutes=600)

    def test_makes_codes_worth_nothing(self) -> None:
        """A code of who was erased cannot be redeemed any more."""
        book = Book(*standing(CLINIC), *HISTORY, reserved())
        book.do(depart(EraseVolunteer, rest="hold"))
        with pytest.raises(RedemptionNotOpen):
            book.do(fulfil())
