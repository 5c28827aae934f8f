"""Who the accounts of the synthetic world are: industry, place, size, owner, parent, fame.

Why this way: attributes hang together as in a real book (a country lies in its region, an owner
serves one region, larger firms are better known and spend more), because tiers and reviews are cut
along them; a table of independent columns would make every such page look plausible and say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtr

from valuemodel.tables.world_process import Floats, Ints

_BOOK_SIZE = 60  # accounts per owner
_TYPICAL = 180.0  # employees of the median account
_ESTABLISHED = 0.4  # share of accounts older than the history


class Industry(NamedTuple):
    """What an industry is like; ``spend`` per year of its typical firm, ``orders`` per year."""

    name: str
    share: float
    spend: float
    orders: float
    cost: float  # share of the amount
    drift: float  # trend per year, as a logarithm
    leave: float  # multiplies the hazard to leave
    season: float
    peak: float  # share of the year
    seats: float  # users among employees


INDUSTRIES = (
    Industry("Manufacturing", 0.22, 22_000, 6.0, 0.66, 0.01, 1.0, 0.10, 0.70, 0.20),
    Industry("Retail", 0.16, 18_000, 8.0, 0.72, -0.08, 1.2, 0.30, 0.88, 0.15),
    Industry("Healthcare", 0.12, 24_000, 5.0, 0.60, 0.09, 0.7, 0.05, 0.30, 0.35),
    Industry("Finance", 0.10, 32_000, 4.0, 0.52, 0.03, 0.8, 0.10, 0.95, 0.60),
    Industry("Software", 0.12, 18_000, 4.5, 0.50, 0.14, 1.1, 0.05, 0.20, 0.85),
    Industry("Construction", 0.11, 14_000, 4.0, 0.71, -0.04, 1.4, 0.40, 0.50, 0.10),
    Industry("Logistics", 0.10, 12_000, 7.0, 0.70, 0.02, 1.1, 0.15, 0.90, 0.12),
    Industry("Public sector", 0.07, 20_000, 3.0, 0.62, 0.00, 0.5, 0.45, 0.92, 0.40),
)


class Country(NamedTuple):
    """A country, the sales region it lies in, and what its firms are called."""

    name: str
    region: str
    share: float
    form: str


COUNTRIES = (
    Country("Germany", "DACH", 0.24, "GmbH"),
    Country("Austria", "DACH", 0.05, "GmbH"),
    Country("Switzerland", "DACH", 0.05, "AG"),
    Country("United Kingdom", "UK & Ireland", 0.16, "Ltd"),
    Country("Ireland", "UK & Ireland", 0.03, "Ltd"),
    Country("France", "Southern Europe", 0.14, "SA"),
    Country("Italy", "Southern Europe", 0.08, "SpA"),
    Country("Spain", "Southern Europe", 0.06, "SL"),
    Country("Netherlands", "Benelux", 0.07, "BV"),
    Country("Belgium", "Benelux", 0.03, "NV"),
    Country("Sweden", "Nordics", 0.04, "AB"),
    Country("Denmark", "Nordics", 0.03, "A/S"),
    Country("Finland", "Nordics", 0.02, "Oy"),
)
REGIONS = tuple(dict.fromkeys(country.region for country in COUNTRIES))

_HEADS = "Nor Al Bren Cas Dor El Fal Gren Hal Iber Jor Kel Lin Mar Nev Ost Per Quen Ros Sol Tal Ulm"
_TAILS = "berg den ford gard haus lund mark nova port ric sen stad tec ton vard vik way wick zen"
_STEMS = np.array([head + tail for head in _HEADS.split() for tail in _TAILS.split()])
_FIRST = "Anna Bruno Clara David Elena Felix Greta Hugo Ines Jonas Karin Luca Mona Nils Olga Paul"
_LAST = "Adler Berger Costa Dahl Evans Fischer Girard Hansen Ito Jansen Keller Lopez Moreau Novak"
_PEOPLE = np.array([f"{first} {last}" for last in _LAST.split() for first in _FIRST.split()])


@dataclass(frozen=True)
class Book:
    """The accounts as arrays, one entry each; times in whole days since the history begins.

    ``size`` is the logarithm of employees relative to the typical firm, ``fame`` the standard normal
    behind the brand score, ``parent`` a position in the book or -1, ``owner`` a position among
    people.
    """

    industry: Ints
    country: Ints
    region: Ints
    employees: Floats
    size: Floats
    born: Ints
    parent: Ints
    owner: Ints
    fame: Floats


def make_book(accounts: int, history_days: int, rng: np.random.Generator) -> Book:
    """Draw a book of accounts that joined up to six years before the history or during it.

    The shares of industries, countries and years of joining are met as exactly as the number of
    accounts allows, so that small worlds have a bit of everything.
    """
    industry = stratified(np.array([kind.share for kind in INDUSTRIES]), accounts, rng)
    country = stratified(np.array([place.share for place in COUNTRIES]), accounts, rng)
    place = (rng.permutation(accounts) + 0.5) / accounts
    established = place < _ESTABLISHED
    joined = (place - _ESTABLISHED) / (1 - _ESTABLISHED) * history_days
    born = np.where(established, -1 - rng.random(accounts) * 6 * 365, np.floor(joined))
    size = rng.normal(0.0, 1.35, accounts).clip(-4.0, 5.5)
    parent = _parents(industry, established, size, rng)
    child = parent >= 0
    size[child] = np.minimum(size[child], size[parent[child]] - 0.2)
    region = np.array([REGIONS.index(place.region) for place in COUNTRIES])[country]
    return Book(
        industry=industry,
        country=country,
        region=region,
        employees=np.ceil(_TYPICAL * np.exp(size)),
        size=size,
        born=np.floor(born).astype(np.int64),
        parent=parent,
        owner=_owners(region, rng),
        fame=0.7 * size / 1.35 + np.sqrt(1 - 0.7**2) * rng.standard_normal(accounts),
    )


def stratified(shares: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Return ``count`` positions in ``shares``, in random order, each as often as its share says."""
    edges = np.cumsum(shares) / shares.sum()
    positions = np.searchsorted(edges[:-1], (np.arange(count) + 0.5) / count, side="right")
    return rng.permutation(positions).astype(np.int64)


