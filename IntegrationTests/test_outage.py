"""A collector that is away, slow or hostile costs nothing but time. Long forms: `make outage`."""

import random

import pytest

import outage


@pytest.mark.long
def test_what_comes_while_the_collector_is_away_is_delivered_when_it_is_back(tmp_path):
    print(outage.outage(tmp_path, 8))


@pytest.mark.long
def test_a_misbehaving_collector_causes_no_loss_no_growth_and_no_busy_loop(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    print("\n".join(outage.misbehaviour(tmp_path, seed)))


@pytest.mark.long
def test_overload_is_refused_within_bounds_and_over_at_once(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    print(outage.overload(tmp_path, 8, seed))
