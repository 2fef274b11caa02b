from __future__ import annotations

import math

import pytest

from cleverapp_async.errors import ConfigurationError
from cleverapp_async.limits.quota import (
    ACCOUNT_QUOTAS,
    MESSENGER_QUOTAS,
    AccountKey,
    LimitKey,
    Quota,
    as_quotas,
)


@pytest.mark.parametrize("limit", [0, -1, 1.5])
def test_a_limit_is_a_whole_number_from_one_up(limit: float) -> None:
    """Anything else is refused by name when the quota is made."""
    with pytest.raises(ConfigurationError, match=r"Quota\.limit"):
        Quota(limit, 1.0)  # type: ignore[arg-type] # what a checker would stop, we stop too


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.inf, math.nan])
def test_seconds_are_positive_and_finite(seconds: float) -> None:
    """A period or a cap of no, endless or unknown length is refused by name."""
    with pytest.raises(ConfigurationError, match=r"Quota\.period"):
        Quota(1, seconds)
    with pytest.raises(ConfigurationError, match=r"Quota\.settle_within"):
        Quota(1, 1.0, settle_within=seconds)


def test_spacing_is_the_time_per_request() -> None:
    """The spacing of ten per ten seconds is a second, of one per ten seconds ten."""
    assert Quota(10, 10.0).spacing == 1.0
    assert Quota(1, 10.0).spacing == 10.0


def test_a_scaled_quota_has_the_same_limit_in_shorter_time() -> None:
    """Period and cap are divided by the factor."""
    assert Quota(2, 10.0, settle_within=0.5).scaled(10) == Quota(2, 1.0, settle_within=0.05)
    assert Quota(2, 10.0).scaled(4) == Quota(2, 2.5)


def test_quotas_are_written_in_three_ways() -> None:
    """One, several, or None for no limit."""
    one, two = Quota(1, 1.0), Quota(2, 2.0)
    assert as_quotas(one) == (one,)
    assert as_quotas([one, two]) == (one, two)
    assert as_quotas(None) == ()


def test_keys_are_told_for_people() -> None:
    """A key reads as people speak of it, an account without what it was made of."""
    assert str(LimitKey(7, "whatsapp")) == "whatsapp of bot 7"
    assert str(LimitKey(None, "vk")) == "vk of an unknown bot"
    assert str(LimitKey(7, "whatsapp", "sendMessageToWhatsApp")) == (
        "whatsapp of bot 7 (sendMessageToWhatsApp)"
    )
    assert str(AccountKey("0123456789abcdef")) == "account 01234567"


def test_the_documented_limits_are_those_of_the_pages() -> None:
    """The numbers of the API's pages, and no window whose slots are freed before the answer."""
    assert MESSENGER_QUOTAS["whatsapp"] == Quota(1, 10.0)
    assert {MESSENGER_QUOTAS[name] for name in ("telegram", "viber", "icq")} == {Quota(10, 10.0)}
    assert [(quota.limit, quota.period) for quota in ACCOUNT_QUOTAS] == [(2, 1.0), (120, 60.0)]
    assert [quota.settle_within for quota in ACCOUNT_QUOTAS] == [None, None]
