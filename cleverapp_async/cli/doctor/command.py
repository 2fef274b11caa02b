"""``cleverapp doctor``: whether everything is there that a call needs."""

from __future__ import annotations

import click
from attrs import define, field
from click.core import ParameterSource

from ..errors import Exit, exit_codes
from ..shared_options import Connection, KeptLimits, connection_options
from ..signals import run_interruptibly
from .checks import (
    Address,
    Finding,
    Resolve,
    Settings,
    check_account,
    check_address,
    check_connection,
    check_name,
    check_packages,
    check_python,
    check_token,
    resolve,
    warn,
)

__all__ = ["Examination", "doctor"]


@click.command(epilog=exit_codes("no check failed, warnings aside", failed="a check failed"))
@connection_options
@click.pass_context
def doctor(
    context: click.Context,
    *,
    token_file: str | None,
    base_url: str | None,
    attempt_timeout: float,
    kept_limits: KeptLimits,
) -> None:
    """Check token, network and settings, and name remedies.

    Each check is a line. It checks Python and the packages, the settings and their sources, DNS,
    TCP and TLS, calls
    getMe to see whether the token is accepted, and compares this machine's clock with the
    server's. Of the token it shows only the length.
    """
    told = {
        ParameterSource.COMMANDLINE: "--base-url",
        ParameterSource.ENVIRONMENT: "CLEVERAPP_BASE_URL",
    }
    given = context.get_parameter_source("base_url") or ParameterSource.DEFAULT
    source = told.get(given, "the default")
    connection = Connection(base_url=base_url, attempt_timeout=attempt_timeout, limits=kept_limits)
    examination = Examination(connection)
    token, url = check_token(token_file), check_address(connection, source)
    examination.tell(check_python(), check_packages(), token.finding, url.finding)
    run_interruptibly(lambda: examination.of_network(token, url))
    context.exit(Exit.FAILED if examination.failed else Exit.OK)


@define
class Examination:
    """Shows findings as they come, and remembers whether one was bad.

    Attributes:
        connection: How the API is reached.
        resolve: What resolves the host's name.
    """

    connection: Connection
    resolve: Resolve = resolve
    failed: bool = field(init=False, default=False)

    def tell(self, *findings: Finding) -> bool:
        """Show them; whether none of them is bad."""
        bad = False
        for finding in findings:
            finding.show()
            bad = bad or finding.level == "FAIL"
        self.failed = self.failed or bad
        return not bad

    async def of_network(self, token: Settings, url: Settings) -> None:
        """The checks that need the network, each only if those before it went well."""
        if url.value is None:
            self.skip("network", "the base URL cannot be used")
            return
        address = Address.of(url.value)
        reached = self.tell(await check_name(address, self.resolve)) and self.tell(
            *await check_connection(address)
        )
        if not reached:
            self.skip("account", "the server cannot be reached")
        elif token.value is None:
            self.skip("account", "there is no token that could work")
        else:
            async with self.connection.client(token.value) as client:
                self.tell(*await check_account(client))

    def skip(self, about: str, why: str) -> None:
        """Say that a check was not made."""
        self.tell(warn(about, f"not checked, as {why}", "Solve that problem first."))
