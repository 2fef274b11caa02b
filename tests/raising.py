"""How tests speak of an error: by its type and by the places that its text must name.

A place is what the user wrote or can look up: an argument, a setting, a file, a value, a command.
The sentence around it may be worded anew without breaking a test.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["raises"]

E = TypeVar("E", bound=BaseException)


@contextmanager
def raises(kind: type[E], *places: object) -> Iterator[pytest.ExceptionInfo[E]]:
    """Expect an error of exactly this type, whose text names each place.

    Args:
        kind: The type itself: an error of a subclass has another ``code``, and fails.
        *places: What its text must name; each is searched as ``str``.
    """
    with pytest.raises(kind) as caught:
        yield caught
    assert caught.type is kind
    told = str(caught.value)
    missing = [str(place) for place in places if str(place) not in told]
    assert not missing, f"{told!r} does not name {missing}"
