from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, LimitKey, Quota
from cleverapp_async.cli.params import LimitOverride, read_account_limit, read_limit
from cleverapp_async.cli.send_settings import LimitSettings

if TYPE_CHECKING:
    from tests.cli.command import Run, Write

ACCOUNT = AccountKey("")
QUOTAS = st.lists(st.builds(Quota, st.integers(1, 10**8), st.floats(1e-3, 1e6)), max_size=3).map(
    tuple
)
NAMES = st.sampled_from(
    ["whatsapp", "telegram", "others", "sendMessageToWhatsApp", "max", "brandnew"]
)


def test_reads_a_messenger_limit() -> None:
    """A messenger, N and T make a quota."""
    assert read_limit("WhatsApp = 1/10s") == LimitOverride("whatsapp", (Quota(1, 10.0),))


def test_reads_no_limit() -> None:
    """The word none switches a limit off."""
    assert read_limit("telegram=none") == LimitOverride("telegram", ())
    assert read_account_limit("None") == ()


def test_reads_several_quotas() -> None:
    """Quotas with commas between them hold together."""
    assert read_account_limit("2/1s, 120/60s") == (Quota(2, 1.0), Quota(120, 60.0))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        *((text, text) for text in ("", "1", "1/", "/1s", "0/1s", "1/0s", "1.5/1s", "x", "1/1e5")),
        *(("1/1s,", ""), ("none,1/1e5", "none"), ("1/1s,2/1m,x", "x"), ("\u0661/1s", "\u0661/1s")),
    ],
)
def test_refuses_what_is_no_limit(text: str, part: str) -> None:
    """Anything else is refused, and the part that is wrong is quoted."""
    with pytest.raises(ValueError, match=re.escape(f"{part!r}")):
        read_account_limit(text)


@pytest.mark.parametrize("text", ["1/10s", "=1/10s"])
def test_refuses_a_limit_of_nothing(text: str) -> None:
    """A messenger's limit must name the messenger."""
    with pytest.raises(ValueError, match=re.escape(f"{text!r}")):
        read_limit(text)


def test_own_limits_go_before_the_documented_ones() -> None:
    """Overrides replace what they name and leave the rest."""
    names = ("whatsapp=1/5s", "others=3/1s", "sendmessagetowhatsapp=none")
    settings = LimitSettings(
        overrides=tuple(map(read_limit, names)), account=read_account_limit("5/1s")
    )
    registry = settings.registry()
    assert registry.quotas(LimitKey(1, "whatsapp")) == (Quota(1, 5.0),)
    assert registry.quotas(LimitKey(1, "telegram")) == (Quota(10, 10.0),)
    assert registry.quotas(LimitKey(1, "max")) == (Quota(3, 1.0),)
    assert registry.quotas(LimitKey(1, "whatsapp", "sendMessageToWhatsApp")) == ()
    assert registry.quotas(ACCOUNT) == (Quota(5, 1.0),)


def test_quicker_time_is_exact() -> None:
    """Scaled quotas hold each slot to the answer: the network does not get quicker with them."""
    registry = LimitSettings(scale=10).registry()
    assert registry.quotas(LimitKey(1, "whatsapp")) == (Quota(1, 1.0),)
    assert registry.quotas(ACCOUNT) == (Quota(2, 0.1), Quota(120, 6.0))


@given(
    st.lists(
        st.builds(LimitOverride, NAMES, QUOTAS), max_size=3, unique_by=lambda one: one.name
    ).map(tuple),
    st.none() | QUOTAS,
    st.floats(0.01, 1000),
)
def test_what_is_written_is_read_again(
    overrides: tuple[LimitOverride, ...], account: tuple[Quota, ...] | None, scale: float
) -> None:
    """Limits that a command is printed with are the same when the command is given."""
    written = LimitSettings(overrides=overrides, account=account, scale=scale).written()
    given = list(zip(written[::2], written[1::2], strict=True))
    assert tuple(read_limit(text) for name, text in given if name == "--limit") == overrides
    accounts = [read_account_limit(text) for name, text in given if name == "--account-limit"]
    assert accounts == ([] if account is None else [account])
    scales = [float(text) for name, text in given if name == "--scale"]
    assert scales == ([] if scale == 1.0 else [scale])


def test_a_documented_quota_keeps_its_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a documented quota bounds its hold, so does the same quota given or scaled here."""
    capped = (Quota(2, 1.0, settle_within=0.1), Quota(120, 60.0))
    for module in ("params", "send_settings"):
        monkeypatch.setattr(f"cleverapp_async.cli.{module}.ACCOUNT_QUOTAS", capped)
    assert read_account_limit("2/1s,120/60s") == capped
    assert read_account_limit("3/1s") == (Quota(3, 1.0),)
    scaled = LimitSettings(scale=10).registry().quotas(ACCOUNT)
    assert scaled == (Quota(2, 0.1, settle_within=0.1), Quota(120, 6.0))


def test_a_messenger_that_is_not_known_needs_a_word() -> None:
    """A misspelt messenger is refused; one that is newer than this version has `other:` before."""
    with pytest.raises(ValueError, match="telegram"):
        read_limit("telegramm=1/1s")
    given = read_limit("other:BrandNew=1/1s")
    assert given == LimitOverride("brandnew", (Quota(1, 1.0),))
    assert read_limit(given.written()) == given


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ("whatsapp", ("whatsapp", "sendMessageToWhatsApp")),
        ("telegram", ("telegram",)),
        ("others", ("others",)),
        ("sendMessageToWhatsApp", ()),
    ],
)
def test_a_limit_that_holds_for_nothing_is_told(
    cleverapp: Run, write: Write, limit: str, named: tuple[str, ...]
) -> None:
    """A limit of the user's own under which no message is gets named before anything is sent."""
    path = write("r.csv", "bot_id,phone,text\n7,79991234567,Hi\n")
    ended = cleverapp("send", path, "--dry-run", "--limit", f"{limit}=1/10s")
    assert ended.code == 0
    assert ("Warning" in ended.err) is bool(named)
    for name in named:
        assert f"--limit {name}" in ended.err


def test_a_limit_is_given_once(cleverapp: Run, write: Write) -> None:
    """Of two limits for one messenger nobody could tell which is meant."""
    path = write("r.csv", "contact_id,text\n7,Hi\n")
    twice = ("--limit", "telegram=1/10s", "--limit", "telegram=none")
    ended = cleverapp("send", path, "--dry-run", *twice)
    assert ended.code == 2
    assert "--limit telegram" in ended.err
