"""Sixty texts that try to be more than text, and a way to put one into every field of a run."""

from __future__ import annotations

from dataclasses import replace

PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(2)</script>", "<img src=x onerror=alert(3)>",
    "<svg onload=alert(4)>", '"><img src=x onerror=alert(5)>', "'><img src=x onerror=alert(6)>",
    '" onmouseover="alert(7)', "' onfocus='alert(8)' autofocus='", "javascript:alert(9)",
    "<a href=javascript:alert(10)>x</a>", "<iframe src=//evil.example></iframe>", "<style>*{display:none}</style>",
    "</style><script>alert(11)</script>", "</title><script>alert(12)</script>", "<!-- comment", "--><b>bold</b>",
    "<![CDATA[<b>x</b>]]>", "<?xml version='1.0'?>", "&lt;b&gt;entities&lt;/b&gt;", "&#60;script&#62;", "&amp;nbsp;",
    "<meta http-equiv=refresh content=0;url=//evil.example>", "<base href=//evil.example>", "<link rel=stylesheet href=//e>",
    "<form action=//evil.example><input></form>", "<object data=x>", "<embed src=x>", "<video src=x onerror=alert(13)>",
    "<details open ontoggle=alert(14)>", "<math><mtext></mtext></math>", "<table><tr><td>x", "</td></tr></table><h1>x</h1>",
    "</bdi></th><td>moved", "<textarea>", "<plaintext>", "<xmp>", "<noscript>", "<template>",
    "{{ 7 * 7 }}", "{% include '/etc/passwd' %}", "${7*7}", "#{7*7}", "\u2028line", "\u2029paragraph",
    "abc\u202egpj.exe", "\u2066isolate\u2069", "zero\u200bwidth", "\ufeffbom", "nul\x00byte", "bell\x07", "\ud800lone",
    "tab\tand\nnewline\r\n", "=cmd|' /C calc'!A0", "@SUM(1+1)", "x" * 10_000, "<" * 300, "&" * 300,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u05e9\u05dc\u05d5\u05dd", "\uff1cscript\uff1ealert(15)\uff1c/script\uff1e",
]  # fmt: skip


def storable(payload: str) -> str:
    """Return the text as a table can hold it: without halves of characters."""
    return payload.encode("utf-8", "replace").decode()


def soaked(tables, payload: str):
    """Return the run with the payload in every field that others write."""
    stored = storable(payload)
    names = ["project", "measure", "as_of", "data_until"]
    names += ["model_version", "model_digest", "statement", "churn_statement"]
    texts = ["binding_rule", "move_reason"]
    texts += [f"reason_{way}_{number}" for way in ("up", "down") for number in (1, 2, 3)]

    def ids(table):
        return [f"{stored}{account}" for account in table["account_id"]]

    return replace(
        tables,
        header=replace(
            tables.header,
            **dict.fromkeys(names, payload),
            model_name=stored,
            missing_parts=(payload,),
            labels=(payload,),
            lacks=(payload, payload),
        ),
        predictions=tables.predictions.assign(account_id=ids, tags=stored.replace(";", ",")),
        account_facts=tables.account_facts.assign(
            account_id=ids, name=stored, region=stored, owner=stored
        ),
        recommendations=tables.recommendations.assign(
            account_id=ids, **dict.fromkeys(texts, stored)
        ),
        importance=tables.importance.assign(label=stored),
        comparison=tables.comparison.assign(model=stored),
        deciles=tables.deciles.assign(model=stored),
        quarantine=tables.quarantine.assign(rule=stored, reason=stored),
        manifest={payload: payload, "list": [payload], "deep": {payload: {"x": payload}}},
    )
