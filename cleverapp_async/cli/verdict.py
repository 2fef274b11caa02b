"""The referee's findings as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from .screen import make_table

if TYPE_CHECKING:
    from rich.console import Console

    from ..simulator import Verdict

__all__ = ["show_verdict"]


def show_verdict(console: Console, verdict: Verdict) -> None:
    """What reached the server, the most in any window, and whether that was allowed."""
    if not verdict.arrivals:
        console.print("The referee's verdict: nothing arrived.")
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
            f". {verdict.arrivals} arrived, {verdict.deliveries} were taken, {verdict.refusals} "
            f"refused for a limit, {len(verdict.duplicates)} taken twice.",
        )
    )
