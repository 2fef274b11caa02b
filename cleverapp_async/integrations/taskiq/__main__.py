"""``python -m cleverapp_async.integrations.taskiq status ADDRESS``: the state of a campaign."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import cast

from ..._terminal import escaped, guard_streams
from ...bulk.journal.messages import reference_columns
from ...bulk.journal.records import JournalEntry, JournalState
from ...errors import ConfigurationError, JournalError
from ..redis_journal import RedisJournalReader
from ..redis_journal.codec import DEFAULT_PREFIX

__all__ = ["main"]

_LISTED = (JournalState.UNKNOWN, JournalState.REJECTED, JournalState.NOT_SENT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the state of a campaign.

    Args:
        arguments: The command line's; None: this process's.

    Returns:
        0 where every message was accepted, 4 where some may have been sent, 1 where others are
        left or were refused, 2 where the campaign cannot be read.
    """
    parser = argparse.ArgumentParser(
        prog="python -m cleverapp_async.integrations.taskiq", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    status = commands.add_parser("status", help="how a campaign stands")
    status.add_argument(
        "address",
        help="redis://HOST:PORT/DATABASE/CAMPAIGN, or the campaign's name alone with REDIS_URL set",
    )
    status.add_argument("--prefix", default=DEFAULT_PREFIX, help="what the keys begin with")
    status.add_argument("--json", action="store_true", help="for programs")
    status.add_argument(
        "--list", action="store_true", help="messages that are unknown, refused or not sent, too"
    )
    options = parser.parse_args(arguments)
    try:
        with _open(cast("str", options.address), cast("str", options.prefix)) as reader:
            return _show(reader, as_json=bool(options.json), listed=bool(options.list))
    except (ConfigurationError, JournalError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2


def _open(address: str, prefix: str) -> RedisJournalReader:
    if "://" in address:
        return RedisJournalReader.at(address, prefix=prefix)
    url = os.environ.get("REDIS_URL")
    if not url:
        raise ConfigurationError("give redis://HOST:PORT/DATABASE/CAMPAIGN, or set REDIS_URL")
    return RedisJournalReader(url, address, prefix=prefix)


def _show(reader: RedisJournalReader, *, as_json: bool, listed: bool) -> int:
    summary, holders, left = reader.summary(), reader.holders(), reader.left()
    counts = {state.value: count for state, count in summary.by_state.items()}
    entries = map(_entry, reader.entries(*_LISTED)) if listed else iter(())
    if as_json:
        told = {
            "complete": summary.complete,
            "messages": summary.messages,
            "duplicates": summary.duplicates,
            "states": counts,
            "left": left,
            "holders": {chunk: str(holder) for chunk, holder in holders.items()},
            "paused": reader.paused(),
            "errors": [[f"{each.type}: {each.message}", count] for each, count in reader.errors()],
        }
        text = json.dumps(told, ensure_ascii=False, indent=2)
        if listed:
            # One by one: there may be more messages than fit into memory.
            _write_json(text.removesuffix("\n}") + ',\n  "entries": [')
            before = "\n    "
            for entry in entries:
                _write_json(before + json.dumps(entry, ensure_ascii=False))
                before = ",\n    "
            text = "\n  ]\n}"
        _write_json(f"{text}\n")
    else:
        reading = "" if summary.complete else " (still being read in)"
        _say(f"{summary.messages} message(s), {summary.duplicates} duplicate(s) left out{reading}")
        _say(", ".join(f"{name} {count}" for name, count in counts.items() if count))
        _say(f"{len(left)} chunk(s) with something left, {len(holders)} at work")
        for chunk, holder in holders.items():
            _say(f"  chunk {chunk}: {holder}")
        if (why := reader.paused()) is not None:
            _say(f"paused: {why}")
        for error, count in reader.errors():
            _say(f"  {count} x {error.type}: {error.message}")
        for entry in entries:
            _write_json(json.dumps(entry, ensure_ascii=False) + "\n")
    if counts["unknown"]:
        return 4
    return 0 if summary.complete and counts["accepted"] == summary.messages else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _write_json(text: str) -> None:
    """In UTF-8, whatever the terminal's encoding is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(escaped(text).encode())
    sys.stdout.buffer.flush()


def _entry(entry: JournalEntry) -> dict[str, object]:
    error = None if entry.result is None else entry.result.error
    return {
        "index": entry.index,
        "state": entry.state.value,
        **entry.message.parameters(),
        **reference_columns(entry.message),
        "error": None if error is None else f"{error.type}: {error.message}",
    }


if __name__ == "__main__":
    guard_streams()
    sys.exit(main())
