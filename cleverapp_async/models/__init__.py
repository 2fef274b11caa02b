"""What goes in and what comes out: frozen attrs classes, validated where they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._imports import lazy_names
from .contact import Contact, ContactVariable, Utm, VariableName
from .messages import Message, QueuedMessage, SendMessage, SendMessageToWhatsApp, SendReceipt
from .route import Messenger, Route

if TYPE_CHECKING:
    from .account import (
        ContactAccount,
        ContactCryptoAccount,
        DecodedLink,
        Me,
        Referrer,
        ReferrerChain,
    )
    from .lists import ListField, ListItem, ListSchema, Page

__all__ = [
    "Contact",
    "ContactAccount",
    "ContactCryptoAccount",
    "ContactVariable",
    "DecodedLink",
    "ListField",
    "ListItem",
    "ListSchema",
    "Me",
    "Message",
    "Messenger",
    "Page",
    "QueuedMessage",
    "Referrer",
    "ReferrerChain",
    "Route",
    "SendMessage",
    "SendMessageToWhatsApp",
    "SendReceipt",
    "Utm",
    "VariableName",
]

if not TYPE_CHECKING:
    # Who sends messages needs none of these.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ContactAccount": ".account",
            "ContactCryptoAccount": ".account",
            "DecodedLink": ".account",
            "ListField": ".lists",
            "ListItem": ".lists",
            "ListSchema": ".lists",
            "Me": ".account",
            "Page": ".lists",
            "Referrer": ".account",
            "ReferrerChain": ".account",
        },
    )
