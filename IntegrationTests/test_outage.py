"""A collector that is away, slow or hostile costs nothing but time. Long forms: `make outage`."""

import random

import pytest

import outage
from programs import Sidecar
from scripted_collector import ScriptedCollector

BEHAVIOURS = ["late", "refuse-503", "refuse-429", "reset", "silent", "close", "goaway"]


@pytest.mark.long
def test_what_comes_while_the_collector_is_away_is_delivered_when_it_is_back(tmp_path):
    print(outage.outage(tmp_path, 8))


@pytest.mark.long
def test_a_misbehaving_collector_causes_no_loss_no_growth_and_no_busy_loop(start):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    collector = ScriptedCollector()
    sidecar = start(Sidecar, collector.address, forward__deadline="700ms", forward__max_delay="20ms", forward__batch_bytes="4KiB")
    for number, behaviour in enumerate(BEHAVIOURS):
        print(outage.misbehaving(sidecar, collector, behaviour, seed + number))
    collector.stop()


@pytest.mark.long
def test_overload_is_refused_within_bounds_and_over_at_once(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    print(outage.overload(tmp_path, 8, seed))
