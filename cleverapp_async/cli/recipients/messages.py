"""What a row means: the message it asks for, or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, evolve, field, frozen

from ...errors import InvalidRequestError
from ...models.messages import Message, SendMessage, SendMessageToWhatsApp
from ...models.route import Route
from ..text import close_to, fold
from .addresses import (
    DEFAULT_REGION,
    LONGEST_TEXTS,
    SHEET_ERROR,
    is_sheet_error,
    known_messenger,
    meant_messenger,
    plain_number,
    read_phone,
)
from .columns import DECIDING, from_contacts, trimmed, written_here
from .rows import Fault, Row, RowReferences
from .template import Template

__all__ = [
    "ADDRESS_COLUMNS",
    "SHORTEST_PHONE",
    "Defaults",
    "Note",
    "read_message",
    "read_route",
]

ADDRESS_COLUMNS = ("contact_id", "contact_external_id", "phone")
"""A row needs one of these: which it is decides how its message goes."""

_WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
_WHATSAPP = "whatsapp"

_REMEDIES = {
    "contact_id": "Write the contact's id, or address by bot_id, messenger and contact_external_id",
    "bot_id": "Write the bot's id, or give --bot-id for all rows",
    "messenger": "Write telegram, whatsapp, viber and so on, or give --messenger for all rows",
    "contact_external_id": "Write the contact's id in the messenger, or the phone number",
    "phone": "Write one number with its country code, such as 79991234567, or give --phone-region",
    "text": "Write a text, or give --text for all rows",
    "image": "Write a link such as https://example.com/picture.jpg",
    "file": "Write a link such as https://example.com/price.pdf",
    "name": "Write the recipient's name, or leave the cell empty",
}
_PARAMETERS = frozenset(DECIDING) - {"phone"}
_PARAMETERS_TO_WHATSAPP = frozenset({"bot_id", "phone", "text", "name"})
SHORTEST_PHONE = 9
"""Digits of an id in WhatsApp that is read as a phone number; a shorter one stays as it is."""
_COMPLETE = "Outcomes of an earlier send hold whole numbers: write + and the country code before it"
_ROUNDED = "Format the column as a number without decimals, or as text, and enter it anew"
_NOBODY = "Write a contact_id; or bot_id, messenger and contact_external_id; or bot_id and phone"

# In place of what is wrong, so that a message's other checks say what else is.
_CONTENT = ("text", "image", "file")
_STAND_INS: dict[str, object] = {
    "contact_id": 1,
    "bot_id": 1,
    "messenger": "telegram",
    "contact_external_id": "1",
    "text": "x",
    "image": "https://example.com/",
    "file": "https://example.com/",
}


class Note(str):
    """A remark on a row that is no warning: how it is read where nobody says it."""

    __slots__ = ()


@frozen(kw_only=True)
class Defaults:
    """What holds for rows that do not say otherwise.

    Attributes:
        bot_id: For rows without ``contact_id`` and without their own.
        messenger: The same.
        text: Template for rows without their own text.
        image: Template for rows without their own image.
        file: Template for rows without their own file.
        phone_region: Whose phone numbers are written without a country code; None: nobody says it,
            and the usual region is taken.
    """

    bot_id: int | None = None
    messenger: str | None = None
    text: Template | None = None
    image: Template | None = None
    file: Template | None = None
    phone_region: str | None = None

    @property
    def templates(self) -> tuple[tuple[str, Template], ...]:
        """The templates there are, by the parameter they are for."""
        given = (("text", self.text), ("image", self.image), ("file", self.file))
        return tuple((name, template) for name, template in given if template is not None)

    @property
    def given(self) -> tuple[tuple[str, object], ...]:
        """Everything that is filled in, by the parameter it is for."""
        plain = (("bot_id", self.bot_id), ("messenger", self.messenger))
        return (*((name, value) for name, value in plain if value is not None), *self.templates)

    def written_region(self) -> list[str]:
        """The option that names the region, as arguments; none where nobody has named one."""
        return [] if self.phone_region is None else ["--phone-region", self.phone_region]

    def renamed(self, name_of: Callable[[str], str]) -> Defaults:
        """The same with the columns of its templates called otherwise.

        Args:
            name_of: Gives the new name of each.
        """
        changed = {
            name: template.renamed({column: name_of(column) for column in template.columns})
            for name, template in self.templates
        }
        return evolve(
            self, text=changed.get("text"), image=changed.get("image"), file=changed.get("file")
        )


@define
class _Reading:
    """One row while it is read."""

    row: Row
    defaults: Defaults
    remark: Callable[[str], object]
    references: RowReferences
    faults: list[Fault] = field(factory=list[Fault])

    def message(self) -> Message | None:
        text = self.content("text", self.defaults.text)
        image = self.content("image", self.defaults.image)
        file = self.content("file", self.defaults.file)
        unfilled = bool(self.faults)
        contact_id = self.whole("contact_id")
        bot_id, messenger = self.whole("bot_id"), self.messenger()
        external_id, phone = self.external_id(), self.cell("phone")
        # A row with a contact_id goes by that alone: what is filled in for the others would
        # contradict it.
        if "contact_id" not in self.row.cells:
            bot_id = self.defaults.bot_id if bot_id is None else bot_id
            messenger = messenger or self.defaults.messenger
        if text is not None:
            self.check_length(text, messenger, phone_alone=external_id is None)
        if external_id is not None and messenger is not None and not known_messenger(messenger):
            self.remark(f"messenger {messenger!r} is none that is known; it is sent as it stands")
        if external_id is not None and (messenger or "").lower() == _WHATSAPP:
            external_id = self.whatsapp_id(external_id)
        # All cells were looked at by now, so that a row is told all of its faults at once.
        if phone is not None and external_id is None and "contact_id" not in self.row.cells:
            return self.to_whatsapp(
                bot_id, messenger, phone, text, image or file, unfilled=unfilled
            )
        values: dict[str, Any] = {
            "contact_id": contact_id,
            "bot_id": bot_id,
            "messenger": messenger,
            "contact_external_id": external_id,
            "text": text,
            "image": image,
            "file": file,
        }
        if self.faults:
            wrong = {name for one in self.faults for name in one.column.split(", ")}
            # A template that could not be filled in is a fault of its columns.
            self.check_rest(values, {*wrong, "text"} if unfilled and text is None else wrong)
            return None
        try:
            return SendMessage(
                **values, reference=self.references.of(self.row, _PARAMETERS, self.remark)
            )
        except InvalidRequestError as error:
            self.refused(error)
            self.check_rest(values, error.fields)
            return None

    def check_rest(self, values: dict[str, Any], wrong: Iterable[str]) -> None:
        """Tell what else is wrong of a message: its own checks stop at the first fault.

        Args:
            values: Its fields.
            wrong: Those that were told.
        """
        while True:
            replaced = [name for name in wrong if name in values]
            if "contact_id" in replaced:
                # Of the two ways to address it one is enough, which needs no other field.
                values.update(bot_id=None, messenger=None, contact_external_id=None)
                replaced = ["contact_id", *(name for name in replaced if name in _CONTENT)]
            values.update((name, _STAND_INS[name]) for name in replaced)
            try:
                SendMessage(**values)
            except InvalidRequestError as error:
                self.refused(error)
                wrong = error.fields
            else:
                return

    def refused(self, error: InvalidRequestError) -> None:
        """Tell of a message's own check, which holds for programs as well: fields are columns here.

        Args:
            error: What the check raised.
        """
        known = next((name for name in error.fields if name in _REMEDIES), "text")
        address = set(ADDRESS_COLUMNS[:2])
        nobody = address <= set(error.fields) and not self.row.cells.get("contact_id")
        remedy = _NOBODY if nobody else _REMEDIES[known]
        self.fault(", ".join(error.fields), str(error), remedy)

    def to_whatsapp(
        self,
        bot_id: int | None,
        messenger: str | None,
        phone: str,
        text: str | None,
        media: str | None,
        *,
        unfilled: bool,
    ) -> Message | None:
        number = self.phone("phone", phone)
        if messenger is not None and messenger.lower() != _WHATSAPP:
            # Any other word may be of the column beside it: a name, or a phone number.
            known = known_messenger(messenger)
            self.fault(
                "messenger",
                "a row with a phone and no contact_external_id goes to WhatsApp, not "
                + (messenger if known else "elsewhere"),
                "Put the number into contact_external_id, or leave the messenger out",
            )
        if media is not None:
            self.fault(
                "image, file",
                "a WhatsApp message to a phone number holds text alone",
                "Leave image and file out, or put the number into contact_external_id",
            )
        if bot_id is None and "bot_id" not in self.row.cells:
            self.fault("bot_id", "it is missing: a phone needs the bot that writes to it")
        if text is None and not unfilled:
            self.fault("text", "nothing to send")
        if self.faults or bot_id is None or text is None or number is None:
            return None
        return SendMessageToWhatsApp(
            bot_id=bot_id,
            phone=number,
            text=text,
            name=self.cell("name"),
            reference=self.references.of(self.row, _PARAMETERS_TO_WHATSAPP, self.remark),
        )

    def cell(self, name: str) -> str | None:
        if (told := self.misfit(name)) is not None:
            self.fault(name, told)
            return None
        value = self.row.cells.get(name)
        return None if value is None else trimmed(value)

    def misfit(self, name: str) -> str | None:
        """Why a cell cannot stand in a message; None where it can."""
        cell = self.row.cells.get(name, "")
        if "\0" in cell:
            return f"{name} holds a zero byte, as no text does"
        return f"{name} {SHEET_ERROR}" if is_sheet_error(cell) else self.row.misfits.get(name)

    def number(self, name: str) -> str | None:
        """A cell without what a spreadsheet makes of numbers."""
        value = self.cell(name)
        try:
            return None if value is None else plain_number(value)
        except ValueError as error:
            self.fault(name, f"{name} {error}", _ROUNDED)
            return None

    def phone(self, name: str, written: str) -> str | None:
        region = self.defaults.phone_region or DEFAULT_REGION
        # What this tool wrote is complete; read as a number of the region it may be somebody else.
        earlier = self.references.earlier
        complete = self.references.unnumbered or written_here(
            (*self.row.cells, *self.row.misfits), chosen=earlier
        )
        # The server's phone numbers are as people gave them, and of every country.
        # See `read_phone`: plain digits of such a list may be two different numbers, and are
        # refused then.
        exported = not complete and from_contacts(self.row.cells)
        try:
            found = read_phone(written, region, complete=complete, doubted=exported)
        except ValueError as error:
            remedy = _COMPLETE if complete else _REMEDIES["phone"]
            self.fault(name, f"{name} {error}", remedy)
            return None
        if complete and not earlier:
            self.remark(
                "phone numbers are read with their country code, as the columns are those of an "
                "earlier send; write + before each to be sure, or delete the columns row and line"
            )
        if found.completed and self.defaults.phone_region is None:
            told = f"phone numbers without a country code are read as numbers of {region}"
            self.remark(Note(f"{told}; --phone-region says of which country they are"))
        if not found.assigned:
            self.remark("phone numbers of a range that nobody is known to have")
        return found.digits

    def external_id(self) -> str | None:
        """The contact's id in the messenger; only what is a number is put straight."""
        value = self.cell("contact_external_id")
        return self.number("contact_external_id") if value and value[0].isdigit() else value

    def whatsapp_id(self, written: str) -> str | None:
        """A contact's id in WhatsApp is a phone number; what looks like none stays as it is."""
        digits = sum(sign.isdigit() for sign in written)
        lettered = any(sign.isalpha() or sign in "@_" for sign in written.removeprefix("tel:"))
        # A short number of digits alone may be an id of the simulator or of a test account.
        if lettered or (digits == len(written) and digits < SHORTEST_PHONE):
            return written
        return self.phone("contact_external_id", written)

    def messenger(self) -> str | None:
        """The messenger, in the API's spelling where it is a known one."""
        written = self.cell("messenger")
        if written is None or "contact_id" in self.row.cells:
            return written
        name, meant = meant_messenger(written)
        if meant is not None:
            self.fault("messenger", f"no messenger is called {written!r}", f"Write {meant}")
        return name or meant or written

    def check_length(self, text: str, messenger: str | None, *, phone_alone: bool) -> None:
        if messenger is None and "contact_id" in self.row.cells:
            messenger = self.row.cells.get("contact_messenger")
        elif phone_alone:
            messenger = _WHATSAPP
        known = (messenger or "").strip().lower()
        longest = LONGEST_TEXTS.get(known, max(LONGEST_TEXTS.values()))
        if len(text) > longest:
            who_takes = f"{known} takes" if known in LONGEST_TEXTS else "most messengers take"
            self.remark(f"texts longer than the {longest:,} characters that {who_takes}")

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        if value is None:
            return None
        if _WHOLE.fullmatch(value):
            return int(value)
        self.fault(name, f"{name} must be a whole number")
        return None

    def content(self, name: str, default: Template | None) -> str | None:
        """The row's own text as it stands, or else the default's with the row's cells."""
        if (wrong := self.misfit(name)) is not None:
            self.fault(name, wrong)
        own = self.row.cells.get(name)
        if name == "text" and own is not None and "\\n" in own:
            self.remark("texts that hold \\n as two characters, which recipients will see")
        # The text itself is sent as it stands, blanks included; a link is no link with blanks
        # around it.
        if own is not None or default is None:
            return own if own is None or name == "text" else trimmed(own)
        found = {column: self.named(column) for column in default.columns}
        misfits = {column: self.misfit(place) for column, place in found.items()}
        empty = [c for c in default.columns if found[c] not in self.row.cells or misfits[c]]
        for column in empty:
            told = misfits[column] or self.missing(column, name)
            self.fault(column, told, f"Fill it in, or give this row a {name} of its own")
        if empty:
            return None
        values = {column: self.row.cells[place] for column, place in found.items()}
        for column, value in values.items():
            if value != trimmed(value):
                self.remark(f"{{{column}}} begins or ends with blanks, which recipients will see")
        return default.render(values)

    def named(self, column: str) -> str:
        """The row's own name of a column: records of JSON spell theirs as they like."""
        if column in self.row.cells or column in self.row.misfits:
            return column
        same = [name for name in self.row.cells if fold(name) == fold(column)]
        return same[0] if len(same) == 1 else column

    def missing(self, column: str, parameter: str) -> str:
        told = f"it is empty, and the template of {parameter} needs it"
        close = close_to(column, self.row.cells)
        return told if close is None else f"{told}; did you mean {{{close}}}?"

    def fault(self, column: str, text: str, remedy: str | None = None) -> None:
        row = self.row
        told = remedy or _REMEDIES[column]
        value = ", ".join(row.cells[name] for name in column.split(", ") if name in row.cells)
        self.faults.append(Fault(row.number, row.line, column, text, told, value))


