"""A real domain controller of Active Directory for tests: Samba's, made once and copied, in its own network."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.certificates import Authority

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a domain can only be provisioned by root")
SUFFIX = "DC=example,DC=test"
ADMIN = f"CN=Administrator,CN=Users,{SUFFIX}"
PASSWORD = "Passw0rd!123"
PEOPLE = f"OU=People,{SUFFIX}"

_PROVISION = [
    "samba-tool",
    "domain",
    "provision",
    "--realm=EXAMPLE.TEST",
    "--domain=EXAMPLE",
    "--server-role=dc",
    "--dns-backend=NONE",
    "--host-ip=127.0.0.1",
    "--host-name=dc1",
    "--option=interfaces=lo",
]
_CONF = """
[global]
    netbios name = DC1
    realm = EXAMPLE.TEST
    workgroup = EXAMPLE
    server role = active directory domain controller
    server services = ldap
    interfaces = 127.0.0.1/8
    bind interfaces only = yes
    ldap server require strong auth = no
    disable netbios = yes
    private dir = {home}/private
    state directory = {home}/state
    cache directory = {home}/cache
    lock directory = {home}/run
    pid directory = {home}/run
    ncalrpc dir = {home}/run/ncalrpc
    binddns dir = {home}/bind-dns
    tls enabled = yes
"""
_BRIDGE = """
import selectors, socket, sys
at, port = sys.argv[1], int(sys.argv[2])
listener = socket.socket(socket.AF_UNIX); listener.bind(at); listener.listen(50)
print("ready", flush=True)
poll, pairs = selectors.DefaultSelector(), {}
poll.register(listener, selectors.EVENT_READ)
def drop(one):
    for side in (one, pairs.pop(one)):
        try: poll.unregister(side)
        except (KeyError, ValueError): pass
        pairs.pop(side, None); side.close()
while True:
    for key, _ in poll.select():
        if key.fileobj is listener:
            near, _ = listener.accept()
            far = socket.create_connection(("127.0.0.1", port))
            pairs[near], pairs[far] = far, near
            poll.register(near, selectors.EVENT_READ); poll.register(far, selectors.EVENT_READ)
        elif key.fileobj in pairs:
            try: data = key.fileobj.recv(65536)
            except OSError: data = b""
            if not data: drop(key.fileobj)
            else:
                try: pairs[key.fileobj].sendall(data)
                except OSError: drop(key.fileobj)
"""
"""Carries connections between a socket in the file system and a port of the network that it runs in."""


def provisioned(shared: Path) -> Path:
    """Give a provisioned domain to copy; whoever of the tests' processes comes first makes it, in seven seconds."""
    home = shared / "samba-domain"
    with (shared / "samba-domain.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "made").exists():
            done = subprocess.run(
                [*_PROVISION, f"--targetdir={home}", f"--adminpass={PASSWORD}"], capture_output=True, check=False
            )
            assert done.returncode == 0, done.stderr.decode()[-3000:]
            (home / "made").touch()
    return home


class Samba:
    """One domain controller; reached over its socket, and with TLS over a port."""

    def __init__(self, domain: Path, home: Path) -> None:
        shutil.copytree(domain, home, symlinks=True)
        self.home = home
        (home / "etc" / "smb.conf").write_text(_CONF.format(home=home))
        for name in ("run", "run/ncalrpc", "cache", "bind-dns"):
            (home / name).mkdir(parents=True, exist_ok=True)
        # the path of a socket may not be long
        self._short = Path(tempfile.mkdtemp(prefix="ad-"))
        (self._short / "d").symlink_to(home)
        self.socket = self._short / "d" / "private" / "ldapi"
        self.ldapi = f"ldapi://{str(self.socket).replace('/', '%2F')}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> "Samba":
        log = (self.home / "samba.log").open("ab")
        run = f"ip link set lo up; exec samba -s {self.home}/etc/smb.conf -i -M single"
        server = subprocess.Popen(["unshare", "-n", "sh", "-c", run], stdout=log, stderr=log, start_new_session=True)
        log.close()
        self._processes.append(server)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and server.poll() is None:
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(self.socket)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"samba did not start: {(self.home / 'samba.log').read_text()[-3000:]}")

    def restart(self) -> None:
        """Start it again, with what was changed below its home."""
        self._end()
        self.start()

    def _end(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        self._processes = []

    def stop(self) -> None:
        self._end()
        shutil.rmtree(self._short, ignore_errors=True)

    @contextmanager
    def tcp(self, port: int) -> Iterator[int]:
        """Let a port of the controller (389, 636) be reached at one of this machine's loopback, and give that."""
        near, far = self._short / f"{port}", ["nsenter", "-t", str(self._processes[0].pid), "-n"]
        command = [*far, "python3", "-c", _BRIDGE, str(near), str(port)]
        inside = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert inside.stdout is not None
        assert inside.stdout.readline() == b"ready\n"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            here = probe.getsockname()[1]
        outside = subprocess.Popen(["python3", "-c", _LISTEN, str(here), str(near)], stdout=subprocess.PIPE)
        assert outside.stdout is not None
        assert outside.stdout.readline() == b"ready\n"
        try:
            yield here
        finally:
            for process in (outside, inside):
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()
            near.unlink()

    def tool(self, name: str, *arguments: str, text: str = "") -> str:
        """Run one of OpenLDAP's tools as the domain's administrator."""
        command = [name, "-x", "-H", self.ldapi, "-D", ADMIN, "-w", PASSWORD, *arguments]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False, env={**os.environ})
        assert done.returncode == 0, f"{name}: {done.stderr.decode()} {done.stdout.decode()[-500:]}"
        return done.stdout.decode()


_LISTEN = _BRIDGE.replace(
    "socket.AF_UNIX); listener.bind(at)", 'socket.AF_INET); listener.bind(("127.0.0.1", int(at)))'
)
_LISTEN = _LISTEN.replace("at, port = sys.argv[1], int(sys.argv[2])", "at, port = sys.argv[1], sys.argv[2]")
_LISTEN = _LISTEN.replace(
    'socket.create_connection(("127.0.0.1", port))', "socket.socket(socket.AF_UNIX); far.connect(port)"
)


@contextmanager
def encrypted(shared_folder: Path, folder: Path) -> Iterator[tuple[Samba, int, Authority]]:
    """Give a domain with a certificate, the port of its LDAPS on localhost, and who has signed the certificate."""
    authority = Authority(folder / "authority")
    made = authority.sign("dc1", names="DNS:localhost")
    samba = Samba(provisioned(shared_folder), folder / "dc")
    private = samba.home / "private" / "tls"
    private.mkdir(exist_ok=True)
    (private / "cert.pem").write_bytes(made.certificate.read_bytes())
    (private / "key.pem").write_bytes(made.key.read_bytes())
    (private / "ca.pem").write_bytes(authority.file.read_bytes())
    (private / "key.pem").chmod(0o600)
    samba.start()
    try:
        with samba.tcp(636) as port:
            yield samba, port, authority
    finally:
        samba.stop()
