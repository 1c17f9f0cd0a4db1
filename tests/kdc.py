"""A real Kerberos realm for tests: MIT's KDC on a loopback port, and the keys that it has given away."""

import os
import socket
import subprocess
import time
from pathlib import Path

from tests.slapd import free_port

REALM = "EXAMPLE.TEST"
_KRB5 = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
"""
_KDC = """
[kdcdefaults]
kdc_ports = ""
kdc_tcp_ports = {port}
kdc_listen = ""
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {home}/principal
  key_stash_file = {home}/stash
  max_life = 1h
}}
"""


class Kdc:
    """A realm; `env` is what its programs and its clients need to know."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True)
        self.home = home
        self.port = free_port()
        (home / "krb5.conf").write_text(_KRB5.format(realm=REALM, port=self.port))
        (home / "kdc.conf").write_text(_KDC.format(realm=REALM, port=self.port, home=home))
        self.env = {
            "KRB5_CONFIG": str(home / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(home / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{home / 'tickets'}",
        }
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master key for tests")
        self._process: subprocess.Popen[bytes] | None = None

    def keytab(self, name: str) -> Path:
        """Make a principal with a key that only this file holds."""
        path = self.home / f"{name.replace('/', '-')}.keytab"
        self._run("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {name}@{REALM}")
        self._run("kadmin.local", "-r", REALM, "-q", f"ktadd -k {path} {name}@{REALM}")
        path.chmod(0o600)
        return path

    def tickets(self, name: str, keytab: Path) -> None:
        """Ask for tickets, as `kinit` does for a process."""
        self._run("kinit", "-k", "-t", str(keytab), f"{name}@{REALM}")

    def start(self) -> "Kdc":
        with (self.home / "log").open("ab") as log:
            command = ["krb5kdc", "-n", "-r", REALM, "-P", str(self.home / "pid")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._all())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.02)
        raise AssertionError(f"krb5kdc did not start: {(self.home / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _all(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin", **self.env}

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, env=self._all(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
