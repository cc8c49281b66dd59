"""The detector: its bets written out, its promise kept, and what it finds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.stats import beta

from penchant.core import UsageError
from penchant.metrics import ChangeDetector, bands, stake
from penchant.metrics.change import STEPS


def written_out(values: list[float], high: float) -> float:
    """The upward evidence of one bin, one observation a block: every start, every step by itself."""
    total = 0.0
    for step in STEPS:
        odds = high / (1 - high) * math.exp(step)
        rate = odds / (1 + odds)
        for start in range(1, len(values) + 1):
            won = stake(start)
            for x in values[start - 1 :]:
                won *= (rate / high) ** x * ((1 - rate) / (1 - high)) ** (1 - x)
            total += won
    return total / len(STEPS)


def test_the_bets_are_those_of_every_start_written_out():
    values = [0.0, 1.0, 0.25, 1.0, 1.0, 0.0, 0.5]
    detector = ChangeDetector(np.array([0.0]), np.array([0.2]))
    for place, x in enumerate(values):
        detector.update(np.array([x]), 1, (place, 0.0))
    up = np.exp(detector._wealth[0, 0]).mean()
    assert up == pytest.approx(written_out(values, 0.2))


def test_a_block_is_worth_the_product_of_its_observations():
    detector = ChangeDetector(np.array([0.1]), np.array([0.3]))
    detector.update(np.array([7.0]), 10, (0, 0.0))
    rate = 1 / (1 + math.exp(-math.log(0.3 / 0.7) - STEPS[2]))
    won = 7 * math.log(rate / 0.3) + 3 * math.log((1 - rate) / 0.7)
    assert detector._wealth[0, 0, 2] == pytest.approx(math.log(stake(1)) + won)


def test_all_stakes_together_are_one():
    assert sum(stake(n) for n in range(1, 20_000)) < 1


@pytest.mark.parametrize("fractions", [False, True])
def test_false_alarms_in_all_time_are_as_few_as_promised(fractions: bool):
    """Rates on the very edge of their bands, looked at after each of 800 blocks."""
    alpha, streams, draw = 0.5, 60, np.random.default_rng(3)
    alarms = 0
    for _ in range(streams):
        detector = ChangeDetector(np.array([0.1, 0.5]), np.array([0.1, 0.5]))
        for block in range(800):
            counts = draw.binomial(10, [0.1, 0.5]).astype(float)
            if fractions:
                counts = draw.beta([0.1, 0.5], [0.9, 0.5], (10, 2)).sum(axis=0)
            detector.update(counts, 10, (block, 0.0))
            if detector.evidence >= math.log(1 / alpha):
                alarms += 1
                detector.begin_anew()
    assert alarms / streams <= alpha
    assert alarms > 0 or fractions, "a test that never fires proves nothing"


def test_it_tells_which_rate_changed_and_since_when():
    draw = np.random.default_rng(4)
    detector = ChangeDetector(np.array([0.15, 0.4, 0.3]), np.array([0.25, 0.5, 0.4]))
    before, after = [0.2, 0.45, 0.35], [0.2, 0.2, 0.6]
    found = 0
    for block in range(400):
        shares = before if block < 300 else after
        detector.update(draw.multinomial(20, shares).astype(float), 20, (block, 10.0 * block))
        if detector.evidence >= math.log(1 / 0.001):
            found = block
            break
    assert 300 < found < 315
    assert detector.strongest in (1, 2)
    assert abs(detector.since[0] - 300) <= 3
    assert detector.since[1] == 10 * detector.since[0]


def test_what_stays_within_its_band_is_no_change():
    detector = ChangeDetector(np.array([0.1]), np.array([0.3]))
    for block in range(2_000):
        detector.update(np.array([2.0 + (block % 3 - 1)]), 10, (block, 0.0))
    assert detector.evidence < 0


def test_it_goes_on_exactly_from_what_it_told():
    draw = np.random.default_rng(5)
    blocks = draw.binomial(10, 0.3, (100, 2)).astype(float)
    whole = ChangeDetector(np.array([0.1, 0.1]), np.array([0.2, 0.5]))
    part = ChangeDetector(np.array([0.1, 0.1]), np.array([0.2, 0.5]))
    for place, block in enumerate(blocks):
        whole.update(block, 10, (place, 0.5 * place))
        part.update(block, 10, (place, 0.5 * place))
        if place % 7 == 0:
            part = ChangeDetector.from_json(json.loads(json.dumps(part.to_json())))
    assert part.to_json() == whole.to_json()
    assert part.evidence == whole.evidence


def test_bands_are_clopper_and_pearsons_and_the_tolerance():
    counts, units = np.array([[4.0], [6.0]]), np.array([50.0, 50.0])
    rate, low, high = bands(counts, units, 0.0, 0.05)
    assert rate.tolist() == [0.1]
    assert low[0] == pytest.approx(beta.ppf(0.025, 10, 91))
    assert high[0] == pytest.approx(beta.ppf(0.975, 11, 90))
    _, _, wider = bands(counts, units, 0.5, 0.05)
    assert wider[0] / (1 - wider[0]) == pytest.approx(1.5 * high[0] / (1 - high[0]))


def test_a_reference_that_wanders_widens_its_bands():
    units = np.full(10, 100.0)
    calm = bands(np.full((10, 1), 20.0), units, 0.0, 0.01)
    wild = bands(np.array([[5.0], [35.0]] * 5), units, 0.0, 0.01)
    assert wild[1][0] < calm[1][0] < calm[2][0] < wild[2][0]


def test_bands_upside_down_are_refused():
    with pytest.raises(UsageError, match="low <= high"):
        ChangeDetector(np.array([0.5]), np.array([0.4]))
