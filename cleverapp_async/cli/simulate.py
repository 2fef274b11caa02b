"""``cleverapp simulate``: the API on this machine, its inbox, and a referee at the end."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click
from attrs import frozen

from . import params
from .errors import BadInputError, Exit, exit_codes
from .shared_options import (
    TOKEN_VARIABLE,
    Options,
    file_names,
    given_by_hand,
    scale_option,
    window_option,
)
from .text import counted, did_you_mean

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rich.console import Console

    from ..simulator import Fault, Inbox, SeedData, Simulator, Verdict
    from .signals import Interrupts

__all__ = [
    "FAULTS",
    "INBOX_HELP",
    "InboxSettings",
    "cannot_listen",
    "inbox_options",
    "make_seed",
    "read_fault",
    "serve_inbox",
    "show_verdict",
    "simulate",
]

_HOST = "127.0.0.1"
_PORT = 8081
_KEEP = 10_000
INBOX_HELP = "Serve a page with the messages that arrive."

inbox_options: Options = Options(
    click.option(
        "--inbox/--no-inbox",
        default=True,
        show_default=True,
        help=INBOX_HELP,
    ),
    click.option(
        "--inbox-host",
        default=_HOST,
        show_default=True,
        metavar="HOST",
        help="Address of the page. It has no password: whoever reaches it reads and sets all.",
    ),
    click.option(
        "--inbox-port",
        type=params.whole(0, 65_535),
        metavar="PORT",
        show_default=f"{_PORT}, or a free one",
        help="Port of the page; 0 takes a free one.",
    ),
    click.option(
        "--inbox-name",
        "inbox_names",
        multiple=True,
        metavar="NAME",
        help="Further name that the page is opened by, such as that of a container. Repeatable.",
    ),
    click.option(
        "--inbox-keep",
        type=params.whole(1, 1_000_000),
        default=_KEEP,
        show_default=True,
        metavar="N",
        help="How many messages are kept, the newest.",
    ),
)
"""``--inbox``, ``--inbox-host``, ``--inbox-port``, ``--inbox-name`` and ``--inbox-keep``."""


@frozen
class InboxSettings:
    """Where the inbox is served.

    Attributes:
        host: The address that is listened on.
        port: The port; None: the usual one, or a free one where that is taken.
        names: Further names that the page is opened by.
        keep: How many messages are kept.
    """

    host: str = _HOST
    port: int | None = None
    names: tuple[str, ...] = ()
    keep: int = _KEEP


@asynccontextmanager
async def serve_inbox(simulator: Simulator, settings: InboxSettings) -> AsyncGenerator[Inbox]:
    """Serve a simulator's inbox inside the ``async with`` block.

    Args:
        simulator: The simulator.
        settings: Where.

    Raises:
        BadInputError: The port is taken, or the address is not one of this machine.
    """
    inbox = _make(simulator, settings, _PORT if settings.port is None else settings.port)
    try:
        await inbox.start()
    except OSError as error:
        if settings.port is not None or not _is_taken(error):
            raise cannot_listen(inbox.host, inbox.port, error, "inbox-") from None
        inbox = _make(simulator, settings, 0)
        await inbox.start()
    try:
        yield inbox
    finally:
        await inbox.close()


def _make(simulator: Simulator, settings: InboxSettings, port: int) -> Inbox:
    from ..simulator import Inbox

    return Inbox(simulator, host=settings.host, port=port, names=settings.names, keep=settings.keep)


def _is_taken(error: OSError) -> bool:
    import errno

    return error.errno == errno.EADDRINUSE


def cannot_listen(host: str, port: int, error: OSError, prefix: str = "") -> BadInputError:
    """Tell why an address cannot be listened on, with the option that is to blame.

    Args:
        host: The address.
        port: The port.
        error: What the system said.
        prefix: What the names of the options begin with.
    """
    import errno
    import os
    import socket

    # The event loop's own text names all addresses that it tried.
    unknown_name = isinstance(error, socket.gaierror)
    told = os.strerror(error.errno) if error.errno and not unknown_name else error.strerror
    if unknown_name or error.errno in {
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.EINVAL,
    }:
        return BadInputError(
            f"--{prefix}host {host} is no address of this machine ({told}). Give one of its "
            "addresses, such as 127.0.0.1, or 0.0.0.0 for all."
        )
    return BadInputError(
        f"--{prefix}port {port} of {host} cannot be listened on ({told}). Choose another port; 0 "
        "takes a free one."
    )


_TOKEN = "simulator-token"  # noqa: S105 - known to all, the simulator's own
FAULTS = (
    "reset-before",
    "reset-after",
    "hang",
    "slow-body",
    "truncated-body",
    "malformed",
    "too-many",
    "html",
    "server-error",
    "redirect",
)
"""The faults that need nothing but a probability, as the simulator's constructors are called."""


