"""An address works with any password, and nothing that is shown of it holds one."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from valuemodel.exceptions import SettingsError
from valuemodel.io.postgres_address import Address

CANARY = "canary"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_password_of_the_environment_reaches_the_driver_whole(password):
    declared = "postgresql://reader:${ENV:PGPASSWORD}@db.example:5433/erp?table=crm.sales"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", password)
        address = Address.parse(declared)
    url = urlsplit(address.uri)
    assert unquote(url.password or "") == password
    assert (url.hostname, url.port, url.path) == ("db.example", 5433, "/erp")
    assert address.label == "postgresql://db.example:5433/erp:crm.sales"


def test_a_whole_address_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("BOOK", f"postgres://me:{CANARY}@host/db?table=t&sslmode=require")
    address = Address.parse("${ENV:BOOK}")
    assert (address.user, address.password, address.table) == ("me", CANARY, "t")
    assert ("sslmode", "require") in address.options
    assert address.uri.endswith("?connect_timeout=10&sslmode=require")
    assert CANARY not in repr(address) + address.label


@pytest.mark.parametrize(
    "declared",
    [
        f"postgresql://me:{CANARY}@host/db?table=t",
        f"postgresql://me:${{ENV:PGPASSWORD}}{CANARY}@host/db?table=t",
        f"postgresql://me@host/db?table=t&password={CANARY}",
        f"postgresql://me:x#{CANARY}@host/db?table=t",
        f"postgresql://me:x/{CANARY}@host/db?table=t",
        f"postgresql://me:x?{CANARY}@host/db?table=t",
    ],
)
def test_a_password_in_the_settings_is_refused_and_not_repeated(declared, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "x")
    with pytest.raises(SettingsError) as refused:
        Address.parse(declared)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("declared", "because"),
    [
        ("postgresql://host/db", "does not say its table"),
        ("postgresql://host/db?query=DELETE%20FROM%20t", "runs no query"),
        ("postgresql://host/db?table=t&query=DELETE%20FROM%20t", "runs no query"),
        ("postgresql://host/db?table=t#u", "cannot be understood"),
    ],
)
def test_what_is_no_address_is_a_mistake(declared, because):
    with pytest.raises(SettingsError, match=because) as refused:
        Address.parse(declared)
    assert "?table=schema.name" in refused.value.hint


def test_a_socket_may_be_named_among_the_options():
    address = Address.parse("postgresql:///erp?host=/var/run/postgresql&table=t")
    assert address.uri.startswith("postgresql:///erp?")
    assert "host=%2Fvar%2Frun%2Fpostgresql" in address.uri


def test_what_the_server_says_is_one_line_without_the_password():
    address = Address.parse("postgresql://me@host/db?table=t")
    address = Address(address.place, address.database, "t", "me", "p@ss")
    said = address.said(ValueError("no\n p@ss, p%40ss\nQuery was: SELECT 1"))
    assert said == "no ***, ***"
