"""Figures, edges and traces depend on the set of spans alone. scripts/prove-permutation is the long form."""

import random

from permutation import prove
from programs import Collector, Sidecar


def test_figures_edges_and_traces_are_the_same_whatever_the_order_number_and_way(start):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    operations, edges, traces = prove(
        lambda: start(Collector, store__segment_bytes="1MiB"), lambda collector: start(Sidecar, collector.otlp), 1500, seed, 50)
    assert operations > 10 and edges > 10 and traces > 10
