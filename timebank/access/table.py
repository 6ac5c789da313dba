"""The rows of the access table: who may use an operation. Each operation carries its own, where it is defined."""

import msgspec

from timebank.domain.acting import Office
from timebank.domain.credit.redemptions import FULFILS_REWARDS
from timebank.domain.facts.organisations import Permission, Role
from timebank.domain.facts.people import ProxyScope
from timebank.domain.organisations.memberships import LOGS_SERVICE, MANAGES_MEMBERS, VERIFIES_SERVICE

SEES_RECORDS: tuple[Role, ...] = (*LOGS_SERVICE, *VERIFIES_SERVICE)
SEES_MEMBERS: tuple[Role, ...] = (*SEES_RECORDS, *MANAGES_MEMBERS)


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do something. Any one of these is enough; what is not said is not so."""

    public: bool = False
    """Anybody, without signing in."""
    everybody: bool = False
    """Whoever is signed in, and every program."""
    people: bool = False
    """Whoever is signed in; about themselves."""
    own: bool = False
    """The volunteer whose matter it is."""
    proxy: ProxyScope | None = None
    """Their proxy, in this scope."""
    offices: tuple[Office, ...] = ()
    """Who holds one of these offices; a node leader for their own place."""
    roles: tuple[Role, ...] = ()
    """Members of the organisation concerned, in one of these roles."""
    permission: Permission | None = None
    """The organisation's own programs, with a key that has this permission."""
    half_way: bool = False
    """Also before they have said the second factor that they have: what takes them the rest of the way, or out."""
    proof: bool = False
    """Only in a session in which they have just proved who they are. A key proves nothing."""


PUBLIC = Access(public=True)
EVERYBODY = Access(everybody=True)
PEOPLE = Access(people=True)
PEOPLE_HALF_WAY = Access(people=True, half_way=True)
ADMINISTRATORS = Access(offices=("administrator",))
AUDITORS = Access(offices=("administrator", "auditor"))
PROVE_FACT = Access(everybody=True, offices=("administrator", "auditor"))
PROVED_PEOPLE = Access(people=True, proof=True)
PROVED_ADMINISTRATORS = Access(offices=("administrator",), proof=True)
HAND_OUT_CODES = Access(offices=("administrator", "node-leader"), proof=True)
PROVED_OWN_OR_ADMINISTRATORS = Access(own=True, offices=("administrator",), proof=True)
APPOINT = Access(offices=("administrator",), proof=True)
END_APPOINTMENT = Access(people=True, offices=("administrator",))
END_PROXY = Access(own=True, people=True, offices=("administrator",))
CONSENT = Access(own=True, proxy="consents")
CHANGE_PERSON = Access(own=True, proxy="personal-data", offices=("administrator",))
VIEW_PERSON = Access(own=True, proxy="view", offices=("administrator",))
VIEW_ACCOUNT = Access(own=True, proxy="view", offices=("administrator", "auditor"))
VIEW_NOTICES = Access(own=True, offices=("administrator", "auditor"))
OWN = Access(own=True)
VIEW_RECORDS = Access(
    own=True, proxy="view", offices=("administrator", "auditor"), roles=SEES_RECORDS, permission="read"
)
VIEW_STATISTICS = Access(offices=("administrator", "auditor"), roles=SEES_MEMBERS, permission="read")
VIEW_MEMBERS = Access(offices=("administrator",), roles=SEES_MEMBERS, permission="read")
FIND_PEOPLE = Access(offices=("administrator", "node-leader"), roles=SEES_MEMBERS, permission="read")
VIEW_REDEMPTIONS = Access(
    own=True, proxy="view", offices=("administrator", "auditor"), roles=FULFILS_REWARDS, permission="fulfil-rewards"
)
JOIN_OR_MANAGE = Access(
    own=True,
    proxy="memberships",
    offices=("administrator",),
    roles=MANAGES_MEMBERS,
    permission="manage-members",
)
LET_IN = Access(own=True, offices=("administrator",), roles=MANAGES_MEMBERS, permission="manage-members")
MANAGE_MEMBERS = Access(offices=("administrator",), roles=MANAGES_MEMBERS, permission="manage-members")
MANAGE_PROGRAMS = Access(offices=("administrator",), roles=MANAGES_MEMBERS)
MAKE_KEYS = INVITE = Access(offices=("administrator",), roles=MANAGES_MEMBERS, proof=True)
LOG_SERVICE = Access(offices=("administrator",), roles=LOGS_SERVICE, permission="log-service")
REVIEW_SERVICE = Access(offices=("administrator",), roles=VERIFIES_SERVICE, permission="verify-service")
FULFIL_REWARDS = Access(offices=("administrator",), roles=FULFILS_REWARDS, permission="fulfil-rewards")
REDEEM = Access(own=True, proxy="redeem")
CANCEL_REDEMPTION = Access(
    own=True, proxy="redeem", offices=("administrator",), roles=FULFILS_REWARDS, permission="fulfil-rewards"
)
GIVE = Access(own=True, proxy="give")
KEEP_FUND = Access(offices=("administrator",), roles=MANAGES_MEMBERS)
VIEW_GRANTS = Access(offices=("administrator", "auditor"), roles=MANAGES_MEMBERS)
TAKE_PART = Access(people=True, offices=("administrator",), roles=LOGS_SERVICE, permission="log-service")
KEEP_STAFF = Access(offices=("administrator",), roles=MANAGES_MEMBERS)
VIEW_ACTIVITY = VIEW_TEAM = Access(everybody=True, offices=("administrator", "auditor"))
CALL_UP = Access(offices=("administrator",), roles=MANAGES_MEMBERS, permission="manage-members")
LEAD_TEAM = Access(people=True, offices=("administrator",), roles=MANAGES_MEMBERS, permission="manage-members")
VIEW_NODE = VIEW_HOURS = Access(everybody=True, offices=("administrator", "auditor", "node-leader"))
LEAD_NODE = Access(offices=("administrator", "node-leader"))
APPOINT_LEADER = Access(offices=("administrator", "node-leader"), proof=True)
SET_RESIDENCE = Access(own=True, proxy="personal-data", offices=("administrator", "node-leader"))
VIEW_RESIDENCE = Access(own=True, proxy="view", offices=("administrator", "node-leader"))
REGISTER_VOLUNTEERS = Access(offices=("administrator", "node-leader"), permission="register-volunteers")


def let_in(access: Access) -> list[str]:
    """Who may do something by a row of the table, in words for a refusal."""
    people = [f"{each}s".replace("-", " ") for each in (*access.offices, *dict.fromkeys(access.roles))]
    if access.permission:
        people.append("organisations' programs")
    if access.people or access.own:
        people.append("people about themselves")
    return people
