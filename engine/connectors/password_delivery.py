"""Deliver the passwords of new accounts: sealed for their recipients before they are sent; by command or mail after."""

import csv
import io
import json
import os
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from engine.connectors.files import unwritable
from engine.connectors.initial_passwords import DeliveryConfig, PasswordMailConfig
from engine.errors import CredentialsRefused, StepFailed
from engine.notifying.hook import HANDED_ON
from engine.notifying.mail import Letter, MailFailed, mail_server, send_letters
from engine.values.plain import plain
from storage import clock

COLUMNS = ("system", "type", "name", "login", "password")
SECONDS = 60.0
"""How long a command, or a server of mail, may take."""


class NewPassword(NamedTuple):
    """A password, and whose it is."""

    system: str
    type: str
    name: str
    """The account's name in its system, such as its DN."""
    login: str
    """What its owner types beside the password, where that is known."""
    password: str
    readers: tuple[str, ...] = ()
    """To whom it goes by mail."""


class Undelivered(NamedTuple):
    """Passwords that nobody got, and why."""

    whose: list[NewPassword]
    why: str


def seal(deliver: DeliveryConfig, folder: Path, passwords: Sequence[NewPassword]) -> Path:
    """Put passwords into a new file that only the recipients can open, durably: before the accounts are created.

    Nothing is lost then, whatever happens; a password whose account is refused opens nothing. Raises `StepFailed`.
    """
    place = folder / (deliver.folder or "")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(map(_cells, passwords))
    sealed = _encrypted(text.getvalue().encode(), deliver.recipients)
    stamp = clock.now()[:19].replace(":", "")
    path = place / f"{passwords[0].system}-{stamp}-{secrets.token_hex(4)}.csv.age"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        folder_itself = os.open(place, os.O_RDONLY)
        try:
            os.fsync(folder_itself)
        finally:
            os.close(folder_itself)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise unwritable(path, error) from error
    return path


def _cells(one: NewPassword) -> tuple[str, ...]:
    """Give what a spreadsheet shows as it is: it takes no name for a formula; the password is exact."""
    told = (one.system, one.type, one.name, one.login)
    return (*(f"'{text}" if text[:1] in ("=", "+", "-", "@") else text for text in told), one.password)


def _encrypted(text: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt with age for some recipients. Raises `StepFailed` where that cannot be done."""
    try:
        import pyrage  # noqa: PLC0415 - an extra, of use only here
    except ImportError:
        raise StepFailed("passwords are sealed with age: pip install interlock[age]") from None
    keys: list[Any] = []
    for one in recipients:
        kind = pyrage.ssh if one.startswith("ssh-") else pyrage.x25519
        try:
            keys.append(kind.Recipient.from_str(one))
        except pyrage.RecipientError as error:
            raise StepFailed(f"initial_password: '{plain(one[:40])}' is no recipient: {error}") from error
    return bytes(pyrage.encrypt(text, keys))


def hand_over(deliver: DeliveryConfig, folder: Path, passwords: Sequence[NewPassword]) -> list[Undelivered]:
    """Give passwords to whom they are for, after the accounts were created; say whose nobody got, and why."""
    if deliver.mail is not None:
        return _mailed(deliver.mail, folder, passwords)
    why = _told(deliver, folder, passwords)
    return [Undelivered([*passwords], why)] if why else []


def _mailed(mail: PasswordMailConfig, folder: Path, passwords: Sequence[NewPassword]) -> list[Undelivered]:
    """Mail passwords, to each reader those of one batch in one message."""
    by_readers: dict[tuple[str, ...], list[NewPassword]] = {}
    for one in passwords:
        by_readers.setdefault(one.readers, []).append(one)
    letters = [_letter(readers, whose) for readers, whose in by_readers.items()]
    try:
        handed = send_letters(mail, letters, folder, SECONDS)
    except (MailFailed, CredentialsRefused) as error:
        return [Undelivered([*passwords], str(error))]
    return [
        Undelivered(whose, one.told) for whose, one in zip(by_readers.values(), handed, strict=True) if not one.taken
    ]


def _letter(readers: Sequence[str], whose: Sequence[NewPassword]) -> Letter:
    logins = [one.login or one.name for one in whose]
    others = f" and {len(logins) - 1:,} more" if len(logins) > 1 else ""
    lines = [
        f"New passwords in '{whose[0].system}'. Please hand them over in person: they are written down nowhere else.",
        "",
    ]
    for one in whose:
        lines += [f"Account:   {plain(one.name)}", f"Login:     {plain(one.login)}", f"Password:  {one.password}", ""]
    return Letter(readers, plain(f"Password of {logins[0]}{others} in '{whose[0].system}'"), "\n".join(lines))


def _told(deliver: DeliveryConfig, folder: Path, passwords: Sequence[NewPassword]) -> str:
    """Give passwords to the command; say what failed, if anything did.

    They go through a pipe: nothing of them is ever on a disk.
    """
    document = json.dumps({"passwords": [{name: getattr(one, name) for name in COLUMNS} for one in passwords]})
    try:
        done = subprocess.run(  # noqa: S603 - what the configuration names
            deliver.command,
            cwd=folder,
            env={name: os.environ[name] for name in HANDED_ON if name in os.environ},
            input=document.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{deliver.command[0]} took longer than {SECONDS:g} s and was killed"
    except OSError as error:
        return f"{deliver.command[0]} cannot be started: {error.strerror}"
    return f"{deliver.command[0]} ended with status {done.returncode}" if done.returncode else ""


def refuse_unusable(deliver: DeliveryConfig, folder: Path) -> None:
    """Look whether passwords can be delivered, before any is made. Raises `StepFailed`."""
    if deliver.folder is not None:
        place = folder / deliver.folder
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise StepFailed(f"{place}: is no folder that can be written; new passwords are to go there")
        _encrypted(b"", deliver.recipients)
    if deliver.mail is not None:
        try:
            with mail_server(deliver.mail, folder, SECONDS):
                pass
        except MailFailed as error:
            raise StepFailed(f"the server of the mail with it does not answer as it should: {error}") from None
