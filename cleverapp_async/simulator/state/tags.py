"""Tags: what each bot has, and which contacts have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@define
class TagStore:
    """Knows the tags of bots by id and name, and those of contacts in the order they came."""

    _of_bot: dict[int, dict[str, int]] = field(init=False, factory=dict[int, dict[str, int]])
    _by_id: dict[int, tuple[int, str]] = field(init=False, factory=dict[int, tuple[int, str]])
    _of_contact: dict[int, list[str]] = field(init=False, factory=dict[int, list[str]])

    def add(self, bot_id: int, name: str) -> int:
        """Give the id of a bot's tag, making the tag if there is none of this name."""
        tags = self._of_bot.setdefault(bot_id, {})
        tag_id = tags.get(name)
        if tag_id is None:
            tag_id = tags[name] = len(self._by_id) + 1
            self._by_id[tag_id] = (bot_id, name)
        return tag_id

    def name(self, bot_id: int, tag_id: int) -> str | None:
        """Give the name of a bot's tag, or None if the bot has no tag of this id."""
        bot, name = self._by_id.get(tag_id, (None, ""))
        return name if bot == bot_id else None

    def of_bot(self, bot_id: int) -> Sequence[str]:
        """Give the names of a bot's tags, the oldest first."""
        return tuple(self._of_bot.get(bot_id, ()))

    def of_contact(self, contact_id: int) -> Collection[str]:
        """Give the names of a contact's tags, in the order they were attached."""
        return self._of_contact.get(contact_id, ())

    def attach(self, contact_id: int, bot_id: int, name: str) -> None:
        """Give a contact a tag, which its bot then has too; a second time changes nothing."""
        self.add(bot_id, name)
        attached = self._of_contact.setdefault(contact_id, [])
        if name not in attached:
            attached.append(name)

    def detach(self, contact_id: int, name: str) -> None:
        """Take a tag from a contact, if it has it; the bot keeps the tag."""
        attached = self._of_contact.get(contact_id, [])
        if name in attached:
            attached.remove(name)
