"""The review page is one safe, complete, readable file."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from valuemodel.reporting.review import render_review

VOID = {"meta", "link", "br", "img", "input", "hr"}
JARGON = re.compile(
    r"log.?odds|\bshap\b|\bauc\b|\bgini\b|\bbrier\b|\blogit\b|\brmse\b", re.IGNORECASE
)


def _hostile():
    path = Path(__file__).with_name("hostile.py")
    spec = importlib.util.spec_from_file_location("hostile_texts", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = _hostile()


class Outline(HTMLParser):
    """Elements, attributes and text of a page; refuses tags that do not close in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.declarations: list[str] = []
        self.sections: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self.sections.append(dict(attrs)["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag == "section":
            self.sections.append("")

    def handle_data(self, data):
        inside = self.sections[-1] if self.sections else "head"
        self.text.setdefault(inside, []).append(data)

    def handle_comment(self, data):
        self.declarations.append(data)

    def handle_pi(self, data):
        self.declarations.append(data)

    def unknown_decl(self, data):
        self.declarations.append(data)

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(sorted(set(names) - {"title"}))) for tag, names in self.elements]

    def all_text(self, *, without: str = "") -> str:
        return " ".join(" ".join(text) for name, text in self.text.items() if name != without)


@pytest.fixture(scope="module")
def page(example):
    return render_review(example.tables(400))


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_every_tag_closes_and_nothing_runs(outline):
    assert outline.open == []
    assert outline.declarations == []
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "link",
        "base",
        "img",
    }
    names = {name for _, attributes in outline.elements for name in attributes}
    assert not {
        name for name in names if name.startswith("on") or name in ("style", "src", "srcset")
    }


def test_the_policy_allows_this_style_sheet_alone(page, outline):
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    metas = [attributes for tag, attributes in outline.elements if tag == "meta"]
    assert metas[0] == {"charset": "utf-8"}
    assert metas[1]["http-equiv"] == "Content-Security-Policy"
    assert metas[1]["content"].startswith(
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:"
    )


