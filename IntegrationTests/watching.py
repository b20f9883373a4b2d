"""Watches what a program uses while something else goes on."""

import threading
import time


class Watched:
    """`with Watched(program) as seen:` afterwards seen.most_bytes and seen.cpu_share tell what it used."""

    def __init__(self, program):
        self.program = program
        self.most_bytes = self.cpu_share = 0

    def __enter__(self):
        self._over = threading.Event()
        self._began, self._cpu = time.monotonic(), self.program.cpu_seconds()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def _sample(self):
        while not self._over.wait(0.05):
            if self.program.alive:
                self.most_bytes = max(self.most_bytes, self.program.resident_bytes())

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self.most_bytes = max(self.most_bytes, self.program.resident_bytes())
        self.seconds = time.monotonic() - self._began
        self.cpu_share = (self.program.cpu_seconds() - self._cpu) / self.seconds