def read_message(
    row: Row,
    defaults: Defaults,
    remark: Callable[[str], object] = str,
    references: RowReferences | None = None,
) -> Message | tuple[Fault, ...]:
    """The message that a row asks for, or its faults.

    A row with a ``contact_id`` goes by that alone; one with a ``contact_external_id`` by bot,
    messenger and that; one with a ``phone`` and neither of them by ``sendMessageToWhatsApp``.

    Args:
        row: The row.
        defaults: What holds where it does not say otherwise.
        remark: Told what is no fault, and yet somebody should know it; a :class:`Note` where it is
            no warning either.
        references: Makes the message's reference; None: that of a list that is sent for the first
            time.
    """
    reading = _Reading(row, defaults, remark, references or RowReferences())
    try:
        message = reading.message()
    except InvalidRequestError as error:
        reading.refused(error)
        message = None
    return tuple(reading.faults) if message is None else message


def read_route(row: Row) -> Route | None:
    """The bot and messenger that a row says its contact is written to through.

    An export of contacts tells both, in columns that address nobody.
    """
    bot_id = row.cells.get("contact_bot_id", "").strip()
    messenger = row.cells.get("contact_messenger", "").strip().lower()
    if "contact_id" not in row.cells or not messenger or not _WHOLE.fullmatch(bot_id):
        return None
    return Route(int(bot_id), messenger)