def test_nothing_points_outside_the_page(page, outline):
    hrefs = [a["href"] for tag, a in outline.elements if "href" in a]
    ids = {a["id"] for _, a in outline.elements if "id" in a}
    assert all(href.startswith("#") and href[1:] in ids for href in hrefs)
    assert set(re.findall(r"https?://[^\s\"'<]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in page.replace("url(#", "")


def test_headings_are_in_order_and_the_language_is_named(outline):
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert outline.elements[0] == ("html", {"lang": "en"})


def test_every_table_has_a_caption_and_scoped_headers(outline):
    tags = [tag for tag, _ in outline.elements]
    assert tags.count("caption") == tags.count("table") >= 8
    headers = [attributes for tag, attributes in outline.elements if tag == "th"]
    assert all(attributes.get("scope") in ("col", "row") for attributes in headers)


def test_ids_are_unique_and_labels_lead_somewhere(outline):
    ids = [a["id"] for _, a in outline.elements if "id" in a]
    assert len(ids) == len(set(ids))
    labelled = [a["aria-labelledby"] for _, a in outline.elements if "aria-labelledby" in a]
    assert {name for names in labelled for name in names.split()} <= set(ids)


def test_every_chart_is_a_labelled_image(outline):
    drawings = [attributes for tag, attributes in outline.elements if tag == "svg"]
    assert len(drawings) == 3
    assert all(attributes["role"] == "img" for attributes in drawings)


def test_the_page_says_whose_it_is_and_that_it_is_a_proposal(outline):
    head = " ".join(" ".join(outline.text["head"]).split())
    for said in ("online-retail", "2011-06-09", "lightgbm", "version 3 9f2c1a77d0e…", "2026-1"):
        assert said in head
    assert "Proposal, not yet in force" in head


def test_the_bottom_line_tells_moves_money_and_problems(outline):
    text = " ".join(" ".join(outline.text["bottom-line"]).split())
    assert "400 accounts were scored with what was known before 2011-06-09" in text
    assert re.search(r"move up and \d+ move down", text)
    assert "137,243 rows" in text
    assert "£1.3m" in text


def test_no_jargon_outside_the_appendix(outline):
    assert not JARGON.search(outline.all_text(without="appendix"))
    assert "not what would happen if you changed it" in outline.all_text(without="appendix")


def test_money_is_short_with_the_full_amount_in_its_title(page):
    assert 'title="£1,279,212.67">£1.3m<' in page


def test_where_no_model_won_the_page_says_so(example):
    text = " ".join(
        Outline(render_review(example.tables(60, header=example.header(model_name="past_value"))))
        .all_text()
        .split()
    )
    assert "No model has beaten past value on this data" in text
    assert "The model that was tried beside past value" in text


def test_a_run_with_nothing_to_show_still_makes_a_page(example):
    bare = example.tables(
        1,
        importance=example.importance().iloc[:0],
        comparison=example.comparison().iloc[:0],
        deciles=example.deciles().iloc[:0],
        quarantine=example.quarantine().iloc[:0],
    )
    text = " ".join(Outline(render_review(bare)).all_text().split())
    assert "No account moves up." in text
    assert "Nothing was set aside." in text
    assert "There is nothing to show" in text


def test_the_same_tables_give_the_same_bytes(example, page):
    assert render_review(example.tables(400)) == page


def test_ten_thousand_accounts_fit_in_a_megabyte(example):
    assert len(render_review(example.tables(10_000)).encode()) <= 1_000_000


def test_there_are_sixty_hostile_texts():
    assert len(set(HOSTILE.PAYLOADS)) == 60


def test_hostile_text_in_every_field_adds_no_element_and_no_attribute(example):
    plain = example.tables(
        30, deciles=example.deciles().iloc[:0], importance=example.importance().iloc[:0]
    )
    expected = Outline(render_review(HOSTILE.soaked(plain, "x"))).shape()
    assert len(expected) > 300
    for payload in HOSTILE.PAYLOADS:
        page = render_review(HOSTILE.soaked(plain, payload))
        found = Outline(page)
        assert found.shape() == expected, payload[:40]
        assert found.declarations == [], payload[:40]
        assert not re.search(
            "[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029\ufeff\x00\x07]", page
        )
        page.encode("utf-8")


def test_hostile_labels_reach_the_charts_as_text_only(example):
    tags = {tag for tag, _ in Outline(render_review(example.tables(30))).elements}
    for number in range(0, 60, 5):
        payloads = [HOSTILE.storable(text) for text in HOSTILE.PAYLOADS[number : number + 5]]
        labels = example.importance().groupby(["head", "group"], sort=False).ngroup() % 5
        importance = example.importance().assign(label=[payloads[place] for place in labels])
        page = render_review(example.tables(30, importance=importance))
        assert {tag for tag, _ in Outline(page).elements} <= tags


def test_a_hostile_name_keeps_its_id_beside_it(example):
    tables = HOSTILE.soaked(example.tables(200), "<b>Acme\u202e</b>")
    text = " ".join(Outline(render_review(tables)).text["moves"])
    assert "<b>Acme\ufffd</b>" in text
    assert re.search(r"<b>Acme\ufffd</b>\d+", text)


def test_the_foot_of_printed_pages_cannot_leave_its_quotes(example):
    tables = HOSTILE.soaked(example.tables(2), '"; } </style><script>alert(1)</script>\\')
    (style,) = re.findall(r"<style>(.*?)</style>", render_review(tables), re.DOTALL)
    (foot,) = re.findall(r"@bottom-left \{ content: (.*?); font", style)
    assert re.fullmatch(r'"[A-Za-z0-9 ._:-]*"', foot)


def of_contracts(example, **changes):
    """A run of a book with contracts only: some accounts have no risk."""
    tables = example.tables(120)
    churn = tables.predictions["churn_6m"].where(tables.predictions.index % 2 == 0)
    header = example.header(
        statement="contribution: margin less cost to serve treated as cogs; billed; refunds net",
        churn_statement="no contract in force from some day of the window on",
        churn_rule="contract",
        labels=("6m: labels complete at 2 of 6 snapshots, the others are censored",),
        lacks=("no transactions: no features of orders", "no usage: no seats used"),
    )
    predictions = tables.predictions.assign(
        churn_6m=churn, tags=churn.isna().map({True: "no_contract", False: "under_contract"})
    )
    return replace(tables, header=header, predictions=predictions, **changes)


def test_money_and_churn_are_defined_where_they_stand(example):
    found = Outline(render_review(of_contracts(example)))
    statement = "contribution: margin less cost to serve treated as cogs; billed; refunds net"
    for place in ("head", "trust", "glossary"):
        assert statement in " ".join(" ".join(found.text[place]).split())
    head = " ".join(" ".join(found.text["head"]).split())
    assert "no contract in force from some day of the window on" in head


def test_censoring_and_what_the_book_lacks_are_said_beside_the_figures(example):
    trust = Outline(render_review(of_contracts(example))).text["trust"]
    said = " ".join(" ".join(trust).split())
    assert "6m: labels complete at 2 of 6 snapshots, the others are censored" in said
    assert "What this book cannot tell us" in said
    assert "no usage: no seats used" in said


def test_how_sure_the_sums_are_and_what_intervals_held_is_said(example):
    sums = [
        {"group": "all", "name": "all", "low": 120e3, "high": 190e3},
        {"group": "tier", "name": "A", "low": 80e3, "high": 110e3},
    ]
    held = "80% intervals held 79.0% of what came at later cutoffs (76.4% to 81.4%)"
    tables = example.tables(
        120,
        header=example.header(intervals=(held,)),
        manifest={"interval": 0.80, "expected": sums},
    )
    page = Outline(render_review(tables))
    said = " ".join(" ".join(page.text["bottom-line"]).split())
    assert "In 80% of cases the whole book will bring between £120k and £190k" in said
    assert "between £80.0k and £110k" in said
    assert held in " ".join(" ".join(page.text["trust"]).split())
    plain = Outline(render_review(example.tables(120)))
    assert "of cases the whole book" not in " ".join(plain.text["bottom-line"])


def test_the_risk_is_named_by_its_rule_and_missing_where_there_is_none(example):
    found = Outline(render_review(of_contracts(example)))
    assert "Risk that the contract lapses" in " ".join(found.text["moves"])
    assert "not judged" in " ".join(found.text["moves"])
    assert "no purchase" not in " ".join(found.text["leaning"])
    assert "60 accounts are not under contract" in " ".join(found.text["bottom-line"])
    assert "let their contracts lapse" in " ".join(found.text["bottom-line"])
    plain = Outline(render_review(example.tables(120)))
    assert "Risk of no purchase" in " ".join(plain.text["moves"])
    assert "not judged" not in " ".join(plain.text["moves"])
    assert "What this book cannot tell us" not in plain.all_text()
