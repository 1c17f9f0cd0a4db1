"""E-mail over SMTP (RFC 5321), encrypted (RFC 8314, RFC 3207) and with the server's certificate verified."""

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid
from pathlib import Path
from typing import NamedTuple

from engine.configuration.mail_server import MailServerConfig
from engine.configuration.notify import MailConfig

PORTS = {"none": 25, "starttls": 587, "tls": 465}


class MailFailed(Exception):
    """The server could not be reached, or does not take the message."""


class Letter(NamedTuple):
    """One message, and for whom it is."""

    to: Sequence[str]
    subject: str
    text: str


class Handed(NamedTuple):
    """What became of a message."""

    taken: bool
    """Whether the server takes it, for one of its readers at least."""
    told: str = ""
    """What kept it from the others, if anything did; nothing secret is in it."""


def send_mail(settings: MailConfig, subject: str, text: str, folder: Path, seconds: float) -> None:
    """Hand a message to the server. Raises `MailFailed`, with nothing secret in it, or `CredentialsRefused`."""
    (handed,) = send_letters(settings, [Letter(settings.to, subject, text)], folder, seconds)
    if handed.told:
        raise MailFailed(handed.told)


def send_letters(settings: MailServerConfig, letters: Sequence[Letter], folder: Path, seconds: float) -> list[Handed]:
    """Hand some messages over on one connection, and give what became of each.

    Raises `MailFailed` or `CredentialsRefused` where the server takes none at all.
    """
    with mail_server(settings, folder, seconds) as server:
        return [_handed(server, settings, letter) for letter in letters]


@contextmanager
def mail_server(settings: MailServerConfig, folder: Path, seconds: float) -> Iterator[smtplib.SMTP]:
    """Give the server, ready to take messages. Raises `MailFailed`, nothing secret in it, or `CredentialsRefused`."""
    secret = settings.password.reveal(folder) if settings.password else ""
    with _in_words(settings):
        server = _connected(settings, folder, seconds)
        try:
            if settings.user and secret:
                server.login(settings.user, secret)
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):  # what was taken is taken
                server.quit()
            server.close()


def _handed(server: smtplib.SMTP, settings: MailServerConfig, letter: Letter) -> Handed:
    try:
        with _in_words(settings):
            readers = [address for _, address in getaddresses(letter.to)]
            refused = server.send_message(_message(settings, letter), to_addrs=readers)
    except MailFailed as failure:
        return Handed(taken=False, told=str(failure))
    if refused:
        return Handed(taken=True, told=f"{settings.host} refuses {', '.join(refused)}; the others were told")
    return Handed(taken=True)


@contextmanager
def _in_words(settings: MailServerConfig) -> Iterator[None]:
    """Say in a sentence what failed, with nothing secret in it."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise MailFailed(f"{settings.host} answered {error.smtp_code}: {type(error).__name__}") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise MailFailed(f"{settings.host} refuses {', '.join(error.recipients)}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailFailed(f"{settings.host}: {error}") from None


def _connected(settings: MailServerConfig, folder: Path, seconds: float) -> smtplib.SMTP:
    port = settings.port or PORTS[settings.tls]
    if settings.tls == "none":
        return smtplib.SMTP(settings.host, port, timeout=seconds)
    context = ssl.create_default_context(cafile=folder / settings.ca_file if settings.ca_file else None)
    if settings.tls == "tls":
        return smtplib.SMTP_SSL(settings.host, port, timeout=seconds, context=context)
    server = smtplib.SMTP(settings.host, port, timeout=seconds)
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _message(settings: MailServerConfig, letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = ", ".join(letter.to)
    message["Subject"] = letter.subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=socket.gethostname())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing answers it by itself
    message.set_content(letter.text)
    return message