@click.command(
    epilog=f"Faults: {', '.join(FAULTS)}. The accepted token is that of {TOKEN_VARIABLE}, or "
    f"{_TOKEN}. "
    + exit_codes(
        "it was stopped, by Ctrl-C or another signal",
        usage="the command cannot be used, or the port is taken",
        interrupted="it was interrupted before it served",
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=params.whole(0, 65_535),
    metavar="PORT",
    default=8080,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@window_option
@click.option(
    "--latency",
    default="none",
    show_default=True,
    type=params.LATENCY,
    metavar="DELAY",
    help="Delay of each request and of each answer: 50ms, 20ms-80ms or lognormal:50ms:1.0.",
)
@scale_option()
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME=PROBABILITY",
    help="Fault and its probability, such as reset-after=0.01. Repeatable.",
)
@click.option(
    "--contacts",
    type=params.whole(0),
    metavar="N",
    help="Generate N contacts of three bots, with tags, variables, accounts and lists.",
)
@click.option(
    "--seed-file",
    shell_complete=file_names,
    metavar="FILE",
    help="JSON file with the bots and contacts to begin with; docs/simulator.md describes it.",
)
@click.option(
    "--seed",
    type=params.SEED,
    default=0,
    show_default=True,
    metavar="N",
    help="Seed of random latencies, faults and generated contacts.",
)
@inbox_options
@click.pass_context
def simulate(
    context: click.Context,
    *,
    host: str,
    port: int,
    window: str,
    latency: str,
    scale: float,
    faults: tuple[str, ...],
    contacts: int | None,
    seed_file: str | None,
    seed: int,
    inbox: bool,
    inbox_host: str,
    inbox_port: int | None,
    inbox_names: tuple[str, ...],
    inbox_keep: int,
) -> None:
    """Serve the API on this machine.

    It behaves as documented, limits included, and needs no account. A page shows each message that
    arrives, why it was refused, and how full its limit was; faults, latency and limits are set
    there, too. Ctrl-C stops it and shows the referee's verdict on the requests that arrived.
    Without --contacts and --seed-file every contact accepts messages, and the list of contacts is
    empty.
    """
    import asyncio
    import os

    from ..simulator import WINDOW_KINDS, Latency, SeedError, Simulator, SimulatorLimits
    from .console import make_console
    from .signals import Interrupts

    beside = ("inbox_host", "inbox_port", "inbox_names", "inbox_keep")
    if not inbox and (needless := given_by_hand(context, beside)) is not None:
        raise BadInputError(
            f"{needless} is of the page, which --no-inbox leaves out: give only one."
        )
    own = os.environ.get(TOKEN_VARIABLE, "").strip()
    seed_data = make_seed(contacts, seed_file, seed)
    try:
        simulator = Simulator(
            limits=SimulatorLimits().scaled(scale),
            window=next(kind for kind in WINDOW_KINDS if kind == window),
            latency=Latency.parse(latency),
            faults=[read_fault(text) for text in faults],
            seed_data=seed_data,
            host=host,
            port=port,
            seed=seed,
            api_token=own or _TOKEN,
        )
    except SeedError as error:
        raise BadInputError(f"--seed-file {seed_file}: {error}.") from None
    settings = InboxSettings(inbox_host, inbox_port, inbox_names, inbox_keep)
    with Interrupts() as interrupts:
        try:
            asyncio.run(
                _serve(
                    simulator,
                    settings if inbox else None,
                    interrupts,
                    _guide(window, latency, scale, own=bool(own)),
                )
            )
        except OSError as error:
            raise cannot_listen(host, port, error) from None
    show_verdict(make_console(stderr=False), simulator.referee())
    context.exit(Exit.OK)


def _guide(window: str, latency: str, scale: float, *, own: bool) -> str:
    """What is said at the start, with names in braces for what is known only then."""
    quick = "" if scale == 1 else f", their time {scale:g} times as fast"
    token = "" if own else "  export CLEVERAPP_API_TOKEN={token}\n"
    scaled = "" if scale == 1 else f" --scale {scale:g}"
    return (
        f"Simulating the CleverApp API: {window} windows, documented limits{quick}, "
        f"latency {latency}.\nPoint a client at it:\n\n"
        "  export CLEVERAPP_BASE_URL={base_url}\n"
        f"{token}"
        "  export CLEVERAPP_WEBHOOK_URL={webhook_url}\n\n"
        "A list to try it with comes from `cleverapp demo --list > recipients.csv`:\n\n"
        f'  cleverapp send recipients.csv --text "Hi, {{{{name}}}}!" --skip-bad-rows{scaled}\n\n'
        "{inbox}Ctrl-C stops it."
    )


async def _serve(
    simulator: Simulator, settings: InboxSettings | None, interrupts: Interrupts, guide: str
) -> None:
    import asyncio
    from contextlib import AsyncExitStack

    stop = asyncio.Event()
    # Outermost: Ctrl-C again, while it stops, breaks nothing off.
    with interrupts.passed_to(stop.set):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(simulator)
            told = ""
            if settings is not None:
                inbox = await stack.enter_async_context(serve_inbox(simulator, settings))
                told = f"See what arrives: {inbox.url}\n"
            click.echo(
                guide.format(
                    base_url=simulator.base_url,
                    webhook_url=simulator.webhook_url,
                    token=simulator.api_token,
                    inbox=told,
                )
            )
            await stop.wait()


def read_fault(text: str) -> Fault:
    """Read ``reset-after=0.01``.

    Raises:
        BadInputError: There is no such fault, or the probability is not valid.
    """
    from ..simulator import Fault

    name, _, written = (part.strip() for part in text.partition("="))
    if name not in FAULTS:
        near = did_you_mean(name, FAULTS)
        raise BadInputError(
            f"--fault {text}: there is no fault {name!r}.{near} There are {', '.join(FAULTS)}."
        )
    try:
        probability = params.read_number(written)
        make = getattr(Fault, name.replace("-", "_"))
        fault: Fault = make(probability=-1 if probability is None else probability)
    except ValueError:
        raise BadInputError(
            f"--fault {text}: write a probability from 0 to 1, such as {name}=0.01."
        ) from None
    return fault


def make_seed(contacts: int | None, seed_file: str | None, seed: int) -> SeedData | None:
    """What is there at the start; None: nothing in particular.

    Args:
        contacts: How many contacts are made up.
        seed_file: The file that names what is there.
        seed: Another number makes other contacts.

    Raises:
        BadInputError: Both are given, the file is not valid, or the number is too large.
    """
    from ..simulator import SeedError, generate, load_seed

    if seed_file is None:
        if contacts is None:
            return None
        try:
            return generate(contacts=contacts, seed=seed)
        except ValueError as error:
            raise BadInputError(f"--contacts: {error}.") from None
    if contacts is not None:
        raise BadInputError("--contacts and --seed-file exclude each other: give one of them.")
    try:
        return load_seed(seed_file)
    except SeedError as error:
        raise BadInputError(f"--seed-file {seed_file}: {error}.") from None
    except OSError as error:
        raise BadInputError(f"--seed-file {seed_file} cannot be read: {error.strerror}.") from None


def show_verdict(console: Console, verdict: Verdict) -> None:
    """What reached the server, the most in any window, and whether that was allowed."""
    from rich.padding import Padding
    from rich.text import Text

    from .console import make_table

    if not verdict.arrivals:
        console.print("The referee's verdict: no request arrived.")
        return
    table = make_table("seen by the server", ("arrived", "refused", "most in a window", "allowed"))
    for tally in (*verdict.keys, *verdict.account):
        name = f"{tally.messenger} of bot {tally.bot_id}"
        if tally.endpoint is None:
            name = "the whole account"
        elif tally.endpoint != "sendMessage":
            name += f" ({tally.endpoint})"
        allowed = "no limit"
        if tally.limit is not None and tally.period is not None:
            allowed = f"{tally.limit} in {tally.period:.4g} s"
        most = Text(str(tally.most), style="red" if tally.exceeded else "green")
        table.add_row(Text(name), str(tally.arrivals), str(tally.refusals), most, allowed)
    console.print(Padding(table, (1, 0, 1, 2), expand=False))
    for duplicate in verdict.duplicates:
        console.print(f"  {duplicate}")
    word, style = ("clean", "bold green") if verdict.clean else ("NOT clean", "bold red")
    console.print(
        Text.assemble(
            "The referee's verdict: ",
            (word, style),
            f". {counted(verdict.arrivals, 'request')} arrived: {verdict.deliveries} accepted, "
            f"{verdict.refusals} refused because of a limit, {len(verdict.duplicates)} accepted "
            "twice.",
        )
    )
