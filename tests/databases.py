"""Real databases for tests: PostgreSQL and MariaDB, each a private server on loopback, and an SQLite file."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from tests.certificates import Certificate

PASSWORD = "for tests only"
POSTGRES = Path("/usr/lib/postgresql")


class Server:
    """A server that is running; `database` makes an empty database in it."""

    def __init__(self, name: str, address: str, admin: str, options: str = "") -> None:
        self.name = name
        self._address = address
        self._admin = create_engine(
            address.format(auth=admin, database="postgres" if name == "postgresql" else "mysql")
        )
        self._admin_name = admin
        self._options = options
        self._count = 0
        self.home = Path()
        self._process: subprocess.Popen[bytes] | None = None
        assert self._admin.url.port is not None
        self.port = self._admin.url.port

    def database(self) -> "Database":
        """Make an empty database."""
        self._count += 1
        name = f"t{os.getpid()}_{self._count}"
        with self._admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name}{self._options}"))
        return Database(self.name, self._address.format(auth=self._admin_name, database=name))

    def run(self, statement: str) -> None:
        """Carry a statement out as its administrator, outside of any transaction."""
        with self._admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def socket_url(self, database: str) -> str:
        """Give the address of a database for programs on this machine, who need no password."""
        return f"postgresql://{self._admin_name.partition(':')[0]}@/{database}?host={self.home}&port={self.port}"

    @property
    def pid(self) -> int:
        """Give the process id of the server."""
        assert self._process is not None
        return self._process.pid

    def start(self, command: list[str]) -> None:
        """Start it."""
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.home)

    def stop(self) -> None:
        """Stop it, orderly."""
        if self._process is not None:
            _end(self._process)

    def crash(self) -> None:
        """Let it end at once, as if its machine had, and start it again."""
        with self.away():
            pass

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let it end likewise, and start it when something else is done."""
        assert self._process is not None
        command = [str(word) for word in self._process.args]  # type: ignore[union-attr]
        self.perish()
        try:
            yield
        finally:
            self.start(command)
            self.wait()

    def promote(self) -> None:
        """Let a standby be the one that is written to."""
        self.run("SELECT pg_promote()")

    def perish(self) -> None:
        """Let it end at once, as if its machine had, for good."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)
        self.let_go()

    def let_go(self) -> None:
        """Close what was open as its administrator."""
        self._admin.dispose()

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(600):
            try:
                with self._admin.connect():
                    return
            except OperationalError:
                time.sleep(0.05)
        raise AssertionError(f"{self.name} does not answer")


class Database:
    """One database, by its address, and as its administrator sees it."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self.engine: Engine = create_engine(url)
        made = self.engine.url
        self.url = made._replace(password=None, drivername=name).render_as_string(hide_password=False)
        self.password = made.password

    def run(self, *statements: str) -> None:
        """Carry statements out, all or none."""
        with self.engine.begin() as connection:
            for one in statements:
                connection.execute(text(one))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Give the rows of a query."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@contextmanager
