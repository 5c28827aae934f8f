"""The address of a table in PostgreSQL, and how it is called without its secrets.

Why this way: an address is taken apart here and put together anew for the driver, so that a password
with any character in it works, and everything that people read is made of the harmless parts alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from valuemodel.exceptions import SettingsError
from valuemodel.settings import fill_environment

SCHEMES = ("postgresql://", "postgres://")
_FORM = "postgresql://user:${ENV:PGPASSWORD}@host:5432/database?table=schema.name"
_VARIABLE = re.compile(r"\$\{ENV:[^}]*\}")
_whole = partial(quote, safe="")


@dataclass(frozen=True)
class Address:
    """Where a table lies, and who asks for it; ``options`` are the server's own."""

    place: str
    database: str
    table: str
    user: str = ""
    password: str = field(default="", repr=False)
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, declared: str) -> Address:
        """Read an address as the settings write it, filled from the environment.

        Raises
        ------
        SettingsError
            If it names no table or asks for a query, cannot be understood, or holds a password.

        Examples
        --------
        >>> Address.parse("postgres://reader@db.example:5433/erp?table=crm.sales").label
        'postgresql://db.example:5433/erp:crm.sales'
        """
        if declared.startswith(SCHEMES):
            _refuse_secret(declared)
            declared = fill_environment(declared, _whole)
        else:
            declared = fill_environment(declared)
        url = urlsplit(declared)
        if url.fragment or "@" in url.path or "@" in url.query.partition("table=")[0]:
            problem = "the address of a PostgreSQL table cannot be understood"
            raise SettingsError(problem, hint=f"write {_FORM}; signs such as # as %23")
        options = dict(parse_qsl(url.query))
        who, _, place = url.netloc.rpartition("@")
        user, _, password = who.partition(":")
        table = options.pop("table", "")
        if not table or "query" in options:
            problem = "a PostgreSQL source does not say its table"
            if "query" in options:
                problem = "a PostgreSQL source names a table or view; it runs no query"
            raise SettingsError(problem, hint=f"write {_FORM}")
        secret = options.pop("password", unquote(password))
        return cls(
            place=unquote(place) or options.get("host", ""),
            database=unquote(url.path.removeprefix("/")) or options.pop("dbname", ""),
            table=table,
            user=unquote(user) or options.pop("user", ""),
            password=secret,
            options=tuple(sorted(({"connect_timeout": "10"} | options).items())),
        )

    @property
    def label(self) -> str:
        """How messages, reports and the quarantine call the table."""
        return f"postgresql://{self.place or 'localhost'}/{self.database}:{self.table}"

    @property
    def uri(self) -> str:
        """What the driver takes; it holds the password."""
        secret = f":{_whole(self.password)}" if self.password else ""
        who = f"{_whole(self.user)}{secret}@" if self.user or secret else ""
        place = "" if ("host", self.place) in self.options else quote(self.place, safe=":,[]")
        options = urlencode(self.options, quote_via=quote)
        return f"postgresql://{who}{place}/{_whole(self.database)}?{options}"

    def said(self, error: Exception) -> str:
        """Return what the driver or the server said, in one line and without the password."""
        text = " ".join(str(error).partition("Query was:")[0].split())
        for secret in (self.password, _whole(self.password)):
            text = text.replace(secret, "***") if secret else text
        return text


def _refuse_secret(declared: str) -> None:
    """Refuse a password that stands in the settings themselves; it is not shown."""
    plain = _VARIABLE.sub("", declared)
    url = urlsplit(plain)
    written = url.netloc.rpartition("@")[0].partition(":")[2]
    if written or dict(parse_qsl(url.query)).get("password"):
        problem = "a password stands in the settings"
        raise SettingsError(
            problem, hint="put it into the environment, and write ${ENV:PGPASSWORD}"
        )
