"""`timebank demo`: serve a world to try the time bank on."""

import os

import rich_click as click

from timebank.cli.common import cli, console, echo_json, progress_bar, settings_with
from timebank.cli.serve import held_database
from timebank.demo import Credentials, Demo, give_credentials, known_world, make_world
from timebank.runtime import logs
from timebank.runtime.composition import Services, running_services
from timebank.runtime.server import serve_http


@cli.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one (8000).")
@click.option("--json", "as_json", is_flag=True, help="When ready, print one line of JSON instead of text.")
def demo(host: str | None, port: int | None, as_json: bool) -> None:
    """Load a believable world, serve it, and print how to try it. It lives in a home of its own (~/.timebank-demo)."""
    os.environ.setdefault("TIMEBANK_LOG_LEVEL", "warning")
    os.environ.setdefault("TIMEBANK_HOME", "~/.timebank-demo")
    os.environ.setdefault("TIMEBANK_SECOND_FACTOR_GRACE_DAYS", "0")
    os.environ.setdefault("TIMEBANK_PHONE_CODES", "console")
    os.environ["TIMEBANK_DEMO"] = "true"
    settings = settings_with(host=host, port=port)
    logs.configure(settings.log_level, settings.log_format)

    async def prepare(_: str) -> tuple[Demo, Credentials]:
        async with running_services(settings) as services:
            world = await known_world(services) or await _new_world(services)
            return world, await give_credentials(services, world)

    with held_database(settings, prepare) as (world, credentials):
        serve_http(settings, lambda url: _show_demo(url, world, credentials, as_json=as_json))


async def _new_world(services: Services) -> Demo:
    if not console.is_terminal:  # where no progress shows
        click.echo("Loading the demo world, once; it is ready when its address is printed.", err=True)
    with progress_bar("Loading the demo world") as progress:
        return await make_world(services, progress)


def _show_demo(url: str, world: Demo, credentials: Credentials, *, as_json: bool) -> None:
    if as_json:
        echo_json(
            {
                "url": url,
                "bank_id": str(world.bank_id),
                "numbers": credentials.numbers,
                "password": credentials.password,
                "api_key": credentials.api_key,
                "organisation_id": world.organisation,
                "volunteer_id": world.volunteer,
            }
        )
        return
    click.echo(
        f"\nThe demo world is served at {url}; open it in a browser. The API page is {url}/schema. Stop it with Ctrl-C."
    )
    click.echo("To try it, paste this into another terminal and follow the walk-through in README.md:\n")
    click.echo(f"export URL={url} BANK_ID={world.bank_id} PASSWORD={credentials.password}")
    for name, number in credentials.numbers.items():
        click.echo(f"export {name.upper()}_NUMBER={number}")
    click.echo(f"export ORGANISATION={credentials.api_key}")
    click.echo(f"export ORGANISATION_ID={world.organisation} VOLUNTEER_ID={world.volunteer}\n")
