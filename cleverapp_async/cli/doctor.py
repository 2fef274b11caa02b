"""``cleverapp doctor``: whether everything is there that a call needs."""

from __future__ import annotations

import click

from .shared_options import Connection, connection_options

__all__ = ["doctor"]


@click.command(epilog="Exit codes: 0 nothing failed; 1 something did; 130 interrupted.")
@connection_options
@click.pass_context
def doctor(
    context: click.Context, *, token_file: str | None, base_url: str | None, attempt_timeout: float
) -> None:
    """Check what a call needs, one line each, with a remedy.

    It looks at Python and the packages, at the settings and where they come from, at DNS, TCP and
    TLS, asks getMe whether the token is taken, and compares this machine's clock with the
    server's. Of the token only its length is shown.
    """
    from click.core import ParameterSource

    from .examination import run_doctor

    told = {
        ParameterSource.COMMANDLINE: "--base-url",
        ParameterSource.ENVIRONMENT: "CLEVERAPP_BASE_URL",
    }
    given = context.get_parameter_source("base_url") or ParameterSource.DEFAULT
    source = told.get(given, "the default")
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout)
    context.exit(run_doctor(connection, source, token_file))
