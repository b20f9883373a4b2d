"""The console's benchmark runs through: the short form of `make bench-console`, with floors that a busy machine meets."""

import json
import subprocess
import sys

import pytest

from programs import ROOT

pytestmark = pytest.mark.alone

SHORT = ["--spans", "100k", "--rounds", "1", "--seconds", "1"]


def bench_console(tmp_path, *arguments):
    figures = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench-console", *SHORT, "--json", figures, *arguments],
        capture_output=True, text=True, timeout=240,
    )
    assert figures.exists(), done.stdout + done.stderr
    return done, json.loads(figures.read_text())


@pytest.mark.long
def test_the_console_is_measured_and_keeps_generous_floors(tmp_path):
    done, figures = bench_console(tmp_path, "--factor", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    assert figures["ok"] and figures["findings"] == []
    rows = {row["what"]: row for row in figures["rows"]}
    for name in ("busy", "wide", "deep"):
        for state in ("cold", "warm"):
            assert rows[f"first rows painted, {name}, {state}"]["value"] > 0
            assert rows[f"server, first answer, {name}, {state}"]["value"] > 0
    assert len([what for what in rows if what.startswith("first hit shown, ")]) == 5
    for way in ("wheel", "page", "thumb"):
        assert rows[f"scrolling by {way}, work of a frame, p95"]["value"] > 0
        assert 0 <= rows[f"scrolling by {way}, ticks without a frame"]["value"] <= 100
    assert rows["layout of 5,000 services, 50,000 edges"]["value"] > 0


@pytest.mark.long
def test_a_floor_that_is_missed_fails_the_measurement(tmp_path):
    """A measurement that cannot fail proves nothing."""
    done, figures = bench_console(tmp_path, "--factor", "0.001", "--parts", "layout")
    assert done.returncode == 1
    assert figures["ok"] is False
    assert [row["ok"] for row in figures["rows"]] == [False]
