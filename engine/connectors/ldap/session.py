"""A connection to a directory server that is made again where that is safe, and what the server offers on it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from engine.connectors.ldap.active_directory import CAPABILITY
from engine.connectors.ldap.bases import Within
from engine.connectors.ldap.connecting import connect
from engine.connectors.ldap.link import DirectoryLink, Search, Unfit, find
from engine.connectors.ldap.messages import Control, Entry
from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.patience import Abandoned
from engine.connectors.ldap.requests import BASE
from engine.connectors.ldap.wire import Wire
from engine.connectors.ldap.wire_client import FastLink
from engine.errors import CannotConnect, ConnectionLost

PAGED = "1.2.840.113556.1.4.319"
"""Results in pages (RFC 2696)."""
ASSERTION = "1.3.6.1.1.12"
"""The server carries a change out only if a filter matches the entry (RFC 4528)."""
PERMISSIVE = "1.2.840.113556.1.4.1413"
"""Adding what is there and removing what is gone is no error (OpenLDAP, Active Directory): a server that keeps
references by itself may have been faster."""
TREE_DELETE = "1.2.840.113556.1.4.805"
"""Delete an entry with all that stands below it (Active Directory, 389 Directory Server)."""
MANAGE_DSA_IT = "2.16.840.1.113730.3.4.2"
"""Take referrals as the entries they are (RFC 3296)."""
DIRSYNC = "1.2.840.113556.1.4.841"
"""What has changed in a domain (Active Directory)."""
SYNC = "1.3.6.1.4.1.4203.1.9.1.1"
"""Content synchronisation (RFC 4533)."""

Found = TypeVar("Found")
_ROOT = (
    "supportedControl",
    "supportedExtension",
    "supportedCapabilities",
    "namingContexts",
    "defaultNamingContext",
    "dsServiceName",
    "subschemaSubentry",
    "vendorName",
)


class Offers(NamedTuple):
    """What a server says of itself in its root entry (RFC 4512 §5.1): attribute → values."""

    root: dict[str, list[str]]

    def has(self, control: str) -> bool:
        """Tell whether the server knows a control."""
        return control in self.root.get("supportedcontrol", ())

    @property
    def is_active_directory(self) -> bool:
        """Whether the server is a domain controller."""
        return CAPABILITY in self.root.get("supportedcapabilities", ())

    def manage(self) -> tuple[Control, ...]:
        """Give the control by which referrals are entries, where the server knows it."""
        return (Control(MANAGE_DSA_IT),) if self.has(MANAGE_DSA_IT) else ()


class TriedInVain(ConnectionLost):
    """The connection broke as often as it may: whoever asked does not try again."""


class Session:
    """Whoever speaks to the server; our own reader and writer wherever they apply, else ldap3's."""

    def __init__(
        self, name: str, options: LdapOptions, folder: Path, notes: list[str], stop: threading.Event | None = None
    ) -> None:
        """Take the system's name and options, the configuration's folder, a list for what to tell of it, a stop.

        Once the stop is set, whoever waits for the server gets `ConnectionLost`, in every thread.
        """
        self.name = name
        self.options = options
        self.folder = folder
        self._notes = notes
        self._slow = "" if options.client == "auto" else "client is set to ldap3"
        self._link: DirectoryLink | None = None
        self._beside: Session | None = None
        self.stop = stop or threading.Event()
        self.wire: Wire | None = None
        """What the connection goes over."""
        self.offers = Offers({})

    def tell(self, text: str) -> None:
        """Let an operator know of something, once."""
        if text not in self._notes:
            self._notes.append(text)

    @property
    def beside(self) -> "Session":
        """Another connection to the same server, for what is looked up while a search goes on."""
        if self._beside is None:
            self._beside = Session(self.name, self.options, self.folder, [], self.stop)
        return self._beside

    @property
    def link(self) -> DirectoryLink:
        """The open connection; it is opened where it is not. Raises `CannotConnect` or `CredentialsRefused`."""
        if self._link is None:
            self.open()
        if self._link is None:
            raise CannotConnect(f"'{self.name}': no connection")
        return self._link

    def open(self) -> None:
        """Connect, more than once if need be, and look at what the server offers; anew where there is a connection.

        Where several servers hold the directory, the first that answers is taken, and kept to for good: another one
        may be behind it, or ahead.
        """
        self.close()
        servers = self.options.servers()
        for options in servers[:-1]:
            self.options = options
            try:
                self._open_in_time()
            except Abandoned:
                raise
            except CannotConnect as error:
                self.tell(f"{options.url} is not used: {error}")
            else:
                return
        self.options = servers[-1]
        self._open_in_time()

    def _open_in_time(self) -> None:
        """Connect to one server. Raises `CannotConnect` or `CredentialsRefused`."""
        for left in self.attempts():
            try:
                self._open_once()
            except Abandoned:
                self.close()
                raise
            except (CannotConnect, ConnectionLost) as error:
                self.close()
                if not left:
                    raise CannotConnect(self.named(error)) from error
            else:
                return

    def _open_once(self) -> None:
        self._link = self._connected()
        try:
            self.offers = _offers(self._link)
        except Unfit as error:
            self.fall_back(str(error))
            self.offers = _offers(self.link)

    def _connected(self) -> DirectoryLink:
        self.wire = connect(self.name, self.options, self.folder, self.stop)
        if not self._slow:
            return FastLink(self.wire)
        from engine.connectors.ldap.ldap3_client import Ldap3Link  # noqa: PLC0415 - ldap3 is slow to import

        return Ldap3Link(self.wire)

    def fall_back(self, why: str) -> None:
        """Go on with ldap3's reader and writer on a new connection, and tell why."""
        self.close()
        if self._slow:
            raise ConnectionLost(f"'{self.name}': what the server sends cannot be read: {why}")
        self._slow = why
        self._notes.append(f"read and written by ldap3, and slower: the server sent what is not understood: {why}")
        self._link = self._connected()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._link is not None

    def context_of(self, base: str) -> str | None:
        """Give the naming context that a DN stands in; None where the server does not tell."""
        contexts = self.offers.root.get("namingcontexts", [])
        above = [one for one in contexts if one and Within(one)(base)]
        return max(above, key=len, default=None)

    def close(self) -> None:
        """Let go of the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._beside is not None:
            self._beside.close()

    def read(self, what: Callable[[DirectoryLink], Found]) -> Found:
        """Do what only reads, and all of it again on a new connection when the old one broke.

        Raises `TriedInVain` when that happened too often.
        """
        for left in self.attempts():
            try:
                return what(self.link)
            except Unfit as error:
                self.fall_back(str(error))
                return what(self.link)
            except Abandoned:
                raise
            except CannotConnect as error:  # which was tried again already
                raise TriedInVain(self.named(error)) from error
            except ConnectionLost as error:
                self.close()
                if not left:
                    raise TriedInVain(self.named(error)) from error
        raise ConnectionLost(f"'{self.name}': no connection")

    def attempts(self) -> "Attempts":
        """Count down how often something may be tried, waiting longer and longer in between."""
        return Attempts(self.options.reconnects, self.options.reconnect_delay, self.stop)

    def named(self, error: Exception) -> str:
        """Give what went wrong with the name of the system before it."""
        text = str(error)
        return text if text.startswith(f"'{self.name}'") else f"'{self.name}': {text}"


class Attempts:
    """Counts attempts down to 0, and waits before each but the first, every time twice as long, until a stop."""

    def __init__(self, again: int, delay: float, stop: threading.Event) -> None:
        self._stop = stop
        self._left = again + 1
        self._delay = delay
        self._first = True

    def __iter__(self) -> "Attempts":
        return self

    def __next__(self) -> int:
        if not self._left:
            raise StopIteration
        if not self._first:
            if self._stop.wait(self._delay):
                raise Abandoned("it was not tried again: somebody stopped it")
            self._delay *= 2
        self._first = False
        self._left -= 1
        return self._left


def _offers(link: DirectoryLink) -> Offers:
    found, result = find(link, Search("", "(objectClass=*)", _ROOT, BASE))
    entries = [one for one in found if isinstance(one, Entry)]
    if result.code != 0 or not entries:
        return Offers({})
    return Offers(
        {
            name.decode(errors="replace").lower(): [value.decode(errors="replace") for value in values]
            for name, values in entries[0].attributes
        }
    )
