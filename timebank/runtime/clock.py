"""The clock. The domain has none: times are handed down to it from here."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # here is where the clock comes from
