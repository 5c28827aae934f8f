"""A real PostgreSQL server on loopback, of its own user, on a free port and in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

#: A password with all that an address must survive; no message may show any part of it.
PASSWORD = "can@ry/p:w?d#5%&+ é"  # noqa: S105 - opens nothing but this server
OWNER, DATABASE = "owner", "postgres"


@dataclass(frozen=True)
class Server:
    """A running server; its owner's password is `PASSWORD`."""

    port: int

    def source(self, table: str, user: str = OWNER) -> str:
        """Return an address as settings write it."""
        return f"postgresql://{user}:${{ENV:PGPASSWORD}}@127.0.0.1:{self.port}/{DATABASE}?table={table}"

    def label(self, table: str) -> str:
        """Return how messages call a table."""
        return f"postgresql://127.0.0.1:{self.port}/{DATABASE}:{table}"

    def execute(self, *statements: str) -> None:
        """Run statements as the owner."""
        from adbc_driver_postgresql import dbapi

        secret = quote(PASSWORD, safe="")
        uri = f"postgresql://{OWNER}:{secret}@127.0.0.1:{self.port}/{DATABASE}?connect_timeout=5"
        with closing(dbapi.connect(uri, autocommit=True)) as connection:
            for statement in statements:
                with closing(connection.cursor()) as cursor:
                    cursor.execute(statement)


def programs() -> Path | None:
    """Return the folder with Debian's newest ``initdb`` and ``postgres``, if there is one."""
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda folder: float(folder.parent.name),
    )
    beside = shutil.which("initdb")
    return found[-1] if found else Path(beside).resolve().parent if beside else None


@contextmanager
def running(binaries: Path) -> Iterator[Server]:
    """Start a server that ends with the block, and with the tests whatever becomes of them."""
    folder = Path(tempfile.mkdtemp(prefix="valuemodel-postgres-"))
    as_user = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:  # the server refuses to run as root
        user = pwd.getpwnam("postgres")
        as_user += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        os.chown(folder, user.pw_uid, user.pw_gid)
    secret = folder / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o644)
    init = [
        binaries / "initdb",
        "-D",
        folder / "data",
        "-U",
        OWNER,
        "--pwfile",
        secret,
        "--no-sync",
    ]
    init += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*as_user, *init], check=True, **quiet)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(free.getsockname()[1])
    options = {"port": server.port, "listen_addresses": "127.0.0.1", "fsync": "off"}
    options |= {"unix_socket_directories": "", "max_connections": 10}
    start = [binaries / "postgres", "-D", folder / "data"]
    start += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    process = subprocess.Popen([*as_user, *start], **quiet)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(folder)


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server ended while it started"
        try:
            return server.execute("SELECT 1")
        except Exception:
            time.sleep(0.05)
    problem = "the server did not start in ten seconds"
    raise TimeoutError(problem)
