"""What each form carries, so that it does what it said when it was opened, and comes from a page of ours."""

import secrets
from collections.abc import Iterator

from timebank.web.http import crumbs
from timebank.web.http.visitors import Visitor


class ForeignForm(Exception):  # noqa: N818  # it is answered with a page, and no error of ours
    """A form that this browser was not given: from another site, or from before one signed in or out."""


class FormOfAnotherAccount(Exception):  # noqa: N818
    """A form that was opened for another account than they act for now; it says what to do."""


def token(visitor: Visitor) -> str:
    """What each form of theirs carries, and no other site knows: their browser's secret, hashed with our key.

    With their session, once there is one: another site of the same domain can give a browser a secret of its own.
    And with whom they act for: what is opened for one account acts on no other.
    """
    return visitor.services.people.keyring.current.index("form", _secret(visitor, _now(visitor)))


def must_be_own(visitor: Visitor, *, for_anybody: bool) -> None:
    """Refuse a form that their browser was not given, or was given for another account than they act for now.

    What a form does `for_anybody` alike may come from either. Raises `ForeignForm`, or `FormOfAnotherAccount`.
    """
    if visitor.request.headers.get("sec-fetch-site") in ("same-site", "cross-site"):
        raise ForeignForm
    if _carries(visitor, _now(visitor)):
        return
    meant = next((each for each in _others(visitor) if _carries(visitor, each)), None)
    if meant is None:
        raise ForeignForm
    if not for_anybody:
        raise FormOfAnotherAccount(_opened_for(visitor, meant))


def _now(visitor: Visitor) -> str:
    """Whom they act for now; themselves is nobody else."""
    return str(visitor.acts_for["volunteer_id"]) if visitor.acts_for else ""


def _others(visitor: Visitor) -> Iterator[str]:
    """Whom they could have acted for when they opened it."""
    yield ""
    yield from (str(each["volunteer_id"]) for each in (visitor.me or {}).get("acts_for", ()))


def _carries(visitor: Visitor, for_whom: str) -> bool:
    said = visitor.form.said("csrf").encode()
    is_known = visitor.cookies.get(crumbs.BROWSER)
    known = visitor.services.people.keyring.indexes("form", _secret(visitor, for_whom)) if is_known else []
    return any(secrets.compare_digest(each.encode(), said) for each in known)


def _secret(visitor: Visitor, for_whom: str) -> str:
    secret = visitor.cookies[crumbs.BROWSER]
    return f"{secret} {visitor.principal.credential} {for_whom}" if visitor.principal else secret


def _opened_for(visitor: Visitor, meant: str) -> str:
    before, now = (_called(visitor, each) for each in (meant, _now(visitor)))
    return visitor.say(
        "This page was opened for {before}, and now you act for {now}. Nothing was done. "
        "Choose for whom you act, open the page again, and do it there.",
        before=before,
        now=now,
    )


def _called(visitor: Visitor, volunteer_id: str) -> str:
    if not volunteer_id:
        return visitor.say("your own account")
    found = next(each for each in (visitor.me or {})["acts_for"] if each["volunteer_id"] == volunteer_id)
    return str(found.get("volunteer_name") or found["volunteer_number"])
