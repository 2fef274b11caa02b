"""What the simulator starts with: made up, from a file, or nothing in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..simulator import SeedError, generate, load_seed
from .errors import BadInputError

if TYPE_CHECKING:
    from ..simulator import SeedData

__all__ = ["make_world"]


def make_world(contacts: int | None, seed_file: str | None, seed: int) -> SeedData | None:
    """What is there at the start; None: nothing in particular.

    Args:
        contacts: How many contacts are made up.
        seed_file: The file that names what is there.
        seed: Another number makes other contacts.

    Raises:
        BadInputError: Both are given, the file is none, or the number is too large.
    """
    if seed_file is None:
        if contacts is None:
            return None
        try:
            return generate(contacts=contacts, seed=seed)
        except ValueError as error:
            raise BadInputError(f"--contacts: {error}.") from None
    if contacts is not None:
        raise BadInputError("give --contacts or --seed-file, not both.")
    try:
        return load_seed(seed_file)
    except SeedError as error:
        raise BadInputError(f"--seed-file {seed_file}: {error}.") from None
    except OSError as error:
        raise BadInputError(f"--seed-file {seed_file} cannot be read: {error.strerror}.") from None
