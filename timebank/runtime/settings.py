"""Settings: one frozen Struct, read once from `TIMEBANK_…` variables by whoever starts the program."""

from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from timebank.identity.limits.throttle import plain_network
from timebank.identity.oidc import is_safe_provider
from timebank.proofs.cosigners import Cosigner
from timebank.proofs.notes import COSIGNATURE, NoteError, VerifierKey

PREFIX = "TIMEBANK_"
FOR_TESTS = frozenset({"TIMEBANK_TEST_DATABASE_URL", "TIMEBANK_TEST_BROWSER"})

MOST_WORKERS = 256
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
"""With so many there is no limit; more is a slip of the hand."""

Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
SecurityLogDays = Annotated[int, msgspec.Meta(ge=30, le=36_500)]
"""The database keeps thirty, whatever is set (`sweep_security_log`)."""


class SettingsError(ValueError):
    """A variable is misspelt or has a value that cannot be; the message names it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set from outside. Every field is the variable of the same name in capitals, after `TIMEBANK_`."""

    database_url: str | None = None
    """The PostgreSQL 18 to use, as `postgresql://user:password@host/name`; without it an embedded one is started."""

    home: str = "~/.timebank"
    """The folder of the embedded PostgreSQL's data, and of the key file unless that is set."""

    key_file: str | None = None
    """The file of the keys that seal personal data and sign tokens; made if missing (keys.json in the home)."""

    signing_key_file: str | None = None
    """The file of the keys that sign the log's checkpoints; made if missing (signing.json beside the key file)."""

    checkpoint_seconds: Annotated[float, msgspec.Meta(ge=0.01, le=3600)] = 10.0
    """How many seconds pass, where the log grew, from one signed checkpoint to the next."""

    witnesses: str = ""
    """Who cosigns our checkpoints: by commas, each a C2SP verifier key, a blank and an address; none by default."""

    witnessed_logs: str = ""
    """Verifier keys, by commas, of other logs whose checkpoints are cosigned here; none by default."""

    host: str = "127.0.0.1"
    """The address the service listens on."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8000
    """The port the service listens on."""

    public_url: str | None = None
    """Where people reach the service, for the links it gives out, and the name it signs tokens by (host and port)."""

    trusted_proxies: str = ""
    """Addresses or networks, by commas, of the reverse proxies whose X-Forwarded-For is believed; none by default."""

    rate_per_address: Count = 6_000
    """How many requests a minute each process serves to one address; four times so many to an IPv6 /48."""

    rate_per_principal: Count = 6_000
    """How many requests a minute each process serves to one volunteer, or one API key; a batch counts as its rows."""

    rows_per_minute: Count = 20_000
    """How many rows of lists a minute one volunteer, or one API key, may import over HTTP; so many a list may have."""

    connections_per_address: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 256
    """How many connections to each process one address may hold open; those of trusted proxies are not counted."""

    facts_per_day: Count = 500
    """How many facts a day one volunteer may cause in their own matters; nobody needs so many."""

    idempotency_days: Days = 7
    """How many days a request can be repeated with its Idempotency-Key; later it is taken for a new one."""

    security_log_days: SecurityLogDays = 730
    """How many days entries of the security log are kept; the last thirty stay in any case."""

    cors_origins: str = ""
    """Origins, by commas, of the web pages elsewhere that may call the API from browsers; none by default."""

    oidc_issuer: str | None = None
    """The OpenID provider by which people may sign in (needs the extra `oidc`); it must offer discovery."""

    oidc_client_id: str = ""
    """Under which name the provider knows this service."""

    oidc_client_secret: str = ""
    """The secret that goes with it, if the provider gave one."""

    second_factor_grace_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    """So many days after appointment (or upgrade) administrators need a second factor; with 0 they need none."""

    phone_codes: Literal["file", "console", "http", "none"] = "file"
    """How codes go to phones: to a `file` (phone-codes.txt in the home), the `console`, by `http`, or not (`none`)."""

    phone_hook_url: str | None = None
    """Where codes are posted to with `http`: the gateway that sends messages, an https address."""

    phone_hook_secret: str = ""
    """The secret that goes with them, as a bearer token."""

    demo: bool = False
    """Whether the front page lets anybody in as people of the demo world: of `timebank demo`, and of nothing else."""

    metrics_token: Annotated[str, msgspec.Meta(pattern=r"^([!-~]{16,})?$")] = ""
    """The bearer token, of 16 characters at least, with which /metrics is read; without one there are no metrics."""

    workers: Annotated[int, msgspec.Meta(ge=1, le=MOST_WORKERS)] = 1
    """How many processes serve HTTP."""

    pool_size: Annotated[int, msgspec.Meta(ge=4, le=1_000)] = 10
    """How many connections to PostgreSQL each process may use; four at least."""

    require_standby: bool = False
    """Whether nothing is written while the standby that commits wait for (synchronous_standby_names) is away."""

    queue_limit: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 10_000
    """How many commands may wait in a process before it answers 429."""

    memories_limit: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 100_000
    """How many memories of a bank a process keeps ready."""

    project: bool = True
    """Whether the service itself moves projections on and does the upkeep; else `timebank project` must, beside it."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious messages that are logged."""

    log_format: Literal["json", "console"] = "json"
    """One JSON object a line, or lines for people."""

    @property
    def keys(self) -> Path:
        """The key file."""
        return Path(self.key_file or Path(self.home) / "keys.json").expanduser().absolute()

    @property
    def signing_keys(self) -> Path:
        """The file of the signing keys."""
        named = self.signing_key_file
        return Path(named).expanduser().absolute() if named else self.keys.with_name("signing.json")

    @property
    def erased(self) -> Path:
        """The list of who was erased, beside the keys."""
        return self.keys.with_name("erased.txt")

    @property
    def cosigners(self) -> list[Cosigner]:
        """The witnesses in `witnesses`. Raises `SettingsError` for what is none."""
        return [self._cosigner(each.split()) for each in self.witnesses.split(",") if each.strip()]

    def _cosigner(self, words: list[str]) -> Cosigner:
        try:
            key, url = words
            found = Cosigner(VerifierKey.parse(key), url)
        except ValueError as error:
            msg = f"{PREFIX}WITNESSES: {' '.join(words)}: a verifier key, a blank and an address; {error}"
            raise SettingsError(msg) from None
        if found.key.kind != COSIGNATURE or not url.startswith(("https://", "http://")):
            msg = f"{PREFIX}WITNESSES: {' '.join(words)} is no key of a witness with an address"
            raise SettingsError(msg)
        return found

    @property
    def logs(self) -> list[VerifierKey]:
        """The keys in `witnessed_logs`. Raises `SettingsError` for what is none."""
        try:
            return [VerifierKey.parse(each) for each in self.witnessed_logs.split(",") if each.strip()]
        except NoteError as error:
            msg = f"{PREFIX}WITNESSED_LOGS: {error}"
            raise SettingsError(msg) from None

    @property
    def issuer(self) -> str:
        """Who signs access tokens: where people reach the service."""
        return (self.public_url or url_of(self.host, self.port)).rstrip("/")

    @property
    def origins(self) -> list[str]:
        """The origins in `cors_origins`."""
        return [each.strip() for each in self.cors_origins.split(",") if each.strip()]

    @property
    def proxies(self) -> list[IPv4Network | IPv6Network]:
        """The networks in `trusted_proxies`. Raises `SettingsError` for what is none."""
        try:
            return [plain_network(each.strip()) for each in self.trusted_proxies.split(",") if each.strip()]
        except ValueError as error:
            msg = f"{PREFIX}TRUSTED_PROXIES: {error}"
            raise SettingsError(msg) from None

    @property
    def provider(self) -> str | None:
        """The issuer in `oidc_issuer`. Raises `SettingsError` if people cannot sign in by it."""
        if not self.oidc_issuer:
            return None
        wrong = None
        if not is_safe_provider(self.oidc_issuer, self.oidc_issuer):
            wrong = f"{PREFIX}OIDC_ISSUER={self.oidc_issuer!r} cannot be: it has to be an https address"
        elif not self.oidc_client_id:
            wrong = f"{PREFIX}OIDC_ISSUER needs {PREFIX}OIDC_CLIENT_ID beside it"
        elif find_spec("authlib") is None:
            wrong = f"{PREFIX}OIDC_ISSUER needs the extra oidc: install timebank[oidc]"
        if wrong:
            raise SettingsError(wrong)
        return self.oidc_issuer

    @property
    def phone_hook(self) -> str | None:
        """The address in `phone_hook_url`, if codes are posted. Raises `SettingsError` if they cannot be."""
        if self.phone_codes != "http":
            return None
        if not self.phone_hook_url or not is_safe_provider(self.phone_hook_url, self.phone_hook_url):
            msg = f"{PREFIX}PHONE_CODES=http needs an https address in {PREFIX}PHONE_HOOK_URL"
            raise SettingsError(msg)
        return self.phone_hook_url

    @property
    def phone_file(self) -> Path:
        """The file that codes are written to."""
        return Path(self.home).expanduser().absolute() / "phone-codes.txt"

    @property
    def folder(self) -> Path:
        """The folder of the embedded PostgreSQL."""
        return Path(self.home).expanduser().absolute() / "postgres"


