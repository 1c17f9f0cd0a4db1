"""What can be wrong with a store, each with a sentence for the operator.

StoreError
├── StoreLocked       another program holds the write lock
├── StoreReadOnly     the file or its folder cannot be written
├── StoreFull         no room left on the disk
├── StoreLost         the server that holds it does not answer
├── StoreTooNew       written by a newer Interlock
├── StoreUnreadable   not a store, damaged, or not to be opened
├── StorePutBack      an older file stands in its place
├── BackupRefused     a copy of it cannot be made as it was asked for
├── AlreadyRunning    a run holds the lease
├── WrongClock        this machine's clock is not the server's
└── LeaseLost         another process took the lease over
"""


class StoreError(Exception):
    """Something about the store stops the work; what was committed stays."""


class StoreLocked(StoreError):
    """Another program holds the write lock."""


class StoreReadOnly(StoreError):
    """The file or its folder cannot be written."""


class StoreFull(StoreError):
    """No room is left on the disk."""


class StoreLost(StoreError):
    """The server that holds the store does not answer, or not any more."""


class StoreTooNew(StoreError):
    """The store was written by a newer Interlock."""


class StoreUnreadable(StoreError):
    """The file is not a store, is damaged, or cannot be opened."""


class StorePutBack(StoreError):
    """An older file was put in the store's place: what was decided since is not in it."""


class BackupRefused(StoreError):
    """A copy of the store cannot be made as it was asked for."""


class AlreadyRunning(StoreError):
    """A run holds the lease."""


class WrongClock(StoreError):
    """The clock of this machine is far from that of the store's server."""


class LeaseLost(StoreError):
    """Another process took the lease over."""
