"""Disks that are full, gone, read-only or damaged stop nothing, and everything is counted. Long form: `make corrupt`."""

import os
import pathlib
import random
import shutil
import subprocess

import pytest

from accounts import ledger, total, wait_until_forwarded
from corruption import CorruptSpools
from http_raw import get, post
from programs import Sidecar, wait_until
from retrying import new_requests, request
from scripted_collector import ScriptedCollector

NOBODY = 65534


@pytest.fixture
def collector():
    made = ScriptedCollector()
    yield made
    made.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", place], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


class Load:
    """Spans that were acknowledged, and the check that each was delivered once."""

    def __init__(self, sidecar, collector):
        self.sidecar, self.collector = sidecar, collector
        self.random = random.Random(7)
        self.spans = set()

    def post(self, count=200):
        """One request; returns the answer's status."""
        [row] = new_requests(self.random, [self.random.randbytes(16)], 1, count)
        status = post(self.sidecar.otlp, "/v1/traces", request(row)).status
        if status == 200:
            self.spans.update(span for _, span in row)
        return status

    def check(self):
        account = wait_until_forwarded(self.sidecar)
        found = self.collector.span_ids()
        assert sorted(found) == sorted(self.spans), f"{len(found)} delivered, {len(self.spans)} acknowledged"
        spans = account["signals"]["traces"]
        assert (spans["accepted"], spans["forwarded"], spans["dropped"]) == (len(self.spans), len(self.spans), {}), spans
        assert spans["received"] == spans["accepted"] + total(spans["rejected"])


def mode(sidecar):
    return ledger(sidecar)["spool"]["mode"]


def ready(sidecar):
    return get(sidecar.admin, "/readyz")


def test_a_disk_that_fills_up_and_is_freed_again_loses_nothing(start, collector, small_disk):
    collector.behave("refuse-503")
    sidecar = start(Sidecar, collector.address, spool__directory=small_disk / "spool", spool__memory_bytes="2MiB")
    load = Load(sidecar, collector)
    (small_disk / "others").write_bytes(bytes(4 << 20))
    wait_until(lambda: load.post() == 503, 60, "a full disk and full memory")
    assert mode(sidecar) == "memory"
    assert ready(sidecar).status == 503 and "nearly full" in ready(sidecar).text, ready(sidecar)
    sidecar.wait_for_line("spool_in_memory")
    (small_disk / "others").unlink()
    wait_until(lambda: load.post() == 200 and mode(sidecar) == "disk", 15, "a spool that is on the disk again")
    sidecar.wait_for_line("spool_on_disk")
    # What is in memory has to be forwarded before the process ends; what is on the disk need not.
    collector.behave("take")
    load.check()


def test_a_disk_that_is_full_at_the_start_is_used_once_there_is_room(start, collector, small_disk):
    (small_disk / "spool").mkdir()
    with pytest.raises(OSError), open(small_disk / "others", "wb") as file:
        while True:
            file.write(bytes(1 << 16))
    sidecar = start(Sidecar, collector.address, spool__directory=small_disk / "spool")
    load = Load(sidecar, collector)
    assert load.post() == 200
    assert mode(sidecar) == "memory" and "No space left" in ready(sidecar).text, ready(sidecar)
    (small_disk / "others").unlink()
    wait_until(lambda: load.post() == 200 and mode(sidecar) == "disk", 15, "a spool that is on the disk again")
    load.check()


