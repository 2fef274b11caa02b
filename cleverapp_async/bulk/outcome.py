"""What became of one message of a bulk send."""

from __future__ import annotations

from attrs import field, frozen

from ..errors import CleverAppError, Outcome
from ..models.contact import Contact
from ..models.messages import Message, SendReceipt

__all__ = ["SendOutcome"]


@frozen(kw_only=True)
class SendOutcome:
    """One message, and what is known of it.

    Attributes:
        message: The message as it was given: ``send_many`` takes it again.
        outcome: ``ACCEPTED``, ``REJECTED``, ``NOT_SENT`` or ``UNKNOWN``.
        index: Its place in the messages given, from 0.
        receipt: What it took; None unless it was accepted.
        contact: The contact that sendMessageToWhatsApp answered; None for other messages.
        error: Why it was not accepted; None where it was.
    """

    message: Message
    outcome: Outcome
    index: int
    receipt: SendReceipt | None = field(default=None, repr=False)
    contact: Contact | None = field(default=None, repr=False)
    error: CleverAppError | None = None

    @property
    def accepted(self) -> bool:
        """Whether the server took it."""
        return self.outcome is Outcome.ACCEPTED
