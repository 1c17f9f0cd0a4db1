"""Certificates for tests, made by the `openssl` command: a right one, and every wrong one."""

import subprocess
from pathlib import Path
from typing import NamedTuple

_CA = """
[ca]
default_ca = made
[made]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


class Certificate(NamedTuple):
    """The files of a certificate."""

    certificate: Path
    key: Path


class Authority:
    """Somebody who signs certificates."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        (folder / "index").touch()
        (folder / "ca.conf").write_text(_CA.format(folder=folder))
        self.file = folder / "ca.pem"
        self.key = folder / "ca.key"
        extensions = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
        self._openssl("req", "-x509", *_new(self.key), "-subj", "/CN=authority", "-out", self.file, *extensions)

    def sign(self, name: str, *, names: str = "", expired: bool = False) -> Certificate:
        """Make a certificate; `names` as in `DNS:localhost,IP:127.0.0.1`."""
        key, request, made = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extension = ("-addext", f"subjectAltName={names}") if names else ()
        self._openssl("req", *_new(key), "-subj", f"/CN={name}", "-out", request, *extension)
        when = ("200101000000Z", "200102000000Z") if expired else ("200101000000Z", "491231000000Z")
        dates = ("-startdate", when[0], "-enddate", when[1])
        config = ("-config", self.folder / "ca.conf", "-cert", self.file, "-keyfile", self.key)
        self._openssl("ca", "-batch", "-notext", *config, *dates, "-in", request, "-out", made)
        return Certificate(made, key)

    def _openssl(self, *arguments: str | Path) -> None:
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def _new(key: Path) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key))
