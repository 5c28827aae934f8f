"""One careful download: encrypted, bounded in size and time, complete or not there at all.

Why this way: the standard library does it in a screenful, and a dependency more would not make an
open-data server more reliable.
"""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from valuemodel.exceptions import DataRefused, OutOfReach, UsageError

_CHUNK = 1 << 18
_HINT = "try again later, or download it yourself and hand it over with --from FILE"


class _SameSchemes(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed schemes only, so that nobody is led from https to http."""

    def __init__(self, schemes: frozenset[str]) -> None:
        self._schemes = schemes

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in self._schemes:
            fp.close()
            problem = f"{req.full_url} redirects to an address that is not encrypted"
            raise OutOfReach(problem, received=newurl, hint=_HINT)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass(frozen=True)
class Downloader:
    """Fetches originals.

    Parameters
    ----------
    report : callable
        Takes one line of progress for people.
    base_url : str, optional
        A mirror that stands in for scheme and host of every address; only with it, plain http.
    timeout : float, default 60
        Seconds of silence after which the server is given up.
    patience : float, default 3600
        Seconds after which a download is given up, however steadily it drips.
    """

    report: Callable[[str], None]
    base_url: str | None = None
    timeout: float = 60.0
    patience: float = 3600.0

    def fetch(self, url: str, to: Path, *, max_bytes: int) -> Path:
        """Download one file; on any failure, nothing is left at `to` or beside it.

        Parameters
        ----------
        url : str
            The address at the original source.
        to : pathlib.Path
            Where the complete file lies afterwards.
        max_bytes : int
            More than this is refused; it is an upper bound of what was published.

        Raises
        ------
        OutOfReach
            If the server cannot be reached, says no, falls silent, or stops half-way.
        DataRefused
            If the file is larger than `max_bytes`.
        """
        address = self._address(url)
        self.report(f"downloading {address}")
        partial = to.with_name(f"{to.name}.partial")
        try:
            with self._open(address) as response, partial.open("wb") as sink:
                for chunk in self._chunks(response, address, max_bytes):
                    sink.write(chunk)
                sink.flush()
                os.fsync(sink.fileno())
            partial.replace(to)
        finally:
            partial.unlink(missing_ok=True)
        self.report(f"received {to.stat().st_size:,} bytes")
        return to

    @property
    def _schemes(self) -> frozenset[str]:
        return frozenset({"https"} if self.base_url is None else {"https", "http"})

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        if self.base_url is not None:
            mirror = urlsplit(self.base_url)
            path = mirror.path.rstrip("/") + parts.path
            parts = parts._replace(scheme=mirror.scheme, netloc=mirror.netloc, path=path)
        if parts.scheme not in self._schemes:
            problem = "data is downloaded over https only, or from a mirror with http"
            raise UsageError(problem, received=urlunsplit(parts), hint="check the base URL")
        return urlunsplit(parts)

    def _open(self, address: str) -> HTTPResponse:
        opener = urllib.request.build_opener(_SameSchemes(self._schemes))
        headers = {"User-Agent": "valuemodel", "Accept-Encoding": "identity"}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - see _address
        try:
            response: HTTPResponse = opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            with error:
                problem = f"{urlsplit(address).netloc} does not hand out the file"
                received = f"{address}: {error.code} {error.reason}"
                raise OutOfReach(problem, received=received, hint=_HINT) from None
        except (OSError, HTTPException) as error:
            raise _unreachable(address, error) from error
        return response

    def _chunks(self, response: HTTPResponse, address: str, max_bytes: int) -> Iterator[bytes]:
        announced = int(response.headers.get("Content-Length") or -1)
        if announced > max_bytes:
            raise _too_large(address, announced, max_bytes)
        received, give_up_at = 0, time.monotonic() + self.patience
        while chunk := _read(response, address):
            received += len(chunk)
            if received > max_bytes:
                raise _too_large(address, received, max_bytes)
            if time.monotonic() > give_up_at:
                raise _unreachable(address, f"not done after {self.patience:g} seconds")
            yield chunk
        if received < announced:
            raise _unreachable(address, f"only {received:,} of {announced:,} bytes came")


def _read(response: HTTPResponse, address: str) -> bytes:
    try:
        # read1 hands over what has come, so that patience is measured even when bytes drip.
        return response.read1(_CHUNK)
    except (OSError, HTTPException) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, reason: object) -> OutOfReach:
    problem = f"{urlsplit(address).netloc} cannot be reached, or broke off"
    return OutOfReach(problem, received=f"{address}: {reason or 'no answer'}", hint=_HINT)


def _too_large(address: str, size: int, max_bytes: int) -> DataRefused:
    problem = f"the file is larger than the {max_bytes:,} bytes that it may have"
    received = f"{address}: {size:,} bytes or more"
    return DataRefused(problem, received=received, hint="it is not the published file")
