"""What the threat tests are made of: HTTP/2 frames by hand, a well-behaved client beside the attacker, and a measure of
memory that misses no peak."""

import contextlib
import json
import select
import socket
import ssl
import struct
import subprocess
import sys
import time

from http_raw import PROTOBUF, RawConnection, SecureAddress, connect
from payloads import new_trace_id, traces

MIB = 1 << 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field that is not indexed; names and values below 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def integer(value, prefix):
    """An HPACK integer with a prefix of so many bits, the bits above it zero."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([value])
    out, value = [most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + [value])


# :method GET / POST, :scheme http, :path /, an authority; static table.
GET = b"\x82\x86\x84" + literal(b":authority", b"a")
POST = b"\x83\x86" + literal(b":path", b"/v1/traces") + literal(b":authority", b"a") + literal(
    b"content-type", b"application/x-protobuf")
GRPC = b"\x83\x86" + literal(b":path", b"/opentelemetry.proto.collector.trace.v1.TraceService/Export") + literal(
    b":authority", b"a") + literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")


class Attacker:
    """A raw connection. What the server sends is read and kept only when asked for."""

    def __init__(self, address, http2=True, settings=b"", wrap=None, receive_buffer=None):
        self.received = b""
        self.ended = None
        self.socket = connect(address, timeout=10)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if wrap:
            self.socket = wrap(self.socket)
        if http2:
            self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        """False once the server has closed."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            self.ended = self.ended or time.monotonic()
            return False

    def flood(self, data, seconds, reads=True):
        """Sends `data` again and again. Returns after how many seconds the server ended it; None when it did not."""
        began = time.monotonic()
        self.socket.settimeout(0.05)
        view, sent = memoryview(data), 0
        while time.monotonic() - began < seconds:
            try:
                sent += self.socket.send(view[sent:])
                if sent == len(view):
                    sent = 0
            except (TimeoutError, ssl.SSLWantWriteError):
                pass
            except OSError:
                return time.monotonic() - began
            if reads and not self._read_waiting():
                return time.monotonic() - began
        return None

    def _read_waiting(self):
        try:
            while select.select([self.socket], [], [], 0)[0]:
                data = self.socket.recv(65536)
                if not data:
                    return False
                self.received = (self.received + data)[-100_000:]
            return True
        except (TimeoutError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False

    def ends_within(self, seconds):
        """Reads until the server closes; how long that took, None when it did not within `seconds`."""
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                return time.monotonic() - began
            if not data:
                return time.monotonic() - began
            self.received = (self.received + data)[-100_000:]
        return None

    def frames(self, seconds, until):
        """Reads frames until `until(kind, flags, stream, payload)` is true; that frame, or None when the time is over."""
        deadline, buffer = time.monotonic() + seconds, self.received
        while True:
            while len(buffer) >= 9:
                length = int.from_bytes(buffer[:3], "big")
                if len(buffer) < 9 + length:
                    break
                found = buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big"), buffer[9 : 9 + length]
                buffer = buffer[9 + length :]
                if until(*found):
                    self.received = buffer
                    return found
            left = deadline - time.monotonic()
            if left <= 0:
                self.received = buffer
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except OSError:
                return None
            if not data:
                return None
            buffer += data


class GoodClient:
    """Sends small requests at a steady pace on one connection and keeps their latencies. It does so in a process of its own,
    so that it is not slowed down by what the test itself does."""

    interval = 0.004
    _process = None

    def __init__(self, address):
        self.address = address
        self.latencies, self.failures = [], []

    def __enter__(self):
        if GoodClient._process is None or GoodClient._process.poll() is not None:
            GoodClient._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._tell(f"{self.address} {self.address.authority}" if isinstance(self.address, SecureAddress) else self.address)
        assert GoodClient._process.stdout.readline() == "begun\n"
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self._tell("stop")
        self.latencies, self.failures = json.loads(GoodClient._process.stdout.readline())

    @staticmethod
    def _tell(line):
        GoodClient._process.stdin.write(line + "\n")
        GoodClient._process.stdin.flush()

    def p99(self):
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else 0.0


def serve_good_client():
    """The other process: an address, with an authority's file if it is a secure one, begins a round; any other line ends it
    with the latencies and failures as JSON."""
    for line in sys.stdin:
        latencies, failures = [], []
        body = traces(new_trace_id()).SerializeToString()
        address, *authority = line.split()
        try:
            with RawConnection(SecureAddress(address, *authority) if authority else address) as connection:
                connection.request("POST", "/v1/traces", body, [PROTOBUF])
                print("begun", flush=True)
                while not select.select([sys.stdin], [], [], GoodClient.interval)[0]:
                    began = time.perf_counter()
                    answer = connection.request("POST", "/v1/traces", body, [PROTOBUF])
                    latencies.append(time.perf_counter() - began)
                    if answer.status != 200:
                        failures.append(repr(answer))
        except OSError as error:
            failures.append(repr(error))
        sys.stdin.readline()
        print(json.dumps([latencies, failures]), flush=True)


class PeakMemory:
    """The most resident memory of a program within a block, by the kernel's own high-water mark."""

    def __init__(self, program):
        self.pid = program.process.pid

    def __enter__(self):
        self.before = self._field("VmRSS")
        with open(f"/proc/{self.pid}/clear_refs", "w") as reset:
            reset.write("5")
        return self

    def __exit__(self, *_):
        self.peak = self._field("VmHWM")
        self.growth = self.peak - self.before

    def _field(self, name):
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {name}")


if __name__ == "__main__":
    serve_good_client()
