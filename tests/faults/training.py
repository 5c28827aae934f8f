"""One whole training from rows of a ledger to predictions, and its digests; runs as a program too."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from valuemodel.dataset import DatasetBuilder
from valuemodel.estimators import GammaGamma
from valuemodel.estimators.account_model import AccountModel, fit_account_model
from valuemodel.estimators.definitions import Definition, recipes
from valuemodel.metrics.splits import Schedule
from valuemodel.periods import Cutoff, Horizon
from valuemodel.settings import Settings
from valuemodel.tables.ledger import Ledger
from valuemodel.tables.schemas import TRANSACTIONS

SETTINGS = Settings.parse(
    {
        "project": {"name": "shop"},
        "tables": {"transactions": {"source": "sales.csv"}},
        "value": {"horizons": ["3 months"]},
        "features": {"groups": ["recency_frequency", "monetary"]},
    }
)
FIRST, END = Cutoff.parse("2020-01-01"), Cutoff.parse("2021-06-01")
SCHEDULE = Schedule(
    horizons=tuple(SETTINGS.value.ordered),
    first=Cutoff.parse("2020-04-01"),
    step=Horizon.parse("1 month"),
    snapshots=4,
)
FEW = {"rounds": 20, "max_rounds": 20}
RECIPES = recipes(
    Definition.parse({"estimator": "past_value"}),
    Definition.parse({"estimator": "future_value", "trees": FEW}),
    Definition.parse({"estimator": "churn_risk", "trees": FEW}),
)


def lines(accounts: int = 200, seed: int = 0) -> pd.DataFrame:
    """Return the sales of a shop: sizes and rates differ, and a third of the accounts leave."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(rng.gamma(3.0, 6.0, accounts)) + 1
    account = np.repeat([f"a{number:03d}" for number in range(accounts)], orders)
    size = np.repeat(rng.lognormal(4.0, 1.0, accounts), orders)
    last = np.where(rng.random(accounts) < 0.3, rng.integers(60, 500, accounts), 516)
    day = (rng.random(account.size) * np.repeat(last, orders)).astype(int)
    time = pd.Timestamp(FIRST.at) + pd.to_timedelta(day, "D")
    amount = np.round(size * rng.lognormal(0.0, 0.4, account.size), 2)
    return pd.DataFrame({"account_id": account, "time": time, "known_at": time, "amount": amount})


def builder(frame: pd.DataFrame) -> DatasetBuilder:
    """Return the builder of a shop's sales."""
    kinds = TRANSACTIONS.validated()
    table = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
    absent = {name: ibis.null() for name in kinds if name not in frame}
    ledger = Ledger(table.mutate(**absent).cast(kinds), None, FIRST, END)
    return DatasetBuilder(ibis.duckdb.connect(), ledger, SETTINGS)


def fit(dataset: Any, as_of: Cutoff, threads: int = 1) -> AccountModel:
    """Fit the challenger."""
    value = SETTINGS.value
    return fit_account_model(
        RECIPES["lightgbm"],
        dataset,
        horizons=value.ordered,
        tier_horizon=value.tiering,
        as_of=as_of,
        n_jobs=threads,
    )


def trained(frame: pd.DataFrame, threads: int = 1) -> tuple[AccountModel, pd.DataFrame]:
    """Train as of the end of the data, and predict every account by its id."""
    own = builder(frame)
    known = own.stack([*SCHEDULE.training(END), END], labels_until=END)
    model, now = fit(known, END, threads), own.at(END)
    return model, model.predict(now.X).set_axis(now.keys["account_id"], axis=0)


def digest_of(model: AccountModel) -> str:
    """Return the SHA-256 of everything that a model has learned."""
    state = model.to_state()
    held = hashlib.sha256(json.dumps(state["json"], sort_keys=True).encode())
    for name, text in sorted(state["texts"].items()):
        held.update(name.encode() + text.encode())
    for name, array in sorted(state["arrays"].items()):
        held.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return held.hexdigest()


def digests(threads: int, *, shuffled: bool) -> dict[str, str]:
    """Train, and return the digests of the model and of its predictions."""
    frame = lines()
    model, predicted = trained(
        frame.sample(frac=1.0, random_state=5) if shuffled else frame, threads
    )
    said = hashlib.sha256(predicted.to_numpy().tobytes()).hexdigest()
    found = {"model": digest_of(model), "predictions": said, "accounts": str(len(predicted))}
    return found | {"law": ", ".join(value.hex() for value in law().parameters_.values())}


def law(rows: int = 40_000) -> GammaGamma:
    """Learn a law from more distinct rows than one thread's linear algebra would take alone."""
    rng = np.random.default_rng(0)
    spend = np.round(rng.gamma(6.0, 4.0, rows) * rng.lognormal(0.0, 0.5, rows), 4) + 0.01
    return GammaGamma().fit(
        pd.DataFrame({"frequency": rng.poisson(4.0, rows) + 1.0, "monetary_value": spend})
    )


if __name__ == "__main__":
    found = digests(int(sys.argv[1]), shuffled=sys.argv[2] == "shuffled")
    sys.stdout.write(json.dumps(found))
