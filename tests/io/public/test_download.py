"""A download is complete or not there at all, and a failure says whose fault it is."""

from __future__ import annotations

import socket

import pytest

from valuemodel.exceptions import DataRefused, OutOfReach, UsageError
from valuemodel.io.public.download import Downloader

URL = "https://example.org/files/original.zip"
PATH = "/files/original.zip"


@pytest.fixture
def downloader(site, said):
    return Downloader(said.append, site.url, timeout=0.4, patience=1.0)


def refused(downloader, folder, error, *words, max_bytes=1_000_000):
    with pytest.raises(error) as caught:
        downloader.fetch(URL, folder / "original.zip", max_bytes=max_bytes)
    for word in words:
        assert word in str(caught.value)
    assert not list(folder.iterdir())


def test_a_file_arrives_byte_for_byte(site, downloader, said, tmp_path):
    content = bytes(range(256)) * 5_000
    site.has(PATH, content)
    target = downloader.fetch(URL, tmp_path / "original.zip", max_bytes=len(content))
    assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["original.zip"]
    assert said == [f"downloading {site.url}{PATH}", "received 1,280,000 bytes"]


def test_the_query_reaches_the_mirror(site, downloader, tmp_path):
    site.has("/rows.csv", b"a\n")
    downloader.fetch("https://example.org/rows.csv?%24limit=5", tmp_path / "a", max_bytes=99)
    assert site.asked == ["/rows.csv?$limit=5"]


def test_a_mirror_may_lie_in_a_folder(site, said, tmp_path):
    site.has("/mirror/files/original.zip", b"content")
    downloader = Downloader(said.append, f"{site.url}/mirror/")
    assert downloader.fetch(URL, tmp_path / "a", max_bytes=99).read_bytes() == b"content"


def test_a_missing_file_is_out_of_reach(downloader, tmp_path):
    refused(downloader, tmp_path, OutOfReach, "404", "--from FILE")


def test_half_a_file_is_out_of_reach(site, downloader, tmp_path):
    site.breaks_off(PATH, b"x" * 100_000)
    refused(downloader, tmp_path, OutOfReach, "only 50,000 of 100,000 bytes came")


def test_a_silent_server_is_given_up(downloader, tmp_path, said):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        refused(Downloader(said.append, url, timeout=0.2), tmp_path, OutOfReach, "timed out")


def test_a_server_that_falls_silent_is_given_up(site, downloader, tmp_path):
    site.drips(PATH, pause=0.8)
    refused(downloader, tmp_path, OutOfReach, "timed out")


def test_a_server_that_drips_for_ever_is_given_up(site, downloader, tmp_path):
    site.drips(PATH, pause=0.05)
    refused(downloader, tmp_path, OutOfReach, "not done after 1 seconds")


def test_a_closed_port_is_out_of_reach(said, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    refused(Downloader(said.append, f"http://127.0.0.1:{port}"), tmp_path, OutOfReach, "refused")


def test_a_file_announced_too_large_is_refused_before_it_comes(site, downloader, tmp_path):
    site.has(PATH, b"x" * 101)
    refused(downloader, tmp_path, DataRefused, "101 bytes", max_bytes=100)


def test_a_file_that_grows_too_large_is_refused(site, downloader, tmp_path):
    site.streams(PATH, b"x" * 1_000_000)
    refused(downloader, tmp_path, DataRefused, "larger than the 100 bytes", max_bytes=100)


def test_a_redirect_is_followed_but_not_out_of_encryption(site, downloader, said, tmp_path):
    site.has("/moved", b"content")
    site.redirects(PATH, "/moved")
    assert downloader.fetch(URL, tmp_path / "a", max_bytes=99).read_bytes() == b"content"
    (tmp_path / "a").unlink()
    site.redirects(PATH, "ftp://127.0.0.1/moved")
    refused(downloader, tmp_path, OutOfReach, "not encrypted", "ftp://127.0.0.1/moved")


@pytest.mark.parametrize("base_url", ["file:///etc", "ftp://127.0.0.1"])
def test_only_web_addresses_are_mirrors(base_url, said, tmp_path):
    refused(Downloader(said.append, base_url), tmp_path, UsageError, "https")


def test_without_a_mirror_plain_http_is_refused(said, tmp_path):
    with pytest.raises(UsageError, match="https only"):
        Downloader(said.append).fetch("http://127.0.0.1/a", tmp_path / "a", max_bytes=99)
