from __future__ import annotations

from dataclasses import replace

from valuemodel.io.earlier_run import closed_run, earlier_run, stored_policy
from valuemodel.io.stored import current_run, read_run
from valuemodel.periods import Cutoff, Horizon


def test_the_run_before_brings_its_tables_and_its_policy(world_project):
    output = world_project / "output" / "demo"
    current = read_run(current_run(output))
    found = earlier_run(output, Cutoff.parse("2025-10-01"))
    assert found is not None
    assert (
        found.recommendations["account_id"].tolist()
        == current.tables["recommendations"]["account_id"].tolist()
    )
    assert found.predictions is not None
    assert found.facts is not None
    assert found.policy is not None
    assert found.policy.digest == current.manifest["policy_digest"]


def test_a_run_of_the_same_cutoff_is_not_the_one_before(world_project):
    assert earlier_run(world_project / "output" / "demo", Cutoff.parse("2025-07-01")) is None


def test_a_policy_that_cannot_be_read_any_more_is_left_out(world_project):
    stored = read_run(current_run(world_project / "output" / "demo"), ["recommendations"])
    assert stored_policy(stored) is not None
    for policy in ({"version": "1", "colour": "red"}, {}):
        assert (
            stored_policy(replace(stored, manifest={**stored.manifest, "policy": policy})) is None
        )


def test_the_run_whose_horizon_ends_now_is_found(world_project):
    output, year = world_project / "output" / "demo", Horizon.parse("12 months")
    found = closed_run(output, Cutoff.parse("2026-07-01"), year)
    assert found is not None
    assert found.as_of == Cutoff.parse("2025-07-01")
    assert closed_run(output, Cutoff.parse("2026-08-01"), year) is None
    assert closed_run(output, Cutoff.parse("2025-10-01"), Horizon.parse("3 months")) is None
