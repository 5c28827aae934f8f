from __future__ import annotations

import pandas as pd
import pytest

from valuemodel.exceptions import SettingsError
from valuemodel.io.overrides_file import overrides_digest, read_overrides
from valuemodel.periods import Cutoff
from valuemodel.tiers.policy import TierPolicy

NOW = Cutoff.parse("2026-01-01")
POLICY = TierPolicy.parse({"version": "1", "overrides": "people.csv"})
HEAD = "account_id,tier,reason,owner,expires\n"


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "people.csv").write_bytes(text.encode(encoding))
    return read_overrides(POLICY, tmp_path, NOW)


def test_ids_stay_as_they_were_typed(tmp_path):
    found = read(tmp_path, HEAD + "007,A,merger,Ito,2026-06-30\n'=x,B,left,Ito,2026-06-30\n")
    assert found.table["account_id"].tolist() == ["007", "=x"]
    assert found.table["expires"].tolist() == [pd.Timestamp("2026-06-30")] * 2


def test_a_file_that_a_spreadsheet_wrote_with_a_mark_is_read(tmp_path):
    found = read(tmp_path, HEAD + "1,A,merger,Ito,2026-06-30\r\n", "utf-8-sig")
    assert found.table["account_id"].tolist() == ["1"]


def test_a_policy_without_a_file_has_no_overrides(tmp_path):
    policy = TierPolicy.parse({"version": "1"})
    assert read_overrides(policy, tmp_path, NOW).table.empty
    assert overrides_digest(policy, tmp_path) == ""


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="are not there") as caught:
        read_overrides(POLICY, tmp_path, NOW)
    assert "account_id, tier, reason, owner, expires" in str(caught.value)


@pytest.mark.parametrize("text", [HEAD + "1,A\n", "\x00\x01", ""])
def test_what_is_no_table_is_refused(tmp_path, text):
    with pytest.raises(SettingsError, match=r"people\.csv"):
        read(tmp_path, text)


def test_all_mistakes_are_told_at_once_with_their_lines(tmp_path):
    rows = "1,AA,merger,Ito,2026-06-30\n2,A,,Ito,soon\n2,B,x,Ito,2026-06-30\n"
    with pytest.raises(SettingsError, match="have 4 mistakes") as caught:
        read(tmp_path, HEAD + rows)
    assert [line.split(":")[0] for line in caught.value.details] == [
        "line 2",
        "line 3",
        "line 3",
        "line 4",
    ]
    assert "did you mean 'A'?" in caught.value.details[0]


def test_another_file_is_another_digest(tmp_path):
    read(tmp_path, HEAD)
    before = overrides_digest(POLICY, tmp_path)
    read(tmp_path, HEAD + "1,A,merger,Ito,2026-06-30\n")
    assert len(before) == 64
    assert overrides_digest(POLICY, tmp_path) != before
