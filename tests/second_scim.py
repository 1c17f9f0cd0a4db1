"""Another real SCIM service over TLS: that of the package django-scim2, which shares no code with scim2-server."""

import subprocess
import sys
from pathlib import Path
from typing import Self

from tests.certificates import Authority
from tests.scim import Asked


class SecondScim(Asked):
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
