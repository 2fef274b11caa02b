from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleverapp_async import AccountKey, LimiterRegistry, LimitKey, Quota, Schedule, forecast
from cleverapp_async.bulk import EtaMeter
from cleverapp_async.bulk.eta import estimate, estimate_run

if TYPE_CHECKING:
    from collections.abc import Mapping

WHATSAPP = LimitKey(7, "whatsapp")
TELEGRAM = LimitKey(7, "telegram")
MANY = [LimitKey(bot, "telegram") for bot in range(1, 51)]
ACCOUNT = (Quota(2, 1.0), Quota(120, 60.0))
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp()
DAY = Schedule(not_before=time(9), not_after=time(21), zone="UTC")


def quotas(key: LimitKey) -> tuple[Quota, ...]:
    """Give the documented quotas."""
    return (Quota(1, 10.0),) if key.messenger == "whatsapp" else (Quota(10, 10.0),)


def unlimited(_: LimitKey) -> tuple[Quota, ...]:
    """Give no quota."""
    return ()


def measure(
    gaps: Mapping[LimitKey, float], until: float = NOON, schedule: Schedule | None = None
) -> EtaMeter:
    """Let each key have outcomes at even gaps for the ten minutes up to a moment."""
    meter = EtaMeter(schedule)
    moments = [
        (until - (place + turn / len(gaps)) * gap, key)
        for turn, (key, gap) in enumerate(gaps.items())
        for place in range(int(600 / gap) + 1)
    ]
    for moment, key in sorted(moments, key=lambda note: note[0]):
        meter.note(key, moment)
    return meter


def test_a_hundred_thousand_whatsapp_messages_take_eleven_days() -> None:
    """At one in ten seconds 100,000 messages take 11.6 days, and nothing but the limit says so."""
    eta = estimate({WHATSAPP: 100_000}, quotas, ACCOUNT, now=NOON)
    assert round(eta.seconds / 86_400, 1) == 11.6
    assert eta.at == NOON + 999_990
    assert eta.limits == 999_990
    assert eta.bound_by == "whatsapp of bot 7"
    assert (eta.measured, eta.paused, eta.closed) == (None, 0.0, 0.0)


def test_nothing_left_ends_now() -> None:
    """Where nothing remains it ends now, in quiet hours too."""
    night = NOON + 12 * 3600
    eta = estimate({WHATSAPP: 0}, quotas, ACCOUNT, now=night, schedule=DAY)
    assert (eta.seconds, eta.at, eta.measured) == (0.0, night, None)


def test_nothing_measured_yet_leaves_the_limits_alone() -> None:
    """A meter that has seen five outcomes says nothing."""
    meter = EtaMeter()
    for place in range(5):
        meter.note(WHATSAPP, NOON - 1000 + place * 100)
    eta = estimate({WHATSAPP: 100}, quotas, ACCOUNT, now=NOON, meter=meter)
    assert (eta.seconds, eta.measured) == (990.0, None)


def test_a_slow_server_is_told_of() -> None:
    """At one in twenty seconds it takes twice what the limit asks for, and the rate is named."""
    eta = estimate({WHATSAPP: 100}, quotas, ACCOUNT, now=NOON, meter=measure({WHATSAPP: 20.0}))
    assert eta.seconds == pytest.approx(2000)
    assert eta.measured == pytest.approx(2000)
    assert eta.limits == 990
    assert eta.bound_by == "measured rate of whatsapp of bot 7"


def test_round_trips_do_not_change_what_binds() -> None:
    """A few per cent more than the limit asks for are still the limit's."""
    eta = estimate({WHATSAPP: 100}, quotas, ACCOUNT, now=NOON, meter=measure({WHATSAPP: 10.3}))
    assert eta.seconds == pytest.approx(1030)
    assert eta.bound_by == "whatsapp of bot 7"


def test_an_unlimited_run_ends_at_its_measured_rate() -> None:
    """Without limits the rate is all there is to go by, for an unknown route as well."""
    meter = EtaMeter()
    for second in range(60):
        meter.note(None, NOON - 59 + second)
    eta = estimate({None: 500}, unlimited, (), now=NOON, meter=meter)
    assert eta.seconds == pytest.approx(500)
    assert eta.bound_by == "measured rate"


def test_keys_that_share_a_full_account_are_not_slow_by_themselves() -> None:
    """Fifty bots at 1 in 25 seconds fill the account: the one with most left will speed up."""
    meter = measure(dict.fromkeys(MANY, 25.0))
    remaining: dict[LimitKey | None, int] = {**dict.fromkeys(MANY, 1), MANY[0]: 100}
    eta = estimate(remaining, quotas, ACCOUNT, now=NOON, meter=meter)
    assert eta.measured == pytest.approx(149 / 2, rel=0.05)
    assert eta.seconds < 120


