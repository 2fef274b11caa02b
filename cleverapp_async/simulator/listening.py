"""The socket a server listens on, bound before anybody may connect."""

from __future__ import annotations

import socket


def bind(host: str, port: int) -> socket.socket:
    """Bind a TCP socket that does not listen yet: connecting to it is refused.

    Args:
        host: An IPv4 or IPv6 address.
        port: The port, or 0 for a free one.

    Raises:
        OSError: The port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
