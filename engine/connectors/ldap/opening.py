"""Open a socket to a server: its name is looked up and its addresses are tried in turn, all before one deadline."""

import os
import socket
import threading
from contextlib import suppress
from typing import Any

from engine.connectors.ldap.options import LdapOptions
from engine.connectors.ldap.patience import WRITABLE, OutOfPatience, Patience

PAUSE = 0.05
"""Seconds before a local socket is tried again that has no room for more."""
Address = tuple[socket.AddressFamily, Any]


def open_socket(options: LdapOptions, patience: Patience) -> socket.socket:
    """Give a connected socket that never blocks.

    Raises `OSError` where nothing answers, `OutOfPatience` or `Abandoned`.
    """
    if options.scheme == "ldapi":
        return _connected((socket.AF_UNIX, options.host), patience)
    addresses = _addresses(options.host, options.port, patience)
    failure: OSError | None = None
    for index, address in enumerate(addresses):
        try:
            return _connected(address, _share(patience, len(addresses) - index))
        except OutOfPatience:
            _ = patience.left  # of the whole: the next address has its own share
            failure = TimeoutError(f"{address[1][0]} did not answer")
        except OSError as error:
            failure = error
    raise failure or OSError("the name has no address")


def _share(patience: Patience, others: int) -> Patience:
    """Give each address its part of the time, so that one that is silent does not take that of the next."""
    return Patience(patience.left / others, patience.stop)


def _addresses(host: str, port: int, patience: Patience) -> list[Address]:
    """Look a name up, in a thread of its own: the system's resolver knows no deadline, and nothing ends it."""
    found: list[Address] = []
    failed: list[OSError] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            listed = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend((family, address) for family, _, _, _, address in listed)
        except OSError as error:
            failed.append(error)
        except UnicodeError as error:
            failed.append(OSError(f"'{host}' is no host name: {error}"))
        finally:
            done.set()

    threading.Thread(target=look_up, daemon=True).start()
    patience.wait_until(done)
    if failed:
        raise failed[0]
    return found


def _connected(address: Address, patience: Patience) -> socket.socket:
    one = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        one.setblocking(False)
        while True:
            with suppress(BlockingIOError):
                one.connect(address[1])
                return one
            if address[0] != socket.AF_UNIX:
                break
            patience.stop.wait(min(patience.left, PAUSE))  # its queue is full, and nothing tells when it is not
        patience.wait_for(one, WRITABLE)
        if code := one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))
    except BaseException:
        one.close()
        raise
    return one