def test_keys_with_few_outcomes_are_counted_together() -> None:
    """Where no bot has sent enough to be measured, all of them together have."""
    meter = EtaMeter()
    for place, key in enumerate(MANY):
        meter.note(key, NOON - 49 * 4 + place * 4)
    remaining: dict[LimitKey | None, int] = dict.fromkeys(MANY, 3)
    eta = estimate(remaining, quotas, ACCOUNT, now=NOON, meter=meter)
    assert eta.seconds == pytest.approx(600)
    assert eta.bound_by == "measured rate"


def test_a_key_that_has_not_begun_is_judged_by_its_limit() -> None:
    """What another key is slow at says nothing of a key that has sent nothing."""
    meter = measure({WHATSAPP: 20.0})
    eta = estimate({WHATSAPP: 10, TELEGRAM: 1000}, quotas, ACCOUNT, now=NOON, meter=meter)
    assert eta.seconds == 990
    assert eta.bound_by == "telegram of bot 7"


def test_a_pause_is_added_to_the_key_it_holds_up() -> None:
    """A paused key ends later, and binds where it would not have."""
    remaining: dict[LimitKey | None, int] = {WHATSAPP: 51, TELEGRAM: 401}
    meter = measure({WHATSAPP: 10.0, TELEGRAM: 1.0})
    before = estimate(remaining, quotas, ACCOUNT, now=NOON, meter=meter)
    eta = estimate(remaining, quotas, ACCOUNT, now=NOON, meter=meter, paused={TELEGRAM: 300.0})
    assert before.bound_by == "whatsapp of bot 7"
    assert before.seconds == pytest.approx(510)
    assert eta.bound_by == "telegram of bot 7"
    assert eta.seconds == pytest.approx(701)
    assert eta.limits == 700
    assert eta.paused == 300


def test_a_pause_counts_as_it_passes() -> None:
    """While a key is paused the end stays where it was told to be, and its rate is no slower."""
    meter = measure({TELEGRAM: 2.0})
    first = estimate({TELEGRAM: 100}, quotas, (), now=NOON, meter=meter, paused={TELEGRAM: 300.0})
    for passed in (100.0, 200.0, 300.0):
        left = {TELEGRAM: 300.0 - passed}
        eta = estimate({TELEGRAM: 100}, quotas, (), now=NOON + passed, meter=meter, paused=left)
        assert eta.at == pytest.approx(first.at)
    assert first.seconds == pytest.approx(500)


def test_a_paused_account_holds_up_every_key() -> None:
    """The account's pause and a key's own go on at the same time."""
    eta = estimate(
        {WHATSAPP: 2, TELEGRAM: 2},
        quotas,
        ACCOUNT,
        now=NOON,
        paused={WHATSAPP: 30.0},
        account_paused=60.0,
    )
    assert (eta.seconds, eta.paused) == (70.0, 60.0)


def test_quiet_hours_are_added_and_named_where_they_are_most_of_it() -> None:
    """What does not fit before the evening goes on in the morning."""
    evening = NOON + 8.5 * 3600
    eta = estimate({WHATSAPP: 361}, quotas, ACCOUNT, now=evening, schedule=DAY)
    assert eta.seconds == 3600 + 12 * 3600
    assert eta.limits == 3600
    assert eta.closed == 12 * 3600
    assert eta.bound_by == "quiet hours"


def test_quiet_hours_that_are_the_smaller_part_are_not_named() -> None:
    """Where sending takes longer than the nights, it is the limit that binds."""
    long_days = Schedule(not_before=time(6), not_after=time(22), zone="UTC")
    eta = estimate({WHATSAPP: 100_000}, quotas, ACCOUNT, now=NOON, schedule=long_days)
    assert eta.bound_by == "whatsapp of bot 7"
    assert eta.at == long_days.end_of(NOON, 999_990)


def test_a_pause_goes_on_in_quiet_hours() -> None:
    """A pause that ends before the opening costs nothing."""
    evening = NOON + 9 * 3600
    paused = {WHATSAPP: 3600.0}
    eta = estimate({WHATSAPP: 2}, quotas, ACCOUNT, now=evening, schedule=DAY, paused=paused)
    assert eta.seconds == 12 * 3600 + 10


def test_a_night_does_not_make_the_run_slow() -> None:
    """In the morning the rate is that of the evening."""
    meter = measure({WHATSAPP: 20.0}, until=NOON + 9 * 3600 - 1, schedule=DAY)
    morning = NOON + 21 * 3600
    eta = estimate({WHATSAPP: 100}, quotas, ACCOUNT, now=morning, meter=meter, schedule=DAY)
    assert eta.seconds == pytest.approx(2000)
    assert eta.closed == 0


