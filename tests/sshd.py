"""A real sshd on a loopback port, with a host key, users' keys and a configuration of its own."""

import getpass
import shutil
import socket
import subprocess
import time
from pathlib import Path

_CONF = """
ListenAddress 127.0.0.1
HostKey {home}/host
AuthorizedKeysFile {home}/authorized_keys
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin yes
Subsystem sftp internal-sftp
{more}
"""


class Sshd:
    """One server, and a client that knows nothing but it."""

    def __init__(self, home: Path, more: str = "") -> None:
        home.mkdir()
        home.chmod(0o700)
        self.home = home
        self.user = getpass.getuser()
        self._process: subprocess.Popen[bytes] | None = None
        self._keys: list[str] = []
        self.make_key("host")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (home / "sshd.conf").write_text(_CONF.format(home=home, more=more))

    def make_key(self, name: str) -> str:
        """Make a key and give its public half."""
        path = self.home / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path.with_suffix(".pub").read_text().strip()

    def authorize(self, name: str, options: str) -> None:
        """Let somebody in with a key of their own, under some options of `authorized_keys`."""
        self._keys.append(f"{options} {self.make_key(name)}\n")
        (self.home / "authorized_keys").write_text("".join(self._keys))

    def start(self) -> "Sshd":
        Path("/run/sshd").mkdir(exist_ok=True)
        program = shutil.which("sshd") or "/usr/sbin/sshd"  # it insists on being called by its whole path
        log = (self.home / "sshd.log").open("ab")
        command = [program, "-D", "-e", "-f", str(self.home / "sshd.conf"), "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.01)
        raise AssertionError(f"sshd did not start: {(self.home / 'sshd.log').read_text()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def options(self, key: str) -> list[str]:
        """Give what the clients of OpenSSH are told of this server."""
        pairs = (
            f"IdentityFile={self.home / key}",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=no",
            f"UserKnownHostsFile={self.home / 'known_hosts'}",
            "LogLevel=ERROR",
            "BatchMode=yes",
        )
        return ["-F", "/dev/null", *(word for pair in pairs for word in ("-o", pair))]

    def command(self, key: str, *arguments: str) -> list[str]:
        """Give the words of an `ssh`, its options and what follows the host."""
        before = [one for one in arguments if one.startswith("-")]
        after = [one for one in arguments if not one.startswith("-")]
        return ["ssh", *self.options(key), "-p", str(self.port), *before, f"{self.user}@127.0.0.1", *after]

    def ssh(self, key: str, *arguments: str, text: str = "") -> tuple[int, str]:
        """Connect, and give the exit status and all that was said."""
        return self.run(self.command(key, *arguments), text)

    def run(self, command: list[str], text: str = "") -> tuple[int, str]:
        done = subprocess.run(
            command, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
        )
        return done.returncode, done.stdout.decode(errors="replace")
