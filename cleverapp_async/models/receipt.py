"""What is known of a message that was taken."""

from __future__ import annotations

from attrs import frozen

__all__ = ["SendReceipt"]


@frozen
class SendReceipt:
    """The server took the message; it gives no message id.

    Attributes:
        send_id: The id of this send in events and log lines, unique in this process.
        attempts: How many attempts it took, from 1 up.
        waited: Seconds spent waiting for limits, over all attempts.
        on_wire: Seconds spent on the wire, over all attempts.
    """

    send_id: str
    attempts: int
    waited: float
    on_wire: float
