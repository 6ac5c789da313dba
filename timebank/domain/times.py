"""Which points in time can be meant at all, and which terms."""

from datetime import UTC, date, datetime

from timebank.domain.refusals import TermEndsBeforeItStarts, UnbelievableTime

_FIRST = datetime(1949, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def must_be_believable(**moments: datetime | None) -> None:
    """Refuse, by name, points in time that no service was ever at, and that calendars have no neighbours for."""
    for field, moment in moments.items():
        if moment is None or _FIRST.year < moment.year < _LAST.year - 1:
            continue  # whatever its offset is
        if not _FIRST <= moment < _LAST:
            raise UnbelievableTime(field=field)


def must_be_a_term(valid_from: date | None, valid_until: date | None) -> None:
    """Refuse a term that ends before it starts."""
    if valid_from and valid_until and valid_until < valid_from:
        raise TermEndsBeforeItStarts
