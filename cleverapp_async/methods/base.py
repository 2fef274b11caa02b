"""What the classes of methods build on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypedDict

from attrs import evolve

from .._call import Call, Reply
from ..endpoints import ENDPOINTS
from ..limits.quota import Lane
from ..models.page import Page

__all__ = ["ABSENT", "Absent", "CallOptions", "Methods", "given"]


class Absent:
    """The type of :data:`ABSENT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()
"""A parameter that is left out, where None would mean "make it empty"."""


class CallOptions(TypedDict, total=False):
    """What every method takes besides its own parameters.

    Attributes:
        lane: Whose turn comes first where several wait for a limit.
        deadline: Seconds for everything: queue, limits and all attempts. None: no bound.
    """

    lane: Lane
    deadline: float | None


def given(**parameters: object) -> dict[str, object]:
    """The parameters that are given: absent ones and None are left out.

    The server answers some empty optional fields with a 500, so none is ever sent.
    A trailing underscore is dropped from a name that is a word of Python (``with_``).
    """
    return {
        name.removesuffix("_"): value
        for name, value in parameters.items()
        if value is not None and value is not ABSENT
    }


class Methods(ABC):
    """Some of the API's methods; the client inherits them all."""

    @abstractmethod
    async def _run(self, call: Call) -> Reply:
        """Carry out one call."""

    async def _ask(self, name: str, parameters: dict[str, object], options: CallOptions) -> Any:  # noqa: ANN401 - the endpoint table knows the type, the method's annotation tells it
        """Call a method of the table; its answer's content."""
        call = Call(endpoint=ENDPOINTS[name], parameters=parameters, **options)
        return (await self._run(call)).content

    async def _ask_page(
        self, name: str, parameters: dict[str, object], options: CallOptions
    ) -> Page[Any]:
        """Call a method that answers a page; one that does not say its number has that asked."""
        page: Page[Any] = await self._ask(name, parameters, options)
        asked = parameters.get("page")
        return page if page.number else evolve(page, number=asked if isinstance(asked, int) else 1)