def _parents(
    industry: Ints, established: NDArray[np.bool_], size: Floats, rng: np.random.Generator
) -> Ints:
    """Put a tenth of the accounts under one of the largest old accounts of their industry."""
    parent = np.full(len(industry), -1, dtype=np.int64)
    chosen = rng.random(len(industry)) < 0.1
    for kind in range(len(INDUSTRIES)):
        old = np.flatnonzero((industry == kind) & established)
        heads = old[np.argsort(-size[old], kind="stable")][: max(1, len(old) // 10)]
        below = np.setdiff1d(np.flatnonzero((industry == kind) & chosen), heads)
        if len(heads):
            parent[below] = rng.choice(heads, len(below))
    return parent


def _owners(region: Ints, rng: np.random.Generator) -> Ints:
    """Split each region evenly among as many owners as books of the usual size need."""
    owner = np.empty(len(region), dtype=np.int64)
    first = 0
    for place in range(len(REGIONS)):
        own = rng.permutation(np.flatnonzero(region == place))
        people = max(1, round(len(own) / _BOOK_SIZE))
        owner[own] = first + np.arange(len(own)) % people
        first += people
    return owner


def account_columns(book: Book, origin: np.datetime64, rng: np.random.Generator) -> pd.DataFrame:
    """Return the attributes of the accounts as a customer system would hold them, gaps included."""
    count = len(book.industry)
    reference = 0.4 * book.size / 1.35 + 0.4 * book.fame + 0.65 * rng.standard_normal(count)
    brand_score, reference_score = (np.round(100 * ndtr(z)) for z in (book.fame, reference))
    reference_score[rng.random(count) < 0.15] = np.nan
    named = reference_score >= 60
    until = origin + (rng.integers(180, 2600, count)).astype("timedelta64[D]")
    seats = np.array([kind.seats for kind in INDUSTRIES])[book.industry]
    industry = np.array([kind.name for kind in INDUSTRIES])
    first_reviewer = book.owner.max() + 1
    return pd.DataFrame(
        {
            "account_id": account_ids(np.arange(count)),
            "name": _names(book, rng),
            "parent_id": account_ids(book.parent.clip(0)).where(book.parent >= 0),
            "industry": _text(industry, book.industry).mask(rng.random(count) < 0.01),
            "region": _text(np.array(REGIONS), book.region),
            "country": _text(np.array([place.name for place in COUNTRIES]), book.country),
            "employees": np.where(rng.random(count) < 0.04, np.nan, book.employees),
            "owner": people(book.owner),
            "reviewer": people(first_reviewer + book.industry * len(REGIONS) + book.region),
            "brand_score": np.where(rng.random(count) < 0.08, np.nan, brand_score),
            "reference_score": reference_score,
            "reference_until": pd.Series(until.astype("datetime64[us]")).where(named),
            "addressable_seats": np.ceil(seats * book.employees * rng.uniform(0.6, 1.4, count)),
            "valid_from": (origin + book.born).astype("datetime64[us]"),
        }
    )


def _names(book: Book, rng: np.random.Generator) -> pd.Series:
    """Call a firm by a made-up stem, its industry and its legal form; a child like its parent."""
    stem = rng.integers(0, len(_STEMS), len(book.industry))
    stem = np.where(book.parent >= 0, stem[book.parent], stem)
    industry = _text(np.array([kind.name for kind in INDUSTRIES]), book.industry)
    form = _text(np.array([place.form for place in COUNTRIES]), book.country)
    return _text(_STEMS, stem) + " " + industry + " " + form


def people(positions: Ints) -> pd.Series:
    """Return the names of people; positions beyond the list of names get a number."""
    known, codes = np.unique(positions, return_inverse=True)
    cycle, name = np.divmod(known, len(_PEOPLE))
    texts = [
        _PEOPLE[at] + (f" {again + 1}" if again else "")
        for again, at in zip(cycle, name, strict=True)
    ]
    return _text(np.array(texts), codes)


def account_ids(positions: Ints) -> pd.Series:
    """Return account ids such as ``A0000042``."""
    return padded(np.full(len(positions), ord("A"), dtype=np.uint8), positions, 7)


def padded(letters: NDArray[np.uint8], numbers: Ints, width: int) -> pd.Series:
    """Return ids of one letter and a zero-padded number, written as bytes for speed.

    Examples
    --------
    >>> padded(np.frombuffer(b"OC", dtype=np.uint8), np.array([7, 12]), 4).tolist()
    ['O0007', 'C0012']
    """
    digits = np.empty((len(numbers), width + 1), dtype=np.uint8)
    digits[:, 0] = letters
    rest = np.array(numbers)
    for place in range(width, 0, -1):
        rest, digit = np.divmod(rest, 10)
        digits[:, place] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int64) * (width + 1)
    buffers = (pa.py_buffer(offsets), pa.py_buffer(digits))
    array = pa.LargeStringArray.from_buffers(len(numbers), *buffers)
    return pd.Series(array, dtype="str")


def _text(words: NDArray[np.str_], codes: Ints) -> pd.Series:
    return pd.Series(words, dtype="str").take(codes).set_axis(range(len(codes)))
