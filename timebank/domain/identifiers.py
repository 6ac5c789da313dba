"""Identifiers, and the tags by which facts are found again.

An identifier is a short prefix and a UUID version 7 (RFC 9562) in hexadecimal. It means nothing, names nobody, and
is itself the tag of every fact about its bearer.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NewType

from uuid_utils import uuid7

from timebank.domain.text import normal

BankId = NewType("BankId", str)
VolunteerId = NewType("VolunteerId", str)
VolunteerNumber = NewType("VolunteerNumber", str)
OrganisationId = NewType("OrganisationId", str)
MembershipId = NewType("MembershipId", str)
RecordId = NewType("RecordId", str)
AppointmentId = NewType("AppointmentId", str)
ProxyId = NewType("ProxyId", str)
KeyId = NewType("KeyId", str)
RewardId = NewType("RewardId", str)
RedemptionId = NewType("RedemptionId", str)
FundId = NewType("FundId", str)
TransferId = NewType("TransferId", str)
NodeId = NewType("NodeId", str)
ActivityId = NewType("ActivityId", str)
EmploymentId = NewType("EmploymentId", str)
ProposalId = NewType("ProposalId", str)
InvitationId = NewType("InvitationId", str)
TeamId = NewType("TeamId", str)
ShiftId = NewType("ShiftId", str)
MergeId = NewType("MergeId", str)
ActorId = NewType("ActorId", str)
"""Who did something: a volunteer, an organisation's program, or the operator. It tags nothing."""

OfficialCode = NewType("OfficialCode", str)
"""An organisation's official code (统一社会信用代码)."""
CodeHash = NewType("CodeHash", str)
"""The SHA-256 of a redemption code, in hexadecimal: all that is ever known of one."""
RedemptionTag = NewType("RedemptionTag", str)
"""The tag of what is reserved under a redemption code."""


def new_bank_id() -> BankId:
    """A new bank's identifier."""
    return BankId(str(uuid7()))


def new_volunteer_id() -> VolunteerId:
    """A new volunteer's identifier."""
    return VolunteerId(f"vol_{uuid7().hex}")


def new_organisation_id() -> OrganisationId:
    """A new organisation's identifier."""
    return OrganisationId(f"org_{uuid7().hex}")


def new_membership_id() -> MembershipId:
    """A new membership's identifier."""
    return MembershipId(f"mem_{uuid7().hex}")


def new_record_id() -> RecordId:
    """A new service record's identifier."""
    return RecordId(f"rec_{uuid7().hex}")


def numbered(first: RecordId, number: int) -> RecordId:
    """One of the identifiers that follow each other where many records are made at once: the first is number 0.

    The last 24 of the 62 random bits count on, so that they are in order.
    """
    last = (int(first[-6:], 16) + number) % 16**6
    return RecordId(f"{first[:-6]}{last:06x}")


def new_appointment_id() -> AppointmentId:
    """A new appointment's identifier."""
    return AppointmentId(f"app_{uuid7().hex}")


def new_proxy_id() -> ProxyId:
    """The identifier of somebody's being another's proxy."""
    return ProxyId(f"prx_{uuid7().hex}")


def new_key_id() -> KeyId:
    """A new API key's identifier."""
    return KeyId(f"key_{uuid7().hex}")


def new_reward_id() -> RewardId:
    """A new reward's identifier."""
    return RewardId(f"rew_{uuid7().hex}")


def new_redemption_id() -> RedemptionId:
    """A new redemption's identifier."""
    return RedemptionId(f"red_{uuid7().hex}")


def new_fund_id() -> FundId:
    """A new fund's identifier."""
    return FundId(f"fnd_{uuid7().hex}")


def new_transfer_id() -> TransferId:
    """The identifier of a new gift, donation or grant."""
    return TransferId(f"trf_{uuid7().hex}")


def new_node_id() -> NodeId:
    """A new identifier of a place: a node of the tree."""
    return NodeId(f"nod_{uuid7().hex}")


def new_activity_id() -> ActivityId:
    """A new activity's identifier."""
    return ActivityId(f"act_{uuid7().hex}")


def new_employment_id() -> EmploymentId:
    """The identifier of somebody's working for a body."""
    return EmploymentId(f"emp_{uuid7().hex}")


def new_proposal_id() -> ProposalId:
    """The identifier of service that somebody says they did."""
    return ProposalId(f"pro_{uuid7().hex}")


