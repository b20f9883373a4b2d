"""Plain HTTP/1.1 over sockets: what goes out is exactly what a test wrote."""

import http.client
import json
import socket
import ssl


def split(address):
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


class SecureAddress(str):
    """The address of a door with TLS; every connection to it is encrypted. `authority` is the file of who issued its
    certificate."""

    def __new__(cls, address, authority):
        made = super().__new__(cls, address)
        made.authority = authority
        made.context = ssl.create_default_context(cafile=authority)
        return made


def connect(address, timeout=10):
    connection = socket.create_connection(split(address), timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if isinstance(address, SecureAddress):
        return address.context.wrap_socket(connection, server_hostname=split(address)[0])
    return connection


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]!r}"


class RawConnection:
    """One connection that answers are read from one after the other."""

    def __init__(self, address, timeout=10, wrap=None):
        self.socket = connect(address, timeout)
        if wrap:
            self.socket = wrap(self.socket)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError(f"closed by peer; unread: {self.buffer[:200]!r}")
        self.buffer += data

    def closed(self):
        """Whether the peer closes without saying more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def read_answer(self, method="POST"):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        body = b""
        if method != "HEAD" and status >= 200 and status != 204:
            if headers.get("transfer-encoding") == "chunked":
                while True:
                    while b"\r\n" not in self.buffer:
                        self._more()
                    size, self.buffer = self.buffer.split(b"\r\n", 1)
                    length = int(size, 16)
                    while len(self.buffer) < length + 2:
                        self._more()
                    body += self.buffer[:length]
                    self.buffer = self.buffer[length + 2 :]
                    if length == 0:
                        break
            else:
                length = int(headers.get("content-length", 0))
                while len(self.buffer) < length:
                    self._more()
                body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(status, headers, body)

    def request(self, method, path, body=b"", headers=()):
        self.send(encode(method, path, body, headers))
        return self.read_answer(method)


def encode(method, path, body=b"", headers=(), length=True):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if length and (body or method in ("POST", "PUT")):
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


PROTOBUF = ("Content-Type", "application/x-protobuf")


def post(address, path, body, headers=(PROTOBUF,), timeout=20):
    connection = http.client.HTTPConnection(*split(address), timeout=timeout)
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def get(address, path, headers=(), timeout=20):
    if isinstance(address, SecureAddress):
        connection = http.client.HTTPSConnection(*split(address), timeout=timeout, context=address.context)
    else:
        connection = http.client.HTTPConnection(*split(address), timeout=timeout)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def read_trace(address, trace_id):
    """The OTLP message that the collector holds for a trace; None when it knows none."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    answer = get(address, f"/api/v1/traces/{trace_id}?format=otlp", {"Accept": "application/x-protobuf"})
    if answer.status == 404:
        return None
    assert answer.status == 200, answer
    return TracesData.FromString(answer.body)
