"""Nothing stays hidden in text that others wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from valuemodel.reporting.plain_text import SIGN, shortened, title_of, visible


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.text(st.characters(), max_size=80))
def test_no_hidden_character_is_left(text):
    shown = visible(text)
    kinds = {unicodedata.category(letter) for letter in shown}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    shown.encode("utf-8")


@pytest.mark.parametrize(
    "letter", ["\u202e", "\u2066", "\u200b", "\u200f", "\ufeff", "\x00", "\x1b", "\ud800", "\ue000"]
)
def test_each_hidden_character_becomes_a_sign(letter):
    assert visible(f"a{letter}b") == f"a{SIGN}b"


def test_line_breaks_of_every_kind_become_spaces():
    assert visible("a\r\nb\u2028c\u2029d\te\x0bf") == "a b c d e f"


def test_letters_of_all_languages_stay():
    assert visible("Müller & Søn 株式会社 שלום") == "Müller & Søn 株式会社 שלום"


def test_long_text_is_cut_and_its_title_bounded():
    assert shortened("x" * 10_000, 20) == "x" * 19 + "…"
    assert len(title_of("x" * 10_000, 20)) == 300
    assert title_of("short", 20) == ""