def test_a_directory_that_is_removed_is_made_again_and_nothing_is_lost(start, collector):
    collector.behave("refuse-503")
    sidecar = start(Sidecar, collector.address, directory="s")
    spool = pathlib.Path(sidecar.log_path).parent / "spool"
    load = Load(sidecar, collector)
    for _ in range(20):
        assert load.post() == 200
    shutil.rmtree(spool)
    sidecar.wait_for_line("spool_file_vanished")
    wait_until(lambda: load.post() == 200 and list(spool.rglob("*.spool")), 15, "a segment in a new directory")
    assert mode(sidecar) == "disk" and (spool / "lock").exists()
    other = start(Sidecar, collector.address, directory="other", spool__directory=spool, spool__required="true")
    assert other.process.wait(10) != 0 and other.wait_for_line("locked by process")
    collector.behave("take")
    load.check()
    collector.behave("refuse-503")
    assert load.post() == 200
    sidecar.kill()
    # What came after the directory was made again is found there.
    load.sidecar = start(Sidecar, collector.address, directory="s")
    collector.behave("take")
    found = wait_until_forwarded(load.sidecar)
    assert sorted(collector.span_ids()) == sorted(load.spans)
    assert found["signals"]["traces"]["accepted"] == len(load.spans), found["signals"]


class AsNobody(Sidecar):
    """Without the right to write wherever it likes."""

    def __init__(self, *arguments, **settings):
        popen = subprocess.Popen
        subprocess.Popen = lambda *a, **k: popen(*a, **k, user=NOBODY, group=NOBODY, extra_groups=[])
        try:
            super().__init__(*arguments, **settings)
        finally:
            subprocess.Popen = popen


def set_writable(directory, is_writable):
    for place in [directory, *(path for path in directory.rglob("*") if path.is_dir())]:
        place.chmod(0o755 if is_writable else 0o555)


@pytest.fixture
def open_directory():
    """A directory that everybody reaches, for a program without rights."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="hms-spool-") as name:
        os.chmod(name, 0o755)
        if os.geteuid():
            pytest.skip("only root can start a program as somebody else")
        spool = pathlib.Path(name) / "spool"
        spool.mkdir()
        os.chown(spool, NOBODY, NOBODY)
        yield spool


@pytest.mark.parametrize("required", ["false", "true"])
def test_a_directory_that_becomes_read_only_while_running(start, collector, open_directory, required):
    collector.behave("refuse-503")
    settings = {"spool__directory": open_directory, "spool__max_bytes": "4MiB", "spool__memory_bytes": "1MiB"}
    sidecar = start(AsNobody, collector.address, spool__required=required, **settings)
    load = Load(sidecar, collector)
    assert load.post() == 200
    set_writable(open_directory, False)
    # The segment at hand goes on; the next one cannot be made.
    if required == "true":
        wait_until(lambda: load.post() == 503, 30, "a refusal")
        assert ready(sidecar).status == 503 and "Permission denied" in ready(sidecar).text
        sidecar.wait_for_line("spool_unavailable")
    else:
        wait_until(lambda: load.post() == 200 and mode(sidecar) == "memory", 30, "a spool in memory")
        assert ready(sidecar).status == 200 and "Permission denied" in ready(sidecar).text
    set_writable(open_directory, True)
    wait_until(lambda: load.post() == 200 and mode(sidecar) == "disk", 15, "a spool that is on the disk again")
    assert ready(sidecar).status == 200
    collector.behave("take")
    load.check()


@pytest.mark.parametrize("required", ["false", "true"])
def test_a_directory_that_cannot_be_had_at_the_start(start, collector, open_directory, required):
    set_writable(open_directory, False)
    sidecar = start(AsNobody, collector.address, spool__directory=open_directory, spool__required=required)
    if required == "true":
        assert sidecar.process.wait(10) == 1
        assert "Permission denied" in sidecar.wait_for_line("start_failed")
        return
    load = Load(sidecar, collector)
    assert load.post() == 200 and mode(sidecar) == "memory"
    assert ready(sidecar).status == 200 and "degraded" in ready(sidecar).text
    set_writable(open_directory, True)
    wait_until(lambda: load.post() == 200 and mode(sidecar) == "disk", 15, "a spool on the disk")
    load.check()


@pytest.mark.long
def test_a_damaged_spool_stops_nothing_and_every_span_is_accounted_for(tmp_path):
    proof = CorruptSpools(tmp_path)
    print(f"seed {proof.seed}")
    try:
        for number in range(40):
            proof.case(number)
        print(proof.words)
    finally:
        proof.stop()
