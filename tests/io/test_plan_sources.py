from __future__ import annotations

from valuemodel.io.plan_sources import SOURCES, labels_before, plan_sources
from valuemodel.io.policies import Policies
from valuemodel.io.stored import current_run, read_run
from valuemodel.periods import Cutoff


def test_a_run_holds_all_that_its_plan_asks_for(world_project):
    output = world_project / "output" / "demo"
    stored = read_run(current_run(output))
    policies = Policies.open(world_project / "models" / "tiers.toml", world_project)
    found = plan_sources(stored, policies, output)
    assert (found.currency, found.net_of) == ("EUR", ())
    assert found.statement == stored.manifest["value_statement"]
    for name in SOURCES:
        assert getattr(found, name) is not None, name
    assert found.labels_before is None


def test_the_labels_of_the_run_before_are_found(world_project):
    output = world_project / "output" / "demo"
    found = labels_before(output, Cutoff.parse("2025-10-01"))
    assert found is not None
    assert {"account_id", "lifecycle"} <= {*found}


def test_what_an_older_run_did_not_store_is_not_known(world_project):
    output = world_project / "output" / "demo"
    stored = read_run(current_run(output), ["predictions", "account_facts"])
    policies = Policies.open(world_project / "models" / "tiers.toml", world_project)
    assert plan_sources(stored, policies, output).touches is None
