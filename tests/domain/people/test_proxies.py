from datetime import date, timedelta
from typing import Any

import pytest

from tests.controls import (
    ADMINISTRATOR,
    GARDENERS_PROGRAM,
    LI,
    LIN,
    NOON,
    WANG,
    ZHAO,
    acting,
    in_office,
    on_behalf,
    proxy,
    registered,
)
from tests.given import given
from timebank.domain.acting import Acting
from timebank.domain.facts.people import ProxyEnded, VolunteerErased, VolunteerSuspended
from timebank.domain.identifiers import ProxyId, VolunteerId
from timebank.domain.kernel import Fact
from timebank.domain.people.proxies import AppointProxy, EndProxy
from timebank.domain.people.refusals import (
    OwnProxy,
    ProxyAlreadyAppointed,
    ProxyUnknown,
    VolunteerIsErased,
    VolunteerIsSuspended,
    VolunteerUnknown,
)
from timebank.domain.refusals import NotYourOwn, TermEndsBeforeItStarts

TODAY = NOON.date()
DAY = timedelta(days=1)
BOTH = (registered(WANG), registered(ZHAO))
FIRST = proxy(proxy_id=ProxyId("prx_0"))
FIRST_ENDED = ProxyEnded(
    proxy_id=ProxyId("prx_0"), volunteer_id=WANG, proxy_volunteer_id=ZHAO, ended_by=acting(WANG).actor
)
THE_OTHER_WAY = proxy(proxy_id=ProxyId("prx_2"), volunteer_id=ZHAO, proxy_volunteer_id=WANG)


def appoint(by: Acting | None = None, **changes: Any) -> AppointProxy:
    """Wang wants Zhao to act for them in everything, twice a day."""
    fields: dict[str, Any] = {
        "by": by or acting(WANG),
        "proxy_id": ProxyId("prx_1"),
        "volunteer_id": WANG,
        "proxy_volunteer_id": ZHAO,
        "scopes": ("view", "consents", "memberships", "personal-data"),
        "acts_per_day": 2,
    }
    return AppointProxy(at=NOON, **(fields | changes))


def end(by: Acting) -> EndProxy:
    """Zhao is to act for Wang no more."""
    return EndProxy(by=by, at=NOON, volunteer_id=WANG, proxy_volunteer_id=ZHAO)


def ended(by: Acting) -> ProxyEnded:
    """Zhao acts for Wang no more."""
    return ProxyEnded(proxy_id=ProxyId("prx_1"), volunteer_id=WANG, proxy_volunteer_id=ZHAO, ended_by=by.actor)


class TestAppointProxy:
    """Letting somebody act for a volunteer."""

    def test_appointed_by_the_volunteer(self) -> None:
        """A volunteer lets somebody act for them."""
        given(*BOTH).when(appoint()).then(proxy())

    @pytest.mark.parametrize("by", [ADMINISTRATOR, in_office("administrator")])
    def test_entered_by_an_administrator(self, by: Acting) -> None:
        """Who puts it on paper has an administrator enter it."""
        given(*BOTH).when(appoint(by)).then(proxy())

    def test_entered_by_an_administrator_for_themselves(self) -> None:
        """An administrator's own proxy may be entered in office."""
        command = appoint(in_office("administrator"), volunteer_id=LIN)
        given(registered(LIN), registered(ZHAO)).when(command).then(proxy(volunteer_id=LIN))

    @pytest.mark.parametrize(
        ("asked", "kept"),
        [
            ((), ("view",)),
            (("consents",), ("view", "consents")),
            (("consents", "view", "consents"), ("view", "consents")),
        ],
    )
    def test_every_proxy_may_look(self, asked: Any, kept: Any) -> None:
        """Looking belongs to whatever else a proxy may do; what is said twice is kept once."""
        given(*BOTH).when(appoint(scopes=asked)).then(proxy(scopes=kept))

    @pytest.mark.parametrize("until", [TODAY, TODAY + DAY])
    def test_keeps_the_last_day(self, until: date) -> None:
        """It may be for some days only, also for today."""
        given(*BOTH).when(appoint(valid_until=until)).then(proxy(valid_until=until))

    @pytest.mark.parametrize("minutes", [None, 0, 1, 120])
    def test_keeps_what_they_may_spend(self, minutes: int | None) -> None:
        """How much credit a proxy may spend on a day is limited, to nothing even, or not."""
        scopes = ("view", "redeem", "give")
        decided = given(*BOTH).when(appoint(scopes=("redeem", "give"), minutes_per_day=minutes))
        decided.then(proxy(scopes=scopes, minutes_per_day=minutes))

    def test_refused_for_days_gone_by(self) -> None:
        """It cannot have ended before it starts."""
        given(*BOTH).when(appoint(valid_until=TODAY - DAY)).then_refused(TermEndsBeforeItStarts)

    @pytest.mark.parametrize(
        "by",
        [
            acting(ZHAO),
            acting(LI),
            on_behalf(WANG, ZHAO),
            GARDENERS_PROGRAM,
            in_office("auditor"),
            in_office("auditor", WANG),
            in_office("node-leader", WANG),
            in_office("administrator", ZHAO),
        ],
    )
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Nobody makes themselves another's proxy, administrators included, and a proxy appoints no further one."""
        given(*BOTH).when(appoint(by)).then_refused(NotYourOwn)

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR])
    def test_refused_for_oneself(self, by: Acting) -> None:
        """Nobody is their own proxy."""
        given(registered(WANG)).when(appoint(by, proxy_volunteer_id=WANG)).then_refused(OwnProxy)

    @pytest.mark.parametrize(("known", "unknown"), [(WANG, ZHAO), (ZHAO, WANG)])
    def test_refused_for_nobody(self, known: VolunteerId, unknown: VolunteerId) -> None:
        """Both are volunteers of the bank."""
        given(registered(known)).when(appoint()).then_refused(VolunteerUnknown, volunteer_id=unknown)

    @pytest.mark.parametrize("either", [WANG, ZHAO])
    def test_refused_when_either_is_suspended(self, either: VolunteerId) -> None:
        """Who is suspended neither is a proxy nor gets one."""
        suspended = VolunteerSuspended(volunteer_id=either, reason="代签")
        given(*BOTH, suspended).when(appoint()).then_refused(VolunteerIsSuspended, volunteer_id=either)

    @pytest.mark.parametrize("either", [WANG, ZHAO])
    def test_refused_when_either_is_erased(self, either: VolunteerId) -> None:
        """Who was erased neither is a proxy nor gets one."""
        erased = VolunteerErased(volunteer_id=either)
        given(*BOTH, erased).when(appoint()).then_refused(VolunteerIsErased, volunteer_id=either)

    @pytest.mark.parametrize("until", [None, TODAY])
    def test_refused_when_they_are_one_already(self, until: date | None) -> None:
        """One is somebody's proxy once, to the end of the last day."""
        again = proxy(proxy_id=ProxyId("prx_0"), valid_until=until)
        given(*BOTH, again).when(appoint()).then_refused(ProxyAlreadyAppointed, proxy_id="prx_0")

    @pytest.mark.parametrize(
        "history",
        [
            (FIRST, FIRST_ENDED),
            (proxy(proxy_id=ProxyId("prx_0"), valid_until=TODAY - DAY),),
            (THE_OTHER_WAY,),
        ],
        ids=["ended", "expired", "the other way"],
    )
    def test_possible_when_they_are_none(self, history: tuple[Fact, ...]) -> None:
        """Who was a proxy can be one again, and two may be proxies of each other."""
        given(*BOTH, *history).when(appoint()).then(proxy())


