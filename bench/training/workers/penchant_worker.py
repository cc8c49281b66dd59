"""penchant's SASRec, trained to its early stopping or for some epochs. Runs beside run.py."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
from steps import Parent

import penchant
from penchant.core import top_k
from penchant.data import validation_split
from penchant.models.sasrec import SASRecConfig, _network
from penchant.models.sequence import fit_network


def main() -> None:
    parent = Parent()
    job = parent.job
    config = SASRecConfig(**job["settings"])
    train, _ = penchant.read(job["events"], job["items"]).split("leave-last-out")
    fitted = fit_network(lambda seen: _network(config, seen), config, train, job["seed"], "SASRec")
    network, history = fitted.network, fitted.history
    _, holdout = validation_split(train, config.validation_users, job["seed"])
    requests = holdout.requests
    scores = network.score(requests.history.last(config.history))
    scores[requests.history.row, requests.history.item] = -np.inf
    found, _ = top_k(scores, 10)
    users = requests.users.names(requests.user)
    lists = {user: list(requests.items.names(row)) for user, row in zip(users, found, strict=True)}
    parent.tell(
        epoch_seconds=history.seconds,
        validation_ndcg=history.validations,
        best_epoch=history.best_epoch,
        lists=lists,
        versions={name: version(name) for name in ("penchant", "torch", "numpy")},
    )


main()
