from __future__ import annotations

import pickle

from multidict import CIMultiDict, CIMultiDictProxy

from cleverapp_async._secret import Secret
from cleverapp_async._transport.session import StruckHeaders

TOKEN = "tok+en/=secret"


def headers() -> StruckHeaders:
    """An answer's headers, of a server that echoes the URL."""
    came = CIMultiDict({"Location": "/x?api_token=tok%2Ben%2F%3Dsecret", "X-Trace": "7"})
    came.add("X-Trace", "8")
    return StruckHeaders(CIMultiDictProxy(came), Secret(TOKEN).strike)


def test_all_headers_are_there_by_their_lower_case_names() -> None:
    """Every name stands once, in lower case, and is found in any case."""
    assert list(headers()) == ["location", "x-trace"]
    assert len(headers()) == 2
    assert headers()["X-TRACE"] == headers()["x-trace"] == "7"
    assert headers().get("retry-after") is None


def test_the_token_is_struck_out_of_headers() -> None:
    """Neither a value, nor the repr, nor a pickle of the headers holds the token."""
    echoed = headers()
    assert echoed["location"] == "/x?api_token=***"
    assert "secret" not in repr(echoed)
    assert b"secret" not in pickle.dumps(echoed)
    assert pickle.loads(pickle.dumps(echoed)) == dict(echoed)  # noqa: S301 - made here
