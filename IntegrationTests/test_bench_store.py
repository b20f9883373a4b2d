"""The store's benchmark runs through: the short form of `make bench-store`, with floors that a busy machine meets."""

import json
import subprocess
import sys

import pytest

from programs import ROOT

pytestmark = pytest.mark.alone

# Large enough for every kind of search to find something, small enough for a test.
SHORT = ["--spans", "200k", "--traces", "100", "--searches", "10", "--seconds", "2"]


def bench_store(tmp_path, *arguments):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench-store", *SHORT, "--json", figures, *arguments],
        capture_output=True, text=True, timeout=300,
    )
    assert figures.exists(), done.stdout + done.stderr
    return done, json.loads(figures.read_text())


@pytest.mark.long
def test_the_store_is_measured_and_keeps_generous_floors(tmp_path):
    done, figures = bench_store(tmp_path, "--factor", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    assert figures["ok"] and figures["findings"] == []
    rows = {row["what"]: row for row in figures["rows"]}
    assert rows["bytes on disk"]["stored"] >= 200_000
    searches = [row for what, row in rows.items() if what.startswith("search, ")]
    assert len(searches) == 7
    for row in searches:
        assert row["count"] == 10 and row["found"] > 0, f"nothing was found: {row}"


@pytest.mark.long
def test_a_floor_that_is_missed_fails_the_measurement(tmp_path):
    """A measurement that cannot fail proves nothing."""
    done, figures = bench_store(tmp_path, "--factor", "0.001", "--kinds", "a rare value")
    assert done.returncode == 1
    assert figures["ok"] is False
    assert any(row["ok"] is False for row in figures["rows"])
