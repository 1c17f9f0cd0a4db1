"""A little mail server on a loopback port: it speaks SMTP with STARTTLS and AUTH, and keeps what it is sent."""

import base64
import socket
import ssl
import subprocess
import threading
from pathlib import Path


def make_certificate(folder: Path, name: str = "127.0.0.1") -> Path:
    """Make a key and a certificate that vouches for itself, in one file."""
    path = folder / f"{name}.pem"
    kind = "IP" if name[0].isdigit() else "DNS"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}", "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


class MailServer:
    """A server; `messages` are (sender, recipients, text), `logins` are (user, password, encrypted)."""

    def __init__(
        self, certificate: Path | None = None, *, at_once: bool = False, silent: bool = False, refuses: str = ""
    ) -> None:
        self.messages: list[tuple[str, list[str], str]] = []
        self.logins: list[tuple[str, str, bool]] = []
        self._silent = silent
        self._refuses = refuses
        self._at_once = at_once
        self._context = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            one.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(line)
            if not self._silent:
                threading.Thread(target=self._talk_safely, args=(line,), daemon=True).start()

    def _talk_safely(self, line: socket.socket) -> None:
        try:
            if self._at_once and self._context:
                with self._context.wrap_socket(line, server_side=True) as safe:
                    self._talk(safe, encrypted=True)
            else:
                self._talk(line, encrypted=False)
        except (OSError, ValueError):  # the client went away, or trusts us not
            pass
        finally:
            line.close()

    def _talk(self, line: socket.socket, *, encrypted: bool) -> None:
        file = line.makefile("rwb", buffering=0)

        def say(text: str) -> None:
            file.write(text.encode() + b"\r\n")

        sender, recipients = "", []
        if not (encrypted and not self._at_once):
            say("220 test")
        while words := file.readline().decode().strip():
            verb, _, rest = words.partition(" ")
            match verb.upper():
                case "EHLO" | "HELO":
                    offers = ["STARTTLS"] if self._context and not encrypted else ["AUTH PLAIN"]
                    say("\r\n".join(["250-test", *(f"250-{one}" for one in offers), "250 HELP"]))
                case "STARTTLS":
                    say("220 go on")
                    assert self._context is not None
                    with self._context.wrap_socket(line, server_side=True) as safe:
                        self._talk(safe, encrypted=True)
                    return
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                    self.logins.append((user, password, encrypted))
                    say("535 no" if self._refuses == "login" else "235 ok")
                case "MAIL":
                    sender = rest
                    say("250 ok")
                case "RCPT":
                    recipients.append(rest)
                    say("550 unknown" if self._refuses and self._refuses in rest else "250 ok")
                case "DATA":
                    say("354 go on")
                    text = b""
                    while not text.endswith(b"\r\n.\r\n"):
                        text += file.readline()
                    self.messages.append((sender, recipients, text.decode()))
                    say("250 ok")
                case "QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 ok")
