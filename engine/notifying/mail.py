"""E-mail over SMTP (RFC 5321), encrypted (RFC 8314, RFC 3207) and with the server's certificate verified."""

import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from engine.configuration.notify import MailConfig

PORTS = {"none": 25, "starttls": 587, "tls": 465}


class MailFailed(Exception):
    """The server could not be reached, or does not take the message."""


def send_mail(settings: MailConfig, subject: str, text: str, folder: Path, seconds: float) -> None:
    """Hand a message to the server. Raises `MailFailed`, with nothing secret in it, or `CredentialsRefused`."""
    secret = settings.password.reveal(folder) if settings.password else ""
    try:
        with _connected(settings, folder, seconds) as server:
            if settings.user and secret:
                server.login(settings.user, secret)
            refused = server.send_message(_message(settings, subject, text))
    except smtplib.SMTPResponseException as error:
        raise MailFailed(f"{settings.host} answered {error.smtp_code}: {type(error).__name__}") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise MailFailed(f"{settings.host} refuses {', '.join(error.recipients)}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailFailed(f"{settings.host}: {error}") from None
    if refused:
        raise MailFailed(f"{settings.host} refuses {', '.join(refused)}; the others were told")


def _connected(settings: MailConfig, folder: Path, seconds: float) -> smtplib.SMTP:
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


def _message(settings: MailConfig, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = subject
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=socket.gethostname())
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing answers it by itself
    message.set_content(text)
    return message
