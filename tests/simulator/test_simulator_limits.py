from __future__ import annotations

import pickle

import pytest

from cleverapp_async.simulator import SimulatorLimits
from cleverapp_async.simulator.limits import RateLimiter

SCOPE = ("sendMessage", 1, "telegram")
DIRECT = ("sendMessageToWhatsApp", 1, "whatsapp")


def test_documented_quotas_are_the_default() -> None:
    """By default the quotas are those of the API's pages."""
    limits = SimulatorLimits()
    assert limits.of_messenger("whatsapp") == (1, 10.0)
    assert {limits.of_messenger(name) for name in ("telegram", "viber", "icq")} == {(10, 10.0)}
    assert limits.of_messenger("vk") == (10, 10.0)
    assert limits.whatsapp_direct == (1, 1.0)
    assert limits.account == ((2, 1.0), (120, 60.0))


def test_none_switches_everything_off() -> None:
    """Without limits nothing is refused."""
    limits = SimulatorLimits.none()
    limiter = RateLimiter(limits, "sliding")
    assert limits.of_messenger("whatsapp") is None
    assert all(limiter.admit_account(0.0) is None for _ in range(200))
    assert all(limiter.admit(scope, 0.0) for scope in (SCOPE, DIRECT) for _ in range(200))


def test_scaling_divides_every_period() -> None:
    """A scaled copy has the same counts in shorter periods, and leaves off what is off."""
    limits = SimulatorLimits(messengers={"telegram": (10, 10.0), "viber": None}).scaled(10)
    assert limits.of_messenger("telegram") == (10, 1.0)
    assert limits.of_messenger("viber") is None
    assert limits.other_messengers == (10, 1.0)
    assert limits.whatsapp_direct == (1, 0.1)
    assert limits.account == ((2, 0.1), (120, 6.0))
    assert SimulatorLimits.none().scaled(2) == SimulatorLimits.none()


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan")])
def test_a_senseless_factor_is_refused(factor: float) -> None:
    """Only a factor above 0 scales."""
    with pytest.raises(ValueError, match="factor"):
        SimulatorLimits().scaled(factor)


def test_senseless_quotas_are_refused() -> None:
    """A quota admits at least one in more than no time; the message names it."""
    with pytest.raises(ValueError, match=r"messengers\['vk'\]"):
        SimulatorLimits(messengers={"vk": (0, 1.0)})
    with pytest.raises(ValueError, match="other_messengers"):
        SimulatorLimits(other_messengers=(1, 0.0))
    with pytest.raises(ValueError, match="whatsapp_direct"):
        SimulatorLimits(whatsapp_direct=(1, float("inf")))
    with pytest.raises(ValueError, match="account"):
        SimulatorLimits(account=((1, -1.0),))


def test_limits_do_not_change_with_the_mapping_they_were_made_of() -> None:
    """The quotas are a copy of what was passed."""
    given = {"vk": (3, 1.0)}
    limits = SimulatorLimits(messengers=given)
    given["vk"] = (9, 1.0)
    assert limits.of_messenger("vk") == (3, 1.0)


def test_limits_travel_to_another_process() -> None:
    """Limits can be pickled, as a simulator in a process of its own needs."""
    limits = SimulatorLimits().scaled(10)
    assert pickle.loads(pickle.dumps(limits)) == limits  # noqa: S301 - our own bytes


def test_what_the_second_refuses_is_counted_against_the_minute() -> None:
    """The account's throttles stand one behind the other, the longest period first."""
    limiter = RateLimiter(SimulatorLimits(account=((2, 1.0), (4, 60.0))), "sliding")

    def ask(now: float) -> tuple[int, int, float | None]:
        told = limiter.admit_account(now)
        assert told is not None
        return told.limit, told.remaining, told.retry_after

    assert [ask(0.0), ask(0.0)] == [(2, 1, None), (2, 0, None)]
    assert ask(0.25) == (2, 0, 0.75)
    assert ask(1.0) == (2, 1, None)
    assert ask(2.0) == (4, 0, 58.0)


def test_an_account_without_limits_tells_of_none() -> None:
    """Where the account has no quota there is nothing to tell."""
    assert RateLimiter(SimulatorLimits.none(), "fixed").admit_account(0.0) is None


def test_scopes_do_not_share_a_window() -> None:
    """Bots, messengers and methods are counted apart."""
    limiter = RateLimiter(SimulatorLimits(other_messengers=(1, 10.0), messengers={}), "fixed")
    scopes = [SCOPE, ("sendMessage", 2, "telegram"), ("sendMessage", 1, "viber")]
    assert [limiter.admit(scope, 0.0) for scope in scopes] == [True] * 3
    assert [limiter.admit(scope, 9.0) for scope in scopes] == [False] * 3
