"""`timebank openapi`: the description of the API, for generators of clients."""

import os

import rich_click as click

from timebank.api.app import create_app
from timebank.api.http.describing.document import document
from timebank.cli.common import cli
from timebank.runtime.settings import from_environ


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document of the API, as /schema/openapi.json serves it; no service need run."""
    click.echo(document(create_app(from_environ(os.environ))))
