"""What goes in and what comes out: frozen attrs classes, validated where they are made."""

from __future__ import annotations

from .account import ContactAccount, ContactCryptoAccount, DecodedLink, Me, Referrer, ReferrerChain
from .contact import Contact, ContactVariable, Utm, VariableName
from .lists import ListField, ListItem, ListSchema, Page
from .messages import Message, QueuedMessage, SendMessage, SendMessageToWhatsApp, SendReceipt
from .route import Messenger, Route

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