def url_of(host: str, port: int) -> str:
    """Where this machine reaches a server that listens on an address, of either family, or on all there are."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def from_environ(environ: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises `SettingsError`, naming the variable."""
    own = {key: value for key, value in environ.items() if key.startswith(PREFIX) and key not in FOR_TESTS}
    given = {key.removeprefix(PREFIX).lower(): value for key, value in own.items()}
    _must_be_known(given)
    _must_be_valid(given)
    settings = msgspec.convert(given, Settings, strict=False)
    settings.proxies, settings.provider, settings.cosigners, settings.logs, settings.phone_hook  # noqa: B018  # what cannot be is said now, not with the first request
    return settings


def _must_be_known(given: Mapping[str, str]) -> None:
    """Refuse settings that there are none of: whoever misspells one would believe that it holds."""
    unknown = given.keys() - set(Settings.__struct_fields__)
    if unknown:
        names = ", ".join(sorted(PREFIX + name.upper() for name in unknown))
        possible = ", ".join(PREFIX + name.upper() for name in Settings.__struct_fields__)
        msg = f"there is no setting {names}; there are {possible}"
        raise SettingsError(msg)


def _must_be_valid(given: Mapping[str, str]) -> None:
    """Refuse values that are not of their setting's type, each by itself, so that the right one is named."""
    for name, value in given.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            msg = f"{PREFIX}{name.upper()}={value!r} cannot be: {str(error).partition(' - at')[0]}"
            raise SettingsError(msg) from None
