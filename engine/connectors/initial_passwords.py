"""The passwords of new accounts: made by a policy, delivered once, and kept nowhere."""

import math
import re
import secrets
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.configuration.base import Model
from engine.configuration.mail_server import MailServerConfig
from engine.errors import StepFailed

LOOK_ALIKE = frozenset("0Oo1lI|5S2Z")
"""What people mistake for something else on paper."""
Class = Literal["lower", "upper", "digit", "symbol"]
EVERY_CLASS: tuple[Class, ...] = ("lower", "upper", "digit", "symbol")
CLASSES: dict[Class, str] = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "digit": string.digits,
    "symbol": "!#$%&*+-=?@_",
}
BITS = 50
"""How hard a password has to be to guess, at least: the logarithm of how many there could be."""
MOST_WORDS = 1_000_000
_ATOM = r"[^\s@.,;:<>()\[\]\\\"\x00-\x1f\x7f]+"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@{_ATOM}(\.{_ATOM})*")


class PasswordMailConfig(MailServerConfig):
    """`mail` of a delivery: the server that takes e-mail, as `[notify]` has it, and for whom a password is."""

    to_attribute: str | None = None
    """The account's attribute that says for whom: an address, or the name of an entry whose `mail` it is: `manager`."""
    to: list[str] = Field(default_factory=list)
    """For whom it is where that says nobody, or is not given."""

    @model_validator(mode="after")
    def _goes_to_somebody_and_encrypted(self) -> Self:
        if self.to_attribute is None and not self.to:
            raise ValueError("say for whom the passwords are: 'to_attribute', 'to', or both")
        if wrong := [one for one in self.to if not is_address(one)]:
            raise ValueError(f"'{wrong[0]}' is no address")
        if self.tls == "none":
            raise ValueError('passwords are sent over an encrypted connection only: tls = "starttls" or "tls"')
        return self


class DeliveryConfig(Model):
    """`deliver` of a policy: where new passwords go, one of three."""

    folder: Path | None = None
    """A folder in which each batch of passwords becomes a file that only the `recipients` can open (age)."""
    recipients: list[str] = Field(default_factory=list)
    """Whose keys open it: `age1…`, or public keys of SSH (`ssh-ed25519 …`, `ssh-rsa …`)."""
    command: list[str] = Field(default_factory=list)
    """A program and its arguments; it gets the passwords as a JSON document on standard input."""
    mail: PasswordMailConfig | None = None
    """E-mail, such as to the managers of the new people."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.folder is not None, bool(self.command), self.mail is not None]
        if sum(ways) != 1 or (self.folder is None) != (not self.recipients):
            raise ValueError("deliver to a folder with its recipients, to a command, or by mail")
        return self

    @property
    def comes_after(self) -> bool:
        """Whether passwords are delivered only after the accounts were created."""
        return self.folder is None


def is_address(text: str) -> bool:
    """Tell whether a text is one address of e-mail, as a header and SMTP take it.

    None that has an encoded word (RFC 2047): a header would be read as other addresses than SMTP was told.
    """
    return _ADDRESS.fullmatch(text) is not None and "=?" not in text and "=" not in text.rpartition("@")[2]


class PasswordPolicy(Model):
    """`initial_password` of a type: how the passwords of new accounts are made, and where they go."""

    length: int = Field(16, ge=8, le=128)
    """How many characters it has, where it is not made of words."""
    classes: list[Class] = Field(default_factory=lambda: [*EVERY_CLASS], min_length=1)
    """Of which kinds; each comes at least once. None of them is easily mistaken for another."""
    words: int | None = Field(None, ge=3, le=16)
    """Of how many words it is made instead."""
    words_file: Path | None = None
    """The list they are taken from: one in each line."""
    separator: str = Field("-", max_length=3)
    """What stands between words."""
    must_change: bool = True
    """Whether its owner has to change it at the first login, where the server knows of that."""
    deliver: DeliveryConfig
    """Where it goes."""

    @field_validator("separator")
    @classmethod
    def _can_be_typed(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("the separator holds what cannot be typed")
        return text

    @model_validator(mode="after")
    def _hard_to_guess(self) -> Self:
        if (self.words is None) != (self.words_file is None):
            raise ValueError("'words' and 'words_file' go together")
        if self.words is None:
            if self.length < len(self.classes):
                raise ValueError(f"'length' is too short for one of each of {len(self.classes)} classes")
            _refuse_guessable(self.length * math.log2(len("".join(map(_letters, self.classes)))))
        return self


def make_passwords(policy: PasswordPolicy, folder: Path, count: int) -> list[str]:
    """Make some passwords. Raises `StepFailed` where the list of words cannot be used."""
    if policy.words is None:
        return [_of_characters(policy) for _ in range(count)]
    words = _words(folder / (policy.words_file or ""))
    try:
        _refuse_guessable(policy.words * math.log2(len(words)))
    except ValueError as error:
        raise StepFailed(f"initial_password: {error}") from None
    return [policy.separator.join(secrets.choice(words) for _ in range(policy.words)) for _ in range(count)]


def _of_characters(policy: PasswordPolicy) -> str:
    every = "".join(map(_letters, policy.classes))
    chosen = [secrets.choice(_letters(one)) for one in policy.classes]
    chosen += [secrets.choice(every) for _ in range(policy.length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    first = next((index for index, letter in enumerate(chosen) if letter.isalnum()), 0)
    chosen[0], chosen[first] = chosen[first], chosen[0]  # no spreadsheet takes it for a formula
    return "".join(chosen)


def _letters(name: Class) -> str:
    return "".join(letter for letter in CLASSES[name] if letter not in LOOK_ALIKE)


def _words(path: Path) -> Sequence[str]:
    """Read a list of words, each once. Raises `StepFailed`."""
    try:
        words = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()[:MOST_WORDS]}
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StepFailed(f"{path}: the list of words cannot be read: {told}") from error
    if not (words := {word for word in words if word and word.isprintable()}):
        raise StepFailed(f"{path}: holds no words")
    return sorted(words)


def _refuse_guessable(bits: float) -> None:
    if bits < BITS:
        told = f"such passwords could be guessed ({bits:.0f} bits, and at least {BITS} are wanted)"
        raise ValueError(f"{told}: make them longer, or of more words or kinds")
