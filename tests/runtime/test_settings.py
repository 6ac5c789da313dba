from pathlib import Path

import msgspec
import pytest

from timebank.runtime.server import free_port
from timebank.runtime.settings import Settings, SettingsError, from_environ


def test_without_variables_there_are_defaults() -> None:
    """Nothing has to be set; variables of others are none of ours, and that of the tests is no setting."""
    assert from_environ({}) == Settings()
    assert from_environ({"PATH": "/bin", "TIMEBANK_TEST_DATABASE_URL": "x"}) == Settings()


def test_variables_are_read_in_their_types() -> None:
    """Numbers, booleans and words come from text."""
    settings = from_environ(
        {
            "TIMEBANK_DATABASE_URL": "postgresql://a@b/c",
            "TIMEBANK_PORT": "0",
            "TIMEBANK_WORKERS": "3",
            "TIMEBANK_PROJECT": "false",
            "TIMEBANK_LOG_FORMAT": "console",
        }
    )
    assert (settings.database_url, settings.port, settings.workers) == ("postgresql://a@b/c", 0, 3)
    assert (settings.project, settings.log_format) == (False, "console")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEBANK_PROT", "1"),
        ("TIMEBANK_", "1"),
        ("TIMEBANK_PORT", "65536"),
        ("TIMEBANK_PORT", "-1"),
        ("TIMEBANK_PORT", ""),
        ("TIMEBANK_PORT", "8000.5"),
        ("TIMEBANK_WORKERS", "0"),
        ("TIMEBANK_QUEUE_LIMIT", "many"),
        ("TIMEBANK_PROJECT", "maybe"),
        ("TIMEBANK_LOG_LEVEL", "INFO "),
    ],
)
def test_what_cannot_be_is_named(name: str, value: str) -> None:
    """A misspelt variable, or one with an impossible value, is an error that names it."""
    with pytest.raises(SettingsError, match=name):
        from_environ({name: value})


NUMBERS = [each for each in msgspec.structs.fields(Settings) if type(each.default) in (int, float)]


@pytest.mark.parametrize("field", NUMBERS, ids=lambda field: field.name)
def test_every_number_has_bounds(field: msgspec.structs.FieldInfo) -> None:
    """What nobody can mean is an error that names the variable, and what is the least or the most; that is allowed."""
    (bounds,) = field.type.__metadata__
    name = f"TIMEBANK_{field.name.upper()}"
    for value, bound in (("-1", bounds.ge), (f"{bounds.le + 1}", bounds.le), (f"{10**20}", bounds.le)):
        with pytest.raises(SettingsError, match=rf"^{name}='{value}' cannot be: .*[<>]= {bound}(\.0)?$"):
            from_environ({name: value})
    for value in (bounds.ge, bounds.le):
        assert getattr(from_environ({name: str(value)}), field.name) == value


def test_every_misspelt_variable_is_named() -> None:
    """Several are named together, beside those there are."""
    with pytest.raises(SettingsError, match=r"TIMEBANK_HOEM, TIMEBANK_PROT; .*TIMEBANK_HOME"):
        from_environ({"TIMEBANK_PROT": "1", "TIMEBANK_HOEM": "x"})


def test_the_folder_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder of embedded data does not depend on where the program goes later; ~ is the user's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    assert Settings(home="data").folder == tmp_path / "data" / "postgres"
    assert Settings().folder == Path("/somewhere/.timebank/postgres")


@pytest.mark.parametrize(
    ("host", "reached"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_addresses_of_both_families_are_listened_on(host: str, reached: str) -> None:
    """One of IPv6 stands in brackets in links; what means all addresses is reached at this machine's own."""
    assert free_port(host)
    assert Settings(host=host, port=80).issuer == f"http://{reached}:80"
