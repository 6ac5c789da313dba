"""Settings: one frozen Struct, read once from `TIMEBANK_…` variables by whoever starts the program."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

PREFIX = "TIMEBANK_"
FOR_TESTS = frozenset({"TIMEBANK_TEST_DATABASE_URL"})

Count = Annotated[int, msgspec.Meta(ge=1)]


class SettingsError(ValueError):
    """A variable is misspelt or has a value that cannot be; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set from outside. Every field is the variable of the same name in capitals, after `TIMEBANK_`."""

    database_url: str | None = None
    """The PostgreSQL 18 to use, as `postgresql://user:password@host/name`; without it an embedded one is started."""

    home: str = "~/.timebank"
    """The folder of the embedded PostgreSQL's data."""

    host: str = "127.0.0.1"
    """The address the service listens on."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8000
    """The port the service listens on."""

    workers: Count = 1
    """How many processes serve HTTP."""

    pool_size: Annotated[int, msgspec.Meta(ge=4)] = 10
    """How many connections to PostgreSQL each process may use; four at least."""

    queue_limit: Count = 10_000
    """How many commands may wait in a process before it answers 429."""

    memories_limit: Count = 100_000
    """How many memories of a bank a process keeps ready."""

    project: bool = True
    """Whether the service itself moves the projections on; if not, `timebank project` has to run beside it."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious messages that are logged."""

    log_format: Literal["json", "console"] = "json"
    """One JSON object a line, or lines for people."""

    @property
    def folder(self) -> Path:
        """The folder of the embedded PostgreSQL."""
        return Path(self.home).expanduser().absolute() / "postgres"


def from_environ(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises `SettingsError`, naming the variable."""
    own = {key: value for key, value in environ.items() if key.startswith(PREFIX) and key not in FOR_TESTS}
    given = {key.removeprefix(PREFIX).lower(): value for key, value in own.items()}
    unknown = given.keys() - set(Settings.__struct_fields__)
    if unknown:
        names = ", ".join(sorted(PREFIX + name.upper() for name in unknown))
        possible = ", ".join(PREFIX + name.upper() for name in Settings.__struct_fields__)
        msg = f"there is no setting {names}; there are {possible}"
        raise SettingsError(msg)
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            msg = f"{PREFIX}{name.upper()}={value!r} cannot be: {str(error).partition(' - at')[0]}"
            raise SettingsError(msg) from None
    return msgspec.convert(given, Settings, strict=False)
