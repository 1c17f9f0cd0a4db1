"""Replicas that imports may read: only one that proves first that it has all that its primary has at that moment.

An entry that has not come to the replica yet must neither be taken for gone nor for a write that failed. OpenLDAP
tells how far a server is by its contextCSN, for each server that is written to (draft-ietf-ldup-lcup, slapo-syncprov).
"""

import time
from collections.abc import Iterator

from engine.configuration.models import SystemConfig
from engine.connectors.base import CheckLine
from engine.connectors.ldap.link import Search, Unfit, find, texts_of
from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.patience import Abandoned
from engine.connectors.ldap.reading import base_of
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.session import Session
from engine.errors import StepFailed

WAIT_SECONDS = 5.0
"""How long a replica may take to come up with its primary, before the primary is read instead."""
LOOK_SECONDS = 0.2
Reached = dict[str, str]
"""A context and the number of a server that is written to → how far its changes have come."""


class Replicas:
    """The servers that `read_urls` names."""

    def __init__(self, primary: Session, system: SystemConfig) -> None:
        self._primary = primary
        self._options: LdapOptions = system.options
        self._bases = sorted({base_of(system, settings) for settings in system.objects.values()})
        self._open: Session | None = None
        self._given_up = False

    def close(self) -> None:
        """Let go of the replica."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def current(self) -> Session | None:
        """Give the first replica that has all that the primary has now; None where there is none, which is told."""
        self.close()
        if not self._options.read_urls or self._given_up:
            return None
        wanted = self._reached(self._primary)
        if silent := self._silent(wanted):
            self._primary.tell(f"{self._primary.options.url} was read, and no replica: it tells no contextCSN{silent}")
            return None
        for url in self._options.read_urls:
            session = self._session(url)
            if (why := self._why_not(session, wanted)) is None:
                self._open = session
                return session
            session.close()
            self._primary.tell(f"{self._primary.options.url} was read, and not {url}: {why}")
        return None

    def give_up(self, why: str) -> None:
        """Read none any more: the one that was read sent what is not understood."""
        self._given_up = True
        self._primary.tell(f"{self._primary.options.url} was read, as a replica sent what is not understood: {why}")

    def check(self) -> Iterator[CheckLine]:
        """Tell of each replica whether it could be read now."""
        wanted = self._reached(self._primary) if self._options.read_urls else {}
        silent = self._silent(wanted) if self._options.read_urls else ""
        for url in self._options.read_urls:
            session = self._session(url)
            unproved = f"the primary tells no contextCSN{silent}, so it is read itself"
            why = unproved if silent else self._why_not(session, wanted)
            session.close()
            yield CheckLine(why is None, "replica", f"{url}: {why or 'has all that the primary has'}")

    def _silent(self, wanted: Reached) -> str:
        """Say of which contexts the primary does not tell how far it is: a replica cannot prove anything of those."""
        told = {key.partition("\0")[0] for key in wanted}
        missing = sorted(self._contexts(self._primary) - told)
        return f" of {', '.join(missing)}" if missing else ""

    def _contexts(self, session: Session) -> set[str]:
        return {session.context_of(base) or base for base in self._bases}

    def _session(self, url: str) -> Session:
        options = self._options.model_copy(update={"url": url, "more_urls": []})
        return Session(self._primary.name, options, self._primary.folder, [], self._primary.stop)

    def _why_not(self, session: Session, wanted: Reached) -> str | None:
        """Say why a replica cannot be read; None where it has come as far as is wanted."""
        until = time.monotonic() + WAIT_SECONDS
        try:
            while True:
                reached = self._reached(session)
                behind = [key for key, csn in wanted.items() if reached.get(key, "") < csn]
                if not behind:
                    return None
                if time.monotonic() > until:
                    known = next((reached[key] for key in behind if key in reached), "nothing")
                    return f"it is behind: it has come to {known}, and {wanted[behind[0]]} is wanted"
                if session.stop.wait(LOOK_SECONDS):
                    raise Abandoned("somebody stopped it")
        except Abandoned:
            raise
        except (StepFailed, Unfit) as error:
            return str(error)

    def _reached(self, session: Session) -> Reached:
        """Ask a server how far it is, in each naming context that is looked at. Raises `StepFailed` or `Unfit`."""
        if not session.is_open:
            session.open()
        found: Reached = {}
        for context in self._contexts(session):
            search = Search(context, "(objectClass=*)", ["contextCSN"], BASE)
            messages, _ = session.read(lambda link, search=search: find(link, search))  # type: ignore[misc]
            for value in texts_of(messages, "contextCSN"):
                number = value.split("#")[2] if value.count("#") >= 2 else ""
                found[f"{context}\0{number}"] = value
        return found
