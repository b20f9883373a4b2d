"""Spools that were damaged before the sidecar starts: in any number of cases."""

import pathlib
import random
import shutil
import socket
import struct

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from accounts import difference, ledger, total, wait_until_forwarded
from http_raw import get, post, split
from payloads import field, varint
from programs import Sidecar, wait_until
from retrying import fixed64, new_requests, request
from scripted_collector import ScriptedCollector

HEADER_COPY, RECORD_HEADER = 80, 48
SEGMENT_HEADER = 2 * HEADER_COPY
WAYS = ["flip", "flips", "zero", "garbage", "truncate", "append", "duplicate", "delete"]


def datagram(producer, sequence, message):
    return fixed64(1, producer) + b"\x10" + varint(sequence) + field(3, message)


def records(data):
    """(start, end, message) of each record of a segment that is not damaged."""
    offset = SEGMENT_HEADER
    while offset < len(data):
        magic, _, message, note = struct.unpack_from("<4s3I", data, offset)
        assert magic == b"HMSR", (offset, magic)
        start, offset = offset, offset + RECORD_HEADER + message + note
        yield start, offset, data[start + RECORD_HEADER : start + RECORD_HEADER + message]


def span_ids(message):
    return {
        span.span_id for group in TracesData.FromString(message).resource_spans
        for scope in group.scope_spans for span in scope.spans
    }


class CorruptSpools:
    """A spool as kill -9 left it, part of it forwarded, that is damaged in another way in each case."""

    settings = {
        "spool__max_bytes": "2MiB", "forward__max_delay": "20ms", "forward__batch_bytes": "16KiB", "log__format": "text",
    }

    def __init__(self, directory, seed=None):
        self.directory = pathlib.Path(directory)
        self.seed = random.randrange(2**32) if seed is None else seed
        self.collector = ScriptedCollector()
        self.counts = {way: 0 for way in WAYS}
        self.lost = self.cases = 0
        self._prepare(random.Random(self.seed))

    def _prepare(self, rng):
        self.template = self.directory / "template"
        self.template.mkdir()
        sidecar = Sidecar(self.template, self.collector.address, **self.settings)
        self.sent = set()
        door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sequence = 0

        def send(requests):
            nonlocal sequence
            for number, row in enumerate(new_requests(rng, [rng.randbytes(16)], requests, 5)):
                self.sent.update(span for _, span in row)
                if number % 4 == 3:
                    sequence += 1
                    door.sendto(datagram(7, sequence, request(row)), split(sidecar.udp))
                else:
                    assert post(sidecar.otlp, "/v1/traces", request(row)).status == 200
            wait_until(lambda: ledger(sidecar)["signals"]["traces"]["accepted"] == len(self.sent))

        send(80)
        wait_until_forwarded(sidecar)
        self.collector.behave("silent")
        self.forwarded = dict(self.collector.batches)
        send(400)
        # The batches that are on their way were not stored, so that what is damaged is lost for certain.
        sidecar.kill()
        self.there = set(self.collector.span_ids())
        self.spool = self.template / "spool"
        self.files = sorted(path.relative_to(self.spool) for path in self.spool.rglob("*") if path.is_file())
        self.segments = [path for path in self.files if path.suffix == ".spool"]
        assert len(self.segments) >= 3, self.segments

    def case(self, number):
        """Damages one file, starts, and checks what became of every span. Raises when anything is wrong."""
        seed = f"{self.seed}/{number}"
        rng = random.Random(seed)
        place = self.directory / f"case-{number}"
        shutil.copytree(self.template, place)
        (place / "hms-sidecar.log").unlink()
        # Mostly segments, where there is most to lose.
        file = rng.choice(self.segments if rng.random() < 0.7 else self.files)
        way = rng.choice(WAYS)
        lost = self._damage(rng, place / "spool" / file, way)
        self.collector.batches = dict(self.forwarded)
        self.collector.behave("take")
        sidecar = Sidecar(place, self.collector.address, **self.settings)
        try:
            self._check(sidecar, place, lost)
        except AssertionError as error:
            raise AssertionError(f"case {seed}, {way} of {file}: {error}\n" + "\n".join(sidecar.lines)) from None
        finally:
            if sidecar.alive:
                sidecar.kill()
        shutil.rmtree(place)
        self.counts[way] += 1
        self.cases += 1
        self.lost += len(lost)

    def _damage(self, rng, path, way):
        """Returns the ids of the spans that are gone for good."""
        before = path.read_bytes()
        data = bytearray(before)
        at = rng.randrange(len(data) or 1)
        if way in ("flip", "flips"):
            for _ in range(1 if way == "flip" else rng.randrange(2, 20)):
                if data:
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif way in ("zero", "garbage"):
            length = min(rng.choice([1, 8, 100, 5000]), len(data) - at)
            data[at : at + length] = bytes(length) if way == "zero" else rng.randbytes(length)
        elif way == "truncate":
            del data[at:]
        elif way == "append":
            data += rng.choice([bytes(200), rng.randbytes(3000), bytes(data[:2000]), bytes(data[-700:])])
        elif way == "duplicate":
            twin = path.with_name(f"{rng.choice([1, 77, 2**61, 2**64 - 1]):012}.spool" if path.suffix == ".spool" else path.name + "2")
            if not twin.exists():
                twin.write_bytes(data)
        if way == "delete":
            path.unlink()
            data = bytearray()
        else:
            path.write_bytes(data)
        if path.suffix != ".spool" or way in ("append", "duplicate"):
            return set()
        copies = [slice(start, start + HEADER_COPY) for start in (0, HEADER_COPY)]
        if all(data[copy] != before[copy] for copy in copies):
            gone = [message for _, _, message in records(before)]
        else:
            gone = [message for start, end, message in records(before) if data[start:end] != before[start:end]]
        return set().union(*map(span_ids, gone)) - self.there if gone else set()

    def _check(self, sidecar, place, lost):
        sidecar.admin, sidecar.otlp
        assert get(sidecar.admin, "/readyz").status == 200
        account = wait_until_forwarded(sidecar)
        found = self.collector.span_ids()
        assert len(found) == len(set(found)), f"{len(found) - len(set(found))} spans were delivered twice"
        missing = self.sent - set(found)
        assert missing == lost, f"{len(missing)} spans are missing, {len(lost)} were damaged"
        spans = account["signals"]["traces"]
        assert spans["dropped"] == ({"damaged_in_spool": len(lost)} if lost else {}), f"{len(lost)} lost: {spans}"
        assert (spans["accepted"], spans["forwarded"]) == (len(self.sent), len(found)), f"{len(self.sent)} sent, {len(found)} found: {spans}"
        assert spans["received"] == spans["accepted"] + total(spans["rejected"])
        assert not difference(account), difference(account)
        if lost:
            named = [line for line in sidecar.lines if "spool_items_lost" in line or "spool_damaged" in line or "spool_segment_unreadable" in line]
            assert named, f"{len(lost)} spans are lost and the log does not say so"
        damaged = [line for line in sidecar.lines if "kept_as" in line and "(no room)" not in line and "(left where" not in line]
        assert not damaged or any((place / "spool" / "quarantine").iterdir()), damaged

    @property
    def words(self):
        ways = ", ".join(f"{count} {way}" for way, count in self.counts.items())
        return f"{self.cases} damaged spools ({ways}): all started, {self.lost} spans lost with their records and counted, all others delivered once"

    def stop(self):
        self.collector.stop()
