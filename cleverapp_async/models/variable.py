"""Variables of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

__all__ = ["ContactVariable", "VariableName"]


@frozen(kw_only=True, slots=False)
class VariableName:
    """The variable that a value belongs to.

    Attributes:
        name: Its name.
        id: Its id, which may exceed 2^31; an older answer leaves it out.
        extra: Whatever else the server answered, by its own names.
    """

    name: str
    id: int | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])


@frozen(kw_only=True, slots=False)
class ContactVariable:
    """One variable of one contact (API docs, page «Пользовательские переменные»).

    The current answer has the name beside the value, an older one only inside ``variable``:
    :attr:`title` is right for both.

    Attributes:
        value: The value.
        name: The name, where it stands beside the value.
        id: The id, which may exceed 2^31.
        deletable: Whether it is removed after an order.
        variable: The variable the value belongs to.
        created_at: When it was first set; older answers only.
        updated_at: When it was last set; older answers only.
        extra: Whatever else the server answered, by its own names.
    """

    value: str | None = None
    name: str | None = None
    id: int | None = None
    deletable: bool | None = None
    variable: VariableName | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, object] = field(factory=dict[str, object])

    @property
    def title(self) -> str | None:
        """The variable's name, from whichever place has it."""
        if self.name is not None:
            return self.name
        return None if self.variable is None else self.variable.name
