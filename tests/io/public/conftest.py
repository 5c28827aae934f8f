"""A loopback web site, and originals in the formats of the original sources."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import unquote_plus, urlsplit
from xml.sax.saxutils import escape

import pytest

Respond = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A web site of this machine: what it answers at which path, and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Respond] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(unquote_plus(self.path))
                respond = site.pages.get(urlsplit(self.path).path, _not_found)
                try:
                    respond(self)
                except OSError:
                    self.close_connection = True  # the client has given up

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def has(self, path: str, content: bytes) -> None:
        """Serve a file."""
        self.pages[path] = lambda handler: _send(handler, content, len(content))

    def breaks_off(self, path: str, content: bytes) -> None:
        """Announce a file, send half of it and hang up."""
        half = content[: len(content) // 2]
        self.pages[path] = lambda handler: _send(handler, half, len(content))

    def redirects(self, path: str, to: str) -> None:
        """Send the visitor elsewhere."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.pages[path] = respond

    def drips(self, path: str, pause: float) -> None:
        """Send one byte per pause, of many."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            for _ in range(1000):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(pause)

        self.pages[path] = respond

    def streams(self, path: str, content: bytes) -> None:
        """Send a file without saying how long it is."""

        def respond(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(content)

        self.pages[path] = respond


def _not_found(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


def _send(handler: BaseHTTPRequestHandler, content: bytes, announced: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(announced))
    handler.end_headers()
    handler.wfile.write(content)
    handler.close_connection = True


@pytest.fixture
def site():
    opened = Site()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()


@pytest.fixture
def said():
    """The lines that a loader reports."""
    return []


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("VALUEMODEL_DATA", raising=False)


@pytest.fixture
def zipped():
    """Make a zip of named contents."""

    def make(members: dict[str, bytes]) -> bytes:
        content = BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, member in members.items():
                archive.writestr(name, member)
        return content.getvalue()

    return make


_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def _cell(value: object) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    if isinstance(value, datetime):
        days = (value - datetime.fromisoformat("1899-12-30")) / timedelta(days=1)
        return f'<c s="1"><v>{days!r}</v></c>'
    return f"<c><v>{value}</v></c>"


@pytest.fixture
def workbook(zipped):
    """Make an xlsx workbook of named sheets, each a list of rows of cells."""

    def make(sheets: dict[str, list[list[object]]]) -> bytes:
        numbered = list(enumerate(sheets.items(), start=1))
        kinds = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for n, _ in numbered
        )
        names = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, (name, _) in numbered
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{_DOCUMENT}/worksheet"'
            f' Target="worksheets/sheet{n}.xml"/>'
            for n, _ in numbered
        )
        styles = (
            f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/>'
            '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
            '</cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/>'
            '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>'
        )
        members = {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension='
            '"rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{kinds}</Types>",
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
            f'Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
            f"{names}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
            f'{links}<Relationship Id="rId99" Type="{_DOCUMENT}/styles" Target="styles.xml"/>'
            "</Relationships>",
            "xl/styles.xml": styles,
        }
        for n, (_, rows) in numbered:
            body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            members[f"xl/worksheets/sheet{n}.xml"] = (
                f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'
            )
        return zipped({name: text.encode() for name, text in members.items()})

    return make
