"""CDNOW master data set: one zip with one text of fixed width, unchanged since 2001.

Columns 2-6 are the customer, 8-15 the day, 17-18 the number of CDs, 20-26 the dollars. The digest is
that of the text inside: it was recomputed from the 69,659 published rows written in this format.
"""

from __future__ import annotations

import hashlib
import zipfile
from functools import partial
from pathlib import Path

import pandas as pd

from valuemodel.exceptions import DataRefused
from valuemodel.io.public.archives import extract
from valuemodel.io.public.conversion import Kind, typed
from valuemodel.io.public.download import Downloader
from valuemodel.io.public.specification import Expected, PublicSet

URL = "https://www.brucehardie.com/datasets/CDNOW_master.zip"
SHA256 = "61fd6f7bf3497187a7ec0d9ff6a99b7568f1fe911a9f3665e02efecd6b34ed07"
TABLE = "cdnow/master.parquet"
FIELDS = {
    "customer_id": slice(1, 6),
    "date": slice(7, 15),
    "number_of_cds": slice(16, 18),
    "dollar_value": slice(19, 26),
}
KINDS: dict[str, Kind] = {
    "customer_id": "integer",
    "date": "time",
    "number_of_cds": "integer",
    "dollar_value": "number",
}


def fetch(downloader: Downloader, workspace: Path) -> Path:
    """Download the zip (well under a megabyte)."""
    return downloader.fetch(URL, workspace / "CDNOW_master.zip", max_bytes=20_000_000)


def convert(original: Path, workspace: Path, *, sha256: str) -> dict[str, pd.DataFrame]:
    """Read the text from the zip, or as it is, after checking its digest."""
    text = original
    if zipfile.is_zipfile(original):
        text = extract(original, "CDNOW_master.txt", workspace, max_bytes=20_000_000)[0]
    content = text.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        problem = "the text is not the published CDNOW_master.txt"
        hint = "download it again, without converting line ends"
        raise DataRefused(
            problem, received=f"sha256 {found}", hint=hint, details=[f"published {sha256}"]
        )
    lines = content.decode("ascii").splitlines()
    fields = {name: [line[part].strip() for line in lines] for name, part in FIELDS.items()}
    return {TABLE: typed(pd.DataFrame(fields), KINDS, time_format="%Y%m%d")}


CDNOW = PublicSet(
    name="cdnow",
    title="CDNOW master data set, P. S. Fader and B. G. S. Hardie (2001)",
    licence="academic use; none stated at the source",
    page="https://www.brucehardie.com/datasets/",
    fetch=fetch,
    convert=partial(convert, sha256=SHA256),
    expected={
        TABLE: Expected(
            columns=tuple(KINDS),
            rows=69_659,
            accounts=("customer_id", 23_570),
            period=("date", "1997-01-01", "1998-06-30"),
            total=("dollar_value", 2_500_315.63),
        )
    },
)
