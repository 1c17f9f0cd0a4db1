"""The process that writes what gets a password: `python -m engine.connectors.ldap.writer_process`, asked over pipes.

It ends with whoever asks; and what it is doing it leaves as it is, as soon as nobody is heard of who waits for it.
"""

import os
import pickle
import resource
import select
import signal
import threading
from collections import deque
from contextlib import suppress
from typing import Any

from engine.configuration.models import SystemConfig
from engine.connectors.ldap.schema import read_schema
from engine.connectors.ldap.session import Session
from engine.connectors.ldap.writing import LdapWriter
from engine.connectors.ldap.writing_apart import Answer, Begin, Export, Reset
from engine.errors import CannotConnect, ConnectionLost, StepFailed
from engine.framing import message, send
from engine.values import zones

SILENT_SECONDS = 10.0
"""So long nobody need be heard of: one that sleeps may have lost its run to another, which looks at the directory."""


class Requests:
    """What is asked for, read beside the work."""

    def __init__(self, descriptor: int, stop: threading.Event) -> None:
        self._descriptor = descriptor
        self._stop = stop
        self._waiting: deque[bytes | None] = deque()
        self._arrived = threading.Semaphore(0)
        self._is_working = False
        threading.Thread(target=self._listen, daemon=True).start()

    def next(self) -> Any:
        """Give the next request; None where there are no more."""
        self._is_working = False
        self._arrived.acquire()
        self._is_working = True
        request = self._waiting.popleft()
        return None if request is None else pickle.loads(request)  # noqa: S301 - our own program's

    def _listen(self) -> None:
        with suppress(EOFError):
            while True:
                if request := message(self._next_part):
                    self._waiting.append(request)
                    self._arrived.release()
        if self._is_working or self._waiting:
            os._exit(1)  # whoever asked is dead: what was sent stays sent, and is looked for by the next run
        self._waiting.append(None)
        self._arrived.release()

    def _next_part(self, most: int) -> bytes:
        while not select.select([self._descriptor], [], [], SILENT_SECONDS)[0]:
            if self._is_working:
                self._stop.set()
        if not (part := os.read(self._descriptor, most)):
            raise EOFError
        return part


def main() -> None:
    """Answer requests until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    requests = Requests(os.dup(0), stop)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    begin: Begin | None = requests.next()
    if begin is None:
        return
    zones.use(begin.zone)
    notes: list[str] = []
    session = Session(begin.name, begin.options, begin.folder, notes, stop)
    carry_out = _Writer(session, begin.system)
    try:
        while (asked := requests.next()) is not None:
            send(answers, pickle.dumps(carry_out(asked, notes)))
    finally:
        session.close()


class _Writer:
    """Carries requests out, and tells what became of them."""

    def __init__(self, session: Session, system: SystemConfig) -> None:
        self._session = session
        self._system = system
        self._writer: LdapWriter | None = None

    def __call__(self, asked: Export | Reset, notes: list[str]) -> Answer:
        try:
            writer = self._writer = self._writer or LdapWriter(self._session, self._system, read_schema(self._session))
            if isinstance(asked, Reset):
                return Answer([writer.reset_password(asked.operation, asked.policy)], None, notes)
            return Answer(writer.export(asked.operations), None, notes)
        except CannotConnect as error:
            return Answer([], ConnectionLost(str(error)) if isinstance(asked, Export) else error, notes)
        except ConnectionLost as lost:
            self._session.close()
            return Answer([], lost, notes)
        except StepFailed as failure:
            return Answer([], failure, notes)


if __name__ == "__main__":
    main()
