"""The parts of the shared limits that need no server, and what stands in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, ConfigurationError, LimiterRegistry, LimitKey, Quota
from cleverapp_async.limits.shared.ledger import Ledger
from cleverapp_async.limits.shared.messages import LogReply, LogRequest, SlotUpdate, Terms
from cleverapp_async.limits.shared.redis_log import key_names, read_key, tagged
from tests.limits.shared.fleet import KEY, registry

if TYPE_CHECKING:
    from cleverapp_async.limits import OnUnavailable
    from tests.redis_server import RedisServer

SECRET = "not-to-be-shown"

words = st.text(st.characters(codec="utf-8"), max_size=12)
keys = st.builds(LimitKey, st.none() | st.integers(0, 2**40), words, words)


@given(key=keys | st.builds(AccountKey, st.text("0123456789abcdef", min_size=1)))
def test_a_name_tells_whose_log_it_is(key: LimitKey | AccountKey) -> None:
    """Every key is found again from the name of its log, whatever its messenger is called."""
    assert read_key("p", key_names("p", key, [])[0]) == key


@given(key=keys, other=keys)
def test_different_keys_have_different_logs(key: LimitKey, other: LimitKey) -> None:
    """No two keys share a log."""
    assert (tagged("p", key) == tagged("p", other)) == (key == other)


@pytest.mark.parametrize("name", ["other:{bot:1}:a:b:meta", "p:{bot:x}:a:b:meta", "p:plain:meta"])
def test_a_foreign_name_is_nobodys(name: str) -> None:
    """What other programs keep in the same Redis is not taken for a log."""
    assert read_key("p", name) is None


def test_all_logs_of_a_bot_lie_in_one_hash_slot() -> None:
    """The part in braces is the bot alone, or the account alone."""
    tags = {
        name[name.index("{") : name.index("}") + 1]
        for messenger in ("telegram", "viber")
        for name in key_names("p", LimitKey(7, messenger), [(1, 1.0), (5, 60.0)])
    }
    assert tags == {"{bot:7}"}
    assert "{account:abc}" in tagged("p", AccountKey("abc"))


def test_terms_keep_the_smallest_of_equal_periods() -> None:
    """Quotas with one period are one window: the smaller limit, the longer hold."""
    quotas = [Quota(5, 1.0, 0.1), Quota(3, 1.0, 0.2), Quota(9, 60.0), Quota(9, 60.0, 0.5)]
    terms = Terms.of(quotas, 10.0)
    assert terms.windows == ((3, 1.0), (9, 60.0))
    assert terms.caps == (0.2, None)
    assert (terms.shortest, terms.longest) == (1.0, 60.0)


@pytest.mark.parametrize(
    ("quota", "turn"),
    [(Quota(1, 10.0), 1), (Quota(10, 10.0), 5), (Quota(2, 1.0), 6), (Quota(40, 1.0), 20)],
)
def test_a_turn_is_half_a_quota_or_some_seconds(quota: Quota, turn: int) -> None:
    """Where a quota is small and quick, a turn is longer, as each costs round trips."""
    assert Terms.of([quota], 10.0).turn == turn


def test_a_slot_whose_request_began_to_leave_is_no_other_requests() -> None:
    """Its cap would be counted from the earlier request, and the slot be free too soon."""
    ledger = Ledger(Terms.of([Quota(1, 1.0, settle_within=0.3)], 62.0))
    ledger.grant("a:1", 0.0)
    slot = ledger.take_spare(0.0)
    assert slot is not None
    assert ledger.is_fresh(slot, 0.1)
    ledger.sent(slot, 0.1)
    assert not ledger.is_fresh(slot, 0.1)


def test_what_is_given_back_after_a_loss_is_told_to_the_new_log() -> None:
    """It may be on its way there as held, and would stay so for the whole guard."""
    ledger = Ledger(Terms.of([Quota(1, 1.0)], 62.0))
    ledger.grant("a:1", 0.0)
    slot = ledger.take_spare(0.0)
    assert slot is not None
    ledger.start_over(0.1)
    assert not ledger.has_lapsed(slot, 0.1)
    ledger.give_back(slot)
    assert ledger.given_back == ["a:1"]


def test_a_slot_that_is_renewed_too_late_has_lapsed() -> None:
    """The log takes it back, but may have given it to somebody else before."""
    ledger = Ledger(Terms.of([Quota(1, 1.0)], 62.0))
    ledger.grant("a:1", 0.0)
    slot = ledger.take_spare(0.0)
    assert slot is not None
    ledger.wrote(ledger.news(30.0), (), 30.0, 30.5)
    assert not ledger.has_lapsed(slot, 60.0)
    ledger.wrote(ledger.news(100.0), (), 100.0, 100.5)
    assert ledger.has_lapsed(slot, 100.5)


def test_a_request_is_plain_text_and_numbers() -> None:
    """Updates, returns and the audit stand in the arguments in the script's order."""
    terms = Terms.of([Quota(2, 1.0), Quota(120, 60.0)], 62.0)
    request = LogRequest(
        process="p",
        sequence=3,
        demand=4,
        ahead=5,
        updates=[SlotUpdate("p:1", (0.25, "h")), SlotUpdate("p:2", ("t", None))],
        given_back=["p:3"],
        known=["p:4"],
        lost=True,
        pause=1.5,
        refusals=1,
    )
    written = request.arguments(terms)
    assert written[:3] == ["p", 3, 4]
    assert written[8:12] == ["1", 1_500_000, 1, "2 1000000 120 60000000"]
    assert written[12:] == ["p:1 250000 h p:2 t -", "p:3", "a p:4", 5]


