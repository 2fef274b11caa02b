"""A server that gives scripted answers, for what no simulator does on purpose."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

INTERRUPT = b"interrupt"
"""In place of an answer: the process that asks gets a SIGINT."""


def answer(status: int, body: object) -> bytes:
    """Give the bytes of an answer with a JSON body."""
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


def page(
    *contacts: dict[str, object], number: int = 1, last: int = 1, total: int | None = None
) -> bytes:
    """Give one page of getContacts; unless told otherwise all pages hold as many contacts."""
    whole = len(contacts) * last if total is None else total
    meta = {"current_page": number, "last_page": last, "per_page": 500, "total": whole}
    return answer(200, {"data": list(contacts), "meta": meta})


@contextmanager
def scripted(*answers: bytes) -> Generator[str]:
    """Serve these answers, one for each request, and give the base URL."""
    done = threading.Event()

    def serve() -> None:
        left = list(answers)
        while left:
            try:
                connection, _ = server.accept()
            except OSError:
                return  # The block has ended, and nobody asks for the rest.
            with connection:
                asked = b""
                while b"\r\n\r\n" not in asked and (heard := connection.recv(65_536)):
                    asked += heard
                if not asked:
                    continue  # whoever only looked whether somebody is here
                one = left.pop(0)
                if one == INTERRUPT:
                    # Of this thread's own signal the main one would learn when it next wakes.
                    os.kill(os.getpid(), signal.SIGINT)
                    done.wait(10)
                else:
                    connection.sendall(one)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/api/v1"
        done.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
