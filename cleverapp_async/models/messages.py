"""The requests that send a message (API docs, page «Сообщения»), and what they return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeAlias

from attrs import field, frozen

from ..errors import InvalidRequestError
from .checks import (
    NO_REFERENCE,
    check_id,
    check_messenger,
    check_phone,
    check_reference,
    check_string,
    check_url,
)
from .route import Route, route_of

__all__ = [
    "MESSAGES",
    "Message",
    "QueuedMessage",
    "SendMessage",
    "SendMessageToWhatsApp",
    "SendReceipt",
    "check_message",
]

_TRIPLE = ("bot_id", "messenger", "contact_external_id")
_CONTENT = ("text", "image", "file")


def _keep_reference(message: Message) -> None:
    """Check a message's reference, and keep an immutable copy."""
    object.__setattr__(message, "reference", check_reference(message.reference))


@frozen(kw_only=True)
class SendMessage:
    """One message to one contact who has written to the bot before: ``sendMessage``.

    Addressed either by ``contact_id`` or by ``bot_id``, ``messenger`` and
    ``contact_external_id`` together; at least one of ``text``, ``image`` and ``file`` is needed.

    Attributes:
        contact_id: The contact's id on the platform.
        bot_id: The bot the contact has written to.
        messenger: The messenger, see :class:`Messenger`; others are accepted too.
        contact_external_id: A phone number, or the contact's id in that messenger.
        text: The text.
        image: URL of a picture.
        file: URL of a file.
        reference: What you find the message again by, such as ``{"order_id": "A-17"}``: texts by
            names of yours, 4,000 characters at most in all. It is never sent. The outcome and the
            journal give it back, and exports have a column for each name. The message keeps a copy
            that nobody can change: :func:`attrs.evolve` makes another message. Two messages that
            differ in it alone are equal: it is no part of the request.

    Raises:
        InvalidRequestError: The addressing or the content is not as above; the fields are named.
    """

    method: ClassVar[str] = "sendMessage"

    contact_id: int | None = None
    bot_id: int | None = None
    messenger: str | None = None
    contact_external_id: str | None = None
    text: str | None = None
    image: str | None = None
    file: str | None = None
    reference: Mapping[str, str] = field(default=NO_REFERENCE, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check the addressing, then each field, then that there is content."""
        triple = (self.bot_id, self.messenger, self.contact_external_id)
        if self.contact_id is not None:
            if triple != (None, None, None):
                given = self._given_of_triple()
                raise InvalidRequestError(
                    f"contact_id and {', '.join(given)} are both given: "
                    f"address by contact_id alone, or by {', '.join(_TRIPLE)}",
                    fields=("contact_id", *given),
                )
            check_id("contact_id", self.contact_id)
        else:
            self._check_triple()
        if self.text is not None:
            check_string("text", self.text)
        if self.image is not None:
            check_url("image", self.image)
        if self.file is not None:
            check_url("file", self.file)
        if self.text is None and self.image is None and self.file is None:
            raise InvalidRequestError(
                "nothing to send: give at least one of text, image, file", fields=_CONTENT
            )
        if self.reference is not NO_REFERENCE:
            _keep_reference(self)

    def _given_of_triple(self) -> list[str]:
        return [name for name in _TRIPLE if getattr(self, name) is not None]

    def _check_triple(self) -> None:
        if self.bot_id is None or self.messenger is None or self.contact_external_id is None:
            given = self._given_of_triple()
            if not given:
                raise InvalidRequestError(
                    f"no recipient: give contact_id, or {', '.join(_TRIPLE)}",
                    fields=("contact_id", *_TRIPLE),
                )
            missing = tuple(name for name in _TRIPLE if name not in given)
            raise InvalidRequestError(
                f"missing: {', '.join(missing)}; give {', '.join(_TRIPLE)} together",
                fields=missing,
            )
        check_id("bot_id", self.bot_id)
        messenger = check_messenger("messenger", self.messenger)
        if messenger != self.messenger:
            object.__setattr__(self, "messenger", messenger)
        check_string("contact_external_id", self.contact_external_id)

    @property
    def route(self) -> Route | None:
        """The bot and messenger it goes through; None where ``contact_id`` hides them."""
        if self.bot_id is None or self.messenger is None:
            return None
        return route_of(self.bot_id, self.messenger)

    def parameters(self) -> dict[str, str | int]:
        """The parameters as the API names them, absent ones left out."""
        # One by one, as each message of a campaign is asked a few times: a third of a loop's time.
        given: dict[str, str | int] = {}
        if self.contact_id is not None:
            given["contact_id"] = self.contact_id
        if self.bot_id is not None:
            given["bot_id"] = self.bot_id
        if self.messenger is not None:
            given["messenger"] = self.messenger
        if self.contact_external_id is not None:
            given["contact_external_id"] = self.contact_external_id
        if self.text is not None:
            given["text"] = self.text
        if self.image is not None:
            given["image"] = self.image
        if self.file is not None:
            given["file"] = self.file
        return given


def _phone(value: str) -> str:
    return check_phone("phone", value)


@frozen(kw_only=True)
class SendMessageToWhatsApp:
    """One WhatsApp message to any phone number: ``sendMessageToWhatsApp``.

    Attributes:
        bot_id: The bot that writes.
        phone: The number with its country code; punctuation is dropped.
        text: The text.
        name: The contact's name, needed when writing to this contact for the first time.
        reference: What you find the message again by, such as ``{"order_id": "A-17"}``: texts by
            names of yours, 4,000 characters at most in all. It is never sent. The outcome and the
            journal give it back, and exports have a column for each name. The message keeps a copy
            that nobody can change: :func:`attrs.evolve` makes another message. Two messages that
            differ in it alone are equal: it is no part of the request.

    Raises:
        InvalidRequestError: A value is missing or of the wrong form; the field is named.
    """

    method: ClassVar[str] = "sendMessageToWhatsApp"

    bot_id: int
    phone: str = field(converter=_phone)
    text: str
    name: str | None = None
    reference: Mapping[str, str] = field(default=NO_REFERENCE, eq=False)

    def __attrs_post_init__(self) -> None:
        """Check each field."""
        check_id("bot_id", self.bot_id)
        check_string("text", self.text)
        if self.name is not None:
            check_string("name", self.name)
        if self.reference is not NO_REFERENCE:
            _keep_reference(self)

    @property
    def contact_id(self) -> None:
        """Always None: the contact is addressed by phone number."""
        return

    @property
    def route(self) -> Route:
        """The bot, and WhatsApp."""
        return route_of(self.bot_id, "whatsapp")

    def parameters(self) -> dict[str, str | int]:
        """The parameters as the API names them, absent ones left out."""
        parameters: dict[str, str | int] = {
            "bot_id": self.bot_id,
            "phone": self.phone,
            "text": self.text,
        }
        if self.name is not None:
            parameters["name"] = self.name
        return parameters


Message: TypeAlias = SendMessage | SendMessageToWhatsApp
"""Any request that sends one message."""

MESSAGES = "a SendMessage or SendMessageToWhatsApp"
"""What a message is, for errors."""


def check_message(value: object, index: int) -> Message:
    """Return the value, which must be a message.

    Args:
        value: Whatever a source of messages gave.
        index: Its place there, from 0.

    Raises:
        InvalidRequestError: It is not a message; the error names its type and shows nothing of it.
    """
    if not isinstance(value, Message):
        raise InvalidRequestError(
            f"message {index + 1}, counted from 1, is no SendMessage or SendMessageToWhatsApp: its "
            f"type is {type(value).__name__}"
        )
    return value


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


@frozen(kw_only=True, slots=False)
class QueuedMessage:
    """A message that the platform took into its queue (page «Рассылка» of sibling brands).

    Attributes:
        success: Whether it was taken.
        message_id: Its id. Whether it makes a repetition harmless is not known: do not rely on it.
        contact_id: The contact, where it was addressed so.
        bitrix_contact_id: The contact's id in Bitrix24, where it was addressed so.
        phone: The phone number, where it was addressed so.
        text: The text.
        extra: Whatever else the server answered, by its own names.
    """

    success: bool
    message_id: str | None = None
    contact_id: int | None = None
    bitrix_contact_id: int | None = None
    phone: str | None = None
    text: str | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])