class TestEndProxy:
    """Letting somebody act for a volunteer no more."""

    @pytest.mark.parametrize(
        "by",
        [
            acting(WANG),
            acting(ZHAO),
            in_office("auditor", ZHAO),
            ADMINISTRATOR,
            in_office("administrator"),
        ],
    )
    def test_ended_by_either_side_or_the_bank(self, by: Acting) -> None:
        """Both who are concerned can end it, and so can an administrator."""
        given(proxy()).when(end(by)).then(ended(by))

    def test_possible_when_its_last_day_is_over(self) -> None:
        """Ending what is over in any case does no harm."""
        given(proxy(valid_until=TODAY - DAY)).when(end(acting(WANG))).then(ended(acting(WANG)))

    def test_ends_the_one_there_is(self) -> None:
        """Who is a proxy anew ceases to be the one they are now."""
        given(FIRST, FIRST_ENDED, proxy()).when(end(acting(ZHAO))).then(ended(acting(ZHAO)))

    def test_leaves_the_other_way_alone(self) -> None:
        """Of two who are proxies of each other, one can end it alone, and the other's ending leaves one's own."""
        given(THE_OTHER_WAY, proxy()).when(end(acting(WANG))).then(ended(acting(WANG)))
        other_ended = ProxyEnded(
            proxy_id=ProxyId("prx_2"), volunteer_id=ZHAO, proxy_volunteer_id=WANG, ended_by=acting(WANG).actor
        )
        given(proxy(), THE_OTHER_WAY, other_ended).when(end(acting(WANG))).then(ended(acting(WANG)))

    @pytest.mark.parametrize("by", [acting(WANG), ADMINISTRATOR])
    @pytest.mark.parametrize(
        "history", [(), (FIRST, FIRST_ENDED), (THE_OTHER_WAY,)], ids=["never", "ended", "the other way"]
    )
    def test_refused_when_they_are_none(self, history: tuple[Fact, ...], by: Acting) -> None:
        """There has to be something to end."""
        given(*history).when(end(by)).then_refused(ProxyUnknown, proxy_volunteer_id=ZHAO)

    @pytest.mark.parametrize(
        "by", [acting(LI), on_behalf(WANG, ZHAO), on_behalf(WANG, LI), GARDENERS_PROGRAM, in_office("auditor")]
    )
    def test_refused_for_anybody_else(self, by: Acting) -> None:
        """Whom somebody lets act for them is nobody else's business, and proxies end it in their own name."""
        given(proxy()).when(end(by)).then_refused(ProxyUnknown, proxy_volunteer_id=ZHAO)