def postgresql(certificate: Certificate | None = None, log: Path | None = None) -> Iterator[Server]:
    """Run a PostgreSQL server, which speaks TLS if it has a certificate; it will not be root's.

    `log` is the folder of its write-ahead log, where that has one of its own.
    """
    binaries = sorted(POSTGRES.glob("*/bin"))[-1]
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        home = Path(folder)
        user = _somebody(home)
        secret = home / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        data, port = home / "data", _free_port()
        make = [str(binaries / "initdb"), "-D", str(data), "-U", "admin", "-E", "UTF8", "--auth-local=trust"]
        make += [] if log is None else ["--waldir", str(log)]
        subprocess.run(
            [*user, *make, "--auth-host=scram-sha-256", "--locale=C.UTF-8", f"--pwfile={secret}", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        settings: dict[str, Any] = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
        }
        if certificate is not None:
            settings |= {"ssl": "on"} | _installed(certificate, home)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        address = f"postgresql+psycopg://{{auth}}@127.0.0.1:{port}/{{database}}"
        command = [*user, str(binaries / "postgres"), "-D", str(data), *options]
        with _serving(command, home, "postgresql", address) as server:
            yield server


@contextmanager
def standby(primary: Server) -> Iterator[Server]:
    """Run a PostgreSQL server that follows another one, which answers no commit before both have it."""
    binaries = sorted(POSTGRES.glob("*/bin"))[-1]
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        home = Path(folder)
        user = _somebody(home)
        source = f"host={primary.home} port={primary.port} user=admin application_name=standby"
        copy = [
            str(binaries / "pg_basebackup"),
            "--dbname",
            source,
            "--pgdata",
            str(home / "data"),
            "--checkpoint=fast",
        ]
        subprocess.run([*user, *copy, "--write-recovery-conf"], check=True, capture_output=True, cwd=folder)
        port = _free_port()
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_standby_names": "",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        address = f"postgresql+psycopg://{{auth}}@127.0.0.1:{port}/{{database}}"
        command = [*user, str(binaries / "postgres"), "-D", str(home / "data"), *options]
        with _serving(command, home, "postgresql", address) as server:
            primary.run("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            primary.run("SELECT pg_reload_conf()")
            yield server


@contextmanager
def mariadb() -> Iterator[Server]:
    """Run a MariaDB server."""
    with tempfile.TemporaryDirectory(prefix="maria-", dir="/tmp") as folder:
        home = Path(folder)
        user = _somebody(home)
        data, port = home / "data", _free_port()
        install = shutil.which("mariadb-install-db") or "mariadb-install-db"
        subprocess.run(
            [*user, install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        (home / "init.sql").write_text(
            f"CREATE USER admin@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO admin@'%' WITH GRANT OPTION;\n"
        )
        settings = {
            "datadir": data,
            "port": port,
            "bind-address": "127.0.0.1",
            "socket": home / "socket",
            "pid-file": home / "pid",
            "init-file": home / "init.sql",
            "innodb-flush-log-at-trx-commit": 0,
            "innodb-buffer-pool-size": "32M",
            "skip-name-resolve": 1,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or "mariadbd"
        address = f"mysql+pymysql://{{auth}}@127.0.0.1:{port}/{{database}}?charset=utf8mb4"
        command = [*user, program, "--no-defaults", *options]
        with _serving(command, home, "mysql", address, " CHARACTER SET utf8mb4") as server:
            yield server


@contextmanager
def _serving(command: list[str], home: Path, name: str, address: str, options: str = "") -> Iterator[Server]:
    """Run a server until whoever asked for it is done."""
    server = Server(name, address, f"admin:{quote(PASSWORD)}", options)
    server.home = home
    server.start(command)
    try:
        server.wait()
        yield server
        server.let_go()
    finally:
        server.stop()


@contextmanager
def sqlite(folder: Path) -> Iterator[Server]:
    """Give what makes SQLite files in a folder."""
    yield _Files(folder)


class _Files(Server):
    def __init__(self, folder: Path) -> None:
        self.name = "sqlite"
        self._folder = folder
        self._count = 0

    def database(self) -> Database:
        self._count += 1
        path = self._folder / f"it{self._count}.db"
        path.touch()
        return Database("sqlite", f"sqlite:///{path}")


def _somebody(home: Path) -> list[str]:
    """Give what a command begins with to be somebody's who is not root, and let them have the folder."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _installed(certificate: Certificate, home: Path) -> dict[str, Path]:
    """Give a server the files of its certificate, as its own."""
    owner = home.stat()
    settings = {"ssl_cert_file": certificate.certificate, "ssl_key_file": certificate.key}
    for name, file in settings.items():
        settings[name] = Path(shutil.copy(file, home / name))
        settings[name].chmod(0o600)
        os.chown(settings[name], owner.st_uid, owner.st_gid)
    return settings


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT if "postgres" in str(process.args) else signal.SIGTERM)  # at once, for PostgreSQL
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