async def test_a_run_is_judged_by_its_limiters() -> None:
    """Quotas come from the registry, and the pauses that its limiters keep now."""
    limits, account = LimiterRegistry(), AccountKey("a")
    limits.pause(WHATSAPP, 300.0)
    eta = estimate_run({WHATSAPP: 11, TELEGRAM: 11}, limits, account, now=NOON)
    assert eta.seconds == pytest.approx(400, abs=1)
    assert eta.paused == pytest.approx(300, abs=1)
    assert eta.bound_by == "whatsapp of bot 7"
    limits.pause(account, 600.0)
    eta = estimate_run({WHATSAPP: 11, TELEGRAM: 11}, limits, account, now=NOON)
    assert eta.seconds == pytest.approx(700, abs=1)


async def test_a_key_without_a_message_in_work_is_not_slow() -> None:
    """Where nothing of a key has been read for an hour, its rate is that of before."""
    limits, account = LimiterRegistry(), AccountKey("a")
    meters = [measure({TELEGRAM: 2.0}), measure({TELEGRAM: 2.0})]
    silent, slow = (
        estimate_run(
            {TELEGRAM: 100}, limits, account, now=NOON + 3600, meter=meter, in_work=in_work
        )
        for meter, in_work in zip(meters, ({WHATSAPP}, {TELEGRAM}), strict=True)
    )
    assert silent.measured == pytest.approx(200)
    assert slow.measured is not None
    assert slow.measured > 1000


KEYS = st.sampled_from([None, WHATSAPP, TELEGRAM, *MANY[:3]])
COUNTS = st.dictionaries(KEYS, st.integers(0, 5000), min_size=1)
GAPS = st.dictionaries(st.sampled_from([WHATSAPP, TELEGRAM, *MANY[:3]]), st.floats(1, 300))
PAUSES = st.dictionaries(st.sampled_from([WHATSAPP, TELEGRAM, *MANY[:3]]), st.floats(0, 5000))
SCHEDULES = st.sampled_from([None, DAY, Schedule(at=datetime(2026, 12, 2, tzinfo=UTC))])


@given(COUNTS, GAPS, PAUSES, SCHEDULES)
def test_it_never_ends_before_the_limits_let_it(
    remaining: dict[LimitKey | None, int],
    gaps: dict[LimitKey, float],
    paused: dict[LimitKey, float],
    schedule: Schedule | None,
) -> None:
    """Whatever was measured, the forecast by the limits alone comes no later."""
    eta = estimate(
        remaining, quotas, ACCOUNT, now=NOON, meter=measure(gaps), paused=paused, schedule=schedule
    )
    found = forecast(remaining, quotas, ACCOUNT)
    assert eta.limits >= found.seconds
    assert eta.seconds >= eta.limits - 1e-5
    assert eta.seconds >= (eta.measured or 0.0) - 1e-5
    if any(remaining.values()):
        assert eta.at >= found.ends_at(NOON, schedule) - 1e-5
    assert 0 <= eta.closed <= eta.seconds + 1e-5


@given(COUNTS, GAPS, PAUSES, KEYS, st.integers(1, 1000))
def test_more_to_send_never_ends_sooner(
    remaining: dict[LimitKey | None, int],
    gaps: dict[LimitKey, float],
    paused: dict[LimitKey, float],
    key: LimitKey | None,
    more: int,
) -> None:
    """Further messages for anybody leave the end where it is, or put it off."""
    meter = measure(gaps)
    ends = [
        estimate(
            counts, quotas, ACCOUNT, now=NOON, meter=meter, paused=paused, schedule=schedule
        ).at
        for schedule in (None, DAY)
        for counts in (remaining, remaining | {key: remaining.get(key, 0) + more})
    ]
    assert ends[0] <= ends[1]
    assert ends[2] <= ends[3]


@given(st.integers(2, 5000), st.floats(1, 300), st.floats(0, 5000), st.floats(0, 5000))
def test_a_pause_shifts_the_end(count: int, gap: float, pause: float, longer: float) -> None:
    """Of a single key the end moves by just as much as its pause grows."""
    ends = [
        estimate(
            {TELEGRAM: count},
            quotas,
            (),
            now=NOON,
            meter=measure({TELEGRAM: gap}),
            paused={TELEGRAM: seconds},
        ).at
        for seconds in (pause, pause + longer)
    ]
    assert ends[1] - ends[0] == pytest.approx(longer, abs=1e-3)
