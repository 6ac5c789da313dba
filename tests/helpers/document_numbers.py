"""Document numbers of invented people, as many as a test needs."""

from datetime import date, timedelta

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999 prints them, and the check characters that belong to the remainders."""


def document_number(n: int) -> str:
    """The n-th: of somebody who was born n days after 1940 began."""
    known = f"420102{date(1940, 1, 1) + timedelta(days=n):%Y%m%d}002"
    remainder = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, known, strict=True)) % 11
    return known + "10X98765432"[remainder]
