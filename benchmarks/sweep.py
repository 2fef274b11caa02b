"""How limits are kept over more and more jitter, and how long a campaign takes with more keys.

As :mod:`.window`, with fewer keys at each of some jitters, ours and its peers in turns; then ours
alone with one key to a hundred. ``python -m benchmarks.plot`` draws both.
"""

from __future__ import annotations

from ._ideal import ideal_times
from ._report import Figure, Report, Series
from .window import LIMITERS, OURS, QUOTA, campaign, jitter

__all__ = ["run"]

_SIGMAS = (0.0, 0.5, 1.0, 1.5)
_KEYS_AT_EACH = 10
_KEYS = (1, 3, 10, 30, 100)
_MESSAGES = 40
_SIGMA = 1.0
_IDEAL_SEEDS = 100


def run(repetitions: int) -> Report:
    """Measure each jitter, then each number of keys.

    Args:
        repetitions: How many campaigns at each point; of refusals the most counts, of times the
            shortest.
    """
    refused = {
        name: tuple(
            (
                sigma,
                max(
                    campaign(
                        make, jitter(sigma), keys=_KEYS_AT_EACH, messages=_MESSAGES, seed=seed
                    ).refusals
                    for seed in range(repetitions)
                ),
            )
            for sigma in _SIGMAS
        )
        for name, make in LIMITERS.items()
    }
    lasted: list[tuple[int, float]] = []
    ideal: list[tuple[int, float]] = []
    network = jitter(_SIGMA)
    for keys in _KEYS:
        runs = [
            campaign(LIMITERS[OURS], network, keys=keys, messages=_MESSAGES, seed=seed).last_answer
            for seed in range(repetitions)
        ]
        lasted.append((keys, min(runs)))
        rule = ideal_times(
            QUOTA,
            lambda rng: network.out.draw(rng) + network.back.draw(rng),
            keys=keys,
            messages=_MESSAGES,
            seeds=_IDEAL_SEEDS,
        )
        ideal.append((keys, rule.last_answer))
    most = sum(times for _, times in refused[OURS])
    return Report(
        name="sweep",
        about=(
            f"{_MESSAGES} messages of each key, {QUOTA.limit} per {QUOTA.period:g} s and key; "
            f"{_KEYS_AT_EACH} keys at each jitter, sigma {_SIGMA:g} for each number of keys; "
            f"{repetitions} repetitions"
        ),
        figures=(
            Figure(name="refusals at any jitter, ours", value=most, at_most=0),
            *(
                Figure(
                    name=f"refusals of {_KEYS_AT_EACH * _MESSAGES} at sigma {sigma:g}, {name}",
                    value=times,
                )
                for name, points in refused.items()
                if name != OURS
                for sigma, times in points
            ),
            *(
                Figure(
                    name=f"until the last answer ÷ ideal rule, keys: {keys:g}", value=took / least
                )
                for (keys, took), (_, least) in zip(lasted, ideal, strict=True)
            ),
        ),
        series=(
            *(
                Series(plot="refusals", name=name, points=points)
                for name, points in refused.items()
            ),
            Series(plot="completion", name=OURS, points=tuple(lasted)),
            Series(plot="completion", name="ideal rule without computing", points=tuple(ideal)),
        ),
        settings={
            "messages": _MESSAGES,
            "keys_at_each_jitter": _KEYS_AT_EACH,
            "repetitions": repetitions,
        },
    )
