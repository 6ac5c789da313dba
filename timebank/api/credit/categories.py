"""The bank's own lists: which categories and activities there are, and were."""

from datetime import date

import msgspec
from litestar import Controller, get

from timebank.access.table import EVERYBODY
from timebank.api.http.positions import NEVER_BEHIND
from timebank.api.http.problems import READS
from timebank.api.http.requests import BankRequest
from timebank.domain.credit.categories import SEEDS_CATEGORIES, Sort, every_name
from timebank.projections.credit import policies


class ListedName(msgspec.Struct, frozen=True, kw_only=True):
    """A name on one of the lists.

    It holds for service from `since` on, until `until` (included; null: until further notice). `is_retired` says that
    nothing new is entered under it today.
    """

    name: str
    sort: Sort
    since: date
    until: date | None
    is_retired: bool


class Categories(msgspec.Struct, frozen=True, kw_only=True):
    """All names that ever were on the lists; where there never was a list, `suggested` is one to begin with."""

    names: list[ListedName]
    suggested: list[str]


class CategoryController(Controller):
    """`/v1/categories`"""

    path = "/categories"
    tags = ("Rule book",)
    opt = NEVER_BEHIND

    @get(responses=READS, access=EVERYBODY)
    async def list_categories(self, request: BankRequest) -> Categories:
        """Which categories and activities service can be entered under; those that were retired as well."""
        adopted = await policies.adopted(request.pool, request.bank_id)
        today = request.today
        names = [
            ListedName(**each._asdict(), is_retired=each.until is not None and each.until < today)
            for each in every_name({each.version: (each.effective_from, each.rules) for each in adopted})
        ]
        listed = any(each.sort == "category" for each in names)
        return Categories(names=names, suggested=[] if listed else list(SEEDS_CATEGORIES))