def new_invitation_id() -> InvitationId:
    """The identifier of an organisation's invitation to register."""
    return InvitationId(f"inv_{uuid7().hex}")


def new_team_id() -> TeamId:
    """A new team's identifier."""
    return TeamId(f"tea_{uuid7().hex}")


def new_shift_id() -> ShiftId:
    """The identifier of a shift in a team's rota."""
    return ShiftId(f"shf_{uuid7().hex}")


def new_merge_id() -> MergeId:
    """The identifier of a proposal to merge two registrations."""
    return MergeId(f"mrg_{uuid7().hex}")


def new_entry_id() -> str:
    """What one entry of attendance is known by, where nobody made it an identifier before."""
    return uuid7().hex


def new_volunteer_number() -> VolunteerNumber:
    """A candidate for a volunteer's number: eleven random digits and a check digit.

    Random, so that a number tells neither when its bearer joined nor what their neighbour's number is.
    """
    digits = f"{secrets.randbelow(9 * 10**10) + 10**10}"
    return VolunteerNumber(digits + check_digit(digits))


def check_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B (Luhn): it catches every single mistyped digit."""
    doubled = "".join(str(2 * int(digit)) for digit in digits[-1::-2])
    return str(-sum(map(int, doubled + digits[-2::-2])) % 10)


def is_volunteer_number(text: str) -> bool:
    """Whether the text could be a volunteer's number: twelve digits, the last of them the check digit."""
    return len(text) == 12 and text.isascii() and text.isdigit() and check_digit(text[:-1]) == text[-1]


LONGEST_NUMBER = 100


def as_number(text: str) -> str:
    """A volunteer's number in its one spelling, however people write it; any other text as it is.

    Blanks and hyphens only part it, and full-width digits are digits. Nobody writes one in more than 100 characters.
    """
    if len(text) > LONGEST_NUMBER:
        return text
    number = normal(text).replace(" ", "").replace("-", "")
    return number if is_volunteer_number(number) else text


def number_tag(number: VolunteerNumber) -> str:
    """The tag of whoever bears this number."""
    return f"number:{number}"


def code_tag(code: OfficialCode) -> str:
    """The tag of whichever organisation bears this official code."""
    return f"code:{code}"


def redemption_tag(code_hash: CodeHash) -> RedemptionTag:
    """The tag of what is reserved under a redemption code."""
    return RedemptionTag(f"redemption:{code_hash}")


def day_tag(volunteer_id: VolunteerId, day: date) -> str:
    """The tag of what one volunteer did on one local day."""
    return f"{volunteer_id}@{day.isoformat()}"


TAG_OF: Mapping[Any, Callable[[Any], str]] = {
    VolunteerNumber: number_tag,
    OfficialCode: code_tag,
    CodeHash: redemption_tag,
    **dict.fromkeys(
        (
            VolunteerId,
            OrganisationId,
            MembershipId,
            RecordId,
            AppointmentId,
            ProxyId,
            KeyId,
            RewardId,
            RedemptionId,
            FundId,
            TransferId,
            NodeId,
            ActivityId,
            EmploymentId,
            ProposalId,
            InvitationId,
            TeamId,
            ShiftId,
            MergeId,
        ),
        str,
    ),
}
"""Every kind of identifier that tags the facts it is in, and how: a field of such a type is found by it."""

KINDS: Mapping[str, Any] = {
    "vol": VolunteerId,
    "org": OrganisationId,
    "mem": MembershipId,
    "rec": RecordId,
    "app": AppointmentId,
    "prx": ProxyId,
    "key": KeyId,
    "rew": RewardId,
    "red": RedemptionId,
    "fnd": FundId,
    "trf": TransferId,
    "nod": NodeId,
    "act": ActivityId,
    "emp": EmploymentId,
    "pro": ProposalId,
    "inv": InvitationId,
    "tea": TeamId,
    "shf": ShiftId,
    "mrg": MergeId,
}
"""The kinds of identifiers that are tags themselves, by what they begin with."""

BEGINNINGS: Mapping[str, Any] = {
    **{f"{prefix}_": kind for prefix, kind in KINDS.items()},
    "number:": VolunteerNumber,
    "code:": OfficialCode,
    "redemption:": RedemptionTag,
}
"""What tags begin with, and what they are made of."""