def test_a_reply_is_read_whatever_the_client_decodes() -> None:
    """Bytes and texts alike; an overtaken call has none."""
    raw: list[object] = [5_000_000, b"e", 250_000, 0, 0, 2, b"p:1 100000 p:2 0"]
    reply = LogReply.read(raw)
    assert reply is not None
    assert reply == LogReply.read(
        [part.decode() if isinstance(part, bytes) else part for part in raw]
    )
    assert (reply.now, reply.wait, reply.refusals) == (5.0, 0.25, 2)
    assert [(grant.slot, grant.delay) for grant in reply.grants] == [
        ("p:1", 0.1),
        ("p:2", 0.0),
    ]
    assert LogReply.read([-1]) is None


@pytest.mark.parametrize(
    ("policy", "share"),
    [("open", None), ("local", None), ("wait", 0.5), ("local", 0.0), ("local", 1.5)],
)
def test_a_policy_is_stated_or_refused(policy: OnUnavailable, share: float | None) -> None:
    """There is no policy that is silently open, and no share that nobody stated."""
    with pytest.raises(ConfigurationError):
        registry("redis://127.0.0.1:1", "p", on_unavailable=policy, local_share=share)


@pytest.mark.parametrize("prefix", ["", "a b", "a{b}", "a*"])
def test_a_prefix_is_a_plain_word(prefix: str) -> None:
    """It must leave hash tags and patterns alone."""
    with pytest.raises(ConfigurationError, match="prefix"):
        registry("redis://127.0.0.1:1", prefix)


def test_times_are_above_zero() -> None:
    """A guard or time-out of nothing cannot work."""
    with pytest.raises(ConfigurationError, match="guard"):
        registry("redis://127.0.0.1:1", "p", guard=0.0)
    with pytest.raises(ConfigurationError, match="timeout"):
        registry("redis://127.0.0.1:1", "p", timeout=-1.0)


def test_a_bad_url_is_not_repeated() -> None:
    """It may hold a password, so the error does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        LimiterRegistry.shared(f"http://:{SECRET}@host")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where redis-py is missing, the error names the extra."""
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(ConfigurationError, match="pip install redis,"):
        LimiterRegistry.shared("redis://127.0.0.1:1")


async def test_every_key_expires(server: RedisServer, prefix: str) -> None:
    """Nothing stays in Redis for ever: each key outlives its last use by guard and two periods."""
    async with server.client() as redis, registry(server.url, prefix, guard=5.0) as limits:
        permit = await limits.limiter(KEY).acquire()
        names = [name async for name in redis.scan_iter(match=f"{prefix}:*")]
        lives = [await redis.pttl(name) for name in names]
        permit.settle()
    assert len(names) >= 4
    assert all(0 < life <= 5_000 + 400 + 1_000 for life in lives)


async def test_the_account_of_a_log_is_a_digest(server: RedisServer, prefix: str) -> None:
    """What stands in Redis about an account is its digest and no token."""
    async with (
        server.client() as redis,
        LimiterRegistry.shared(server.url, prefix=prefix, account=Quota(2, 0.1)) as limits,
    ):
        (await limits.limiter(AccountKey("abc123")).acquire()).settle()
        names = [name.decode() async for name in redis.scan_iter(match=f"{prefix}:*")]
    assert names
    assert all(name.startswith(f"{prefix}:{{account:abc123}}:") for name in names)
