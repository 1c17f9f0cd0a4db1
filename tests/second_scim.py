"""Another real SCIM service over TLS: that of the package django-scim2, which shares no code with scim2-server."""

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

from tests.certificates import Authority
from tests.scim import JSON, TOKEN


class SecondScim:
    """The service, and what it holds."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "authority")
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        certificate = self.authority.sign("localhost", names="DNS:localhost,IP:127.0.0.1")
        command = [sys.executable, "-m", "tests.scim_project.serve", str(self._folder)]
        files = [str(certificate.certificate), str(certificate.key)]
        log = (self._folder / "log").open("w")
        with log:
            self._process = subprocess.Popen([*command, *files], stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port, (self._folder / "log").read_text()
        self.url = f"https://localhost:{port}/scim/v2"
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def ask(self, method: str, path: str, document: JSON | None = None) -> JSON:
        """Ask the service for something, as somebody else would."""
        context = ssl.create_default_context(cafile=str(self.authority.file))
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with httpx.Client(verify=context, headers=headers, trust_env=False) as client:
            answer = client.request(method, self.url + path, json=document)
            assert answer.status_code < 300, answer.text
            return answer.json() if answer.content else {}

    def users(self) -> dict[str, JSON]:
        """Give all users by their names."""
        return {one["userName"]: one for one in self.ask("GET", "/Users?count=1000").get("Resources", [])}

    def groups(self) -> dict[str, JSON]:
        """Give all groups by their names."""
        return {one["displayName"]: one for one in self.ask("GET", "/Groups?count=1000").get("Resources", [])}
