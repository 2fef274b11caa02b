"""What ``cleverapp doctor`` does: one check after the other, each as far as it can go."""

from __future__ import annotations

import click
from attrs import define, field

from .check_account import check_account
from .check_install import check_packages, check_python
from .check_network import Address, Resolve, check_connection, check_name, resolve
from .check_settings import Settings, check_address, check_token
from .connection import Connection
from .exits import Exit
from .finding import Finding, warn
from .signals import run_interruptibly

__all__ = ["Examination", "run_doctor"]


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
        self.tell(warn(about, f"not checked: {why}", "Mend that first."))


def run_doctor(connection: Connection, source: str, token_file: str | None) -> Exit:
    """Carry out ``cleverapp doctor``.

    Args:
        connection: How the API is reached.
        source: Where the base URL comes from, in words.
        token_file: The file that holds the token; None: the environment does.
    """
    examination = Examination(connection)
    token, url = check_token(token_file), check_address(connection, source)
    examination.tell(check_python(), check_packages(), token.finding, url.finding)
    try:
        run_interruptibly(lambda: examination.of_network(token, url))
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        return Exit.INTERRUPTED
    return Exit.FAILED if examination.failed else Exit.OK
