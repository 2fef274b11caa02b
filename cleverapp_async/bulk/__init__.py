"""Bulk sends: many messages, fairly over their limits, in constant memory.

``client.send_many`` and ``client.run_campaign`` make a :class:`BulkRun`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._imports import lazy_names

if TYPE_CHECKING:
    from .eta import Eta, Forecast, Share, estimate_run
    from .journal.protocol import Messages
    from .outcome import SendOutcome
    from .run import BulkProgress, BulkRun
    from .schedule import Schedule
    from .throughput import EtaMeter

__all__ = [
    "BulkProgress",
    "BulkRun",
    "Eta",
    "EtaMeter",
    "Forecast",
    "Messages",
    "Schedule",
    "SendOutcome",
    "Share",
    "estimate_run",
]

if not TYPE_CHECKING:
    # Those who send single messages need none of it, and the import of the package stays quick.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "BulkProgress": ".run",
            "BulkRun": ".run",
            "Eta": ".eta",
            "EtaMeter": ".throughput",
            "Forecast": ".eta",
            "Messages": ".journal.protocol",
            "Schedule": ".schedule",
            "SendOutcome": ".outcome",
            "Share": ".eta",
            "estimate_run": ".eta",
        },
    )
