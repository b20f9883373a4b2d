import pathlib
import shutil
import subprocess

import pytest

from programs import RELEASE, Collector, Sidecar


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes more than a few seconds")
    config.addinivalue_line("markers", "alone: measures times or memory, and bears no other work beside it")
    missing = [name for name in ("hms-sidecar", "hms-collector", "hms-ops") if not (RELEASE / name).exists()]
    if missing:
        raise pytest.UsageError(f"{', '.join(missing)} not in {RELEASE}: make build first")


@pytest.fixture
def start(tmp_path):
    """Starts programs that end with the test. `start(Collector, **settings)`; directories are kept apart by name."""
    running = []

    def begin(kind, *arguments, directory=None, **settings):
        place = tmp_path / (directory or f"{kind.__name__.lower()}-{len(running)}")
        place.mkdir(exist_ok=True)
        program = kind(place, *arguments, **settings)
        running.append(program)
        return program

    yield begin
    for program in reversed(running):
        if program.alive:
            program.stop()


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A collector and a sidecar that the tests of one module share."""
    place = tmp_path_factory.mktemp("system")
    (place / "c").mkdir()
    (place / "s").mkdir()
    collector = Collector(place / "c")
    try:
        collector.address("otlp"), collector.address("console")
        sidecar = Sidecar(place / "s", collector.otlp)
        try:
            sidecar.address("otlp"), sidecar.address("admin"), sidecar.address("udp")
            yield System(collector, sidecar)
            assert sidecar.alive, "the sidecar died:\n" + "\n".join(sidecar.lines[-20:])
            assert collector.alive, "the collector died:\n" + "\n".join(collector.lines[-20:])
        finally:
            sidecar.stop()
    finally:
        collector.stop()


class System:
    def __init__(self, collector, sidecar):
        self.collector, self.sidecar = collector, sidecar

    def otlp(self, program):
        return {"sidecar": self.sidecar, "collector": self.collector}[program].otlp


class Certificates:
    """An authority, a server's certificate for localhost and 127.0.0.1, and a client's."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test Authority", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )
        self._issue("server", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth")
        self._issue("client", "subjectAltName=DNS:client\nextendedKeyUsage=clientAuth")

    def _issue(self, name, extensions):
        (self.directory / f"{name}.ext").write_text(extensions + "\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def __getattr__(self, name):
        stem, _, kind = name.rpartition("_")
        return str(self.directory / f"{stem}.{kind}")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    assert shutil.which("openssl"), "openssl is missing: scripts/install-dependencies test"
    return Certificates(tmp_path_factory.mktemp("certificates"))
