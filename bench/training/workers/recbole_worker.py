"""RecBole's SASRec, timed or trained to a target. Runs in RecBole's own environment and folder."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset
from recbole.data.dataloader import TrainDataLoader
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer
from recbole.utils import init_seed
from steps import Parent, Steps

ROWS = 256  # users ranked at once


class EnoughError(Exception):
    """The clock says stop; RecBole's trainer has no other way out of an epoch."""


def main() -> None:
    parent = Parent()
    histories = parent.train_events()
    write_inter(histories)
    config = Config(model="SASRec", dataset="bench", config_dict=configuration(parent.job))
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    loader = TrainDataLoader(config, dataset.build()[0], None, shuffle=True)
    model = SASRec(config, loader.dataset)
    trainer = Trainer(config, model)
    steps = Steps(parent, lambda: lists(model, dataset, histories, parent.job["asked"]))

    def loss(interaction: Interaction) -> torch.Tensor:
        """RecBole asks for the loss once a step: the step before has then ended."""
        if loss.started and not steps.end():
            raise EnoughError
        loss.started = True
        model.train()
        return model.calculate_loss(interaction)

    loss.started = False
    steps.start()
    epoch = 0
    try:
        while True:
            trainer._train_epoch(loader, epoch, loss_func=loss)
            epoch += 1
    except EnoughError:
        names = ("recbole", "torch", "numpy")
        steps.report(len(loader), {name: version(name) for name in names})


def write_inter(histories: dict[str, list[str]]) -> None:
    """RecBole's own file format, in the folder it looks in."""
    folder = Path("dataset/bench")
    folder.mkdir(parents=True)
    with (folder / "bench.inter").open("w") as out:
        out.write("user_id:token\titem_id:token\ttimestamp:float\n")
        for user, items in histories.items():
            out.writelines(f"{user}\t{item}\t{place}\n" for place, item in enumerate(items))


def configuration(job: dict) -> dict:
    return job["settings"] | {
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "train_neg_sample_args": None,  # RecBole demands it beside its cross-entropy
        "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "TO", "mode": "full"},
        "seed": job["seed"],
        "show_progress": False,
        "use_gpu": False,
    }


@torch.no_grad()
def lists(
    model: SASRec, dataset: object, histories: dict[str, list[str]], asked: list[str]
) -> dict[str, list[str]]:
    """The ten best items of each user, their history left out."""
    model.eval()
    codes, names = dataset.field2token_id["item_id"], dataset.field2id_token["item_id"]
    found = {}
    for start in range(0, len(asked), ROWS):
        users = asked[start : start + ROWS]
        known = [[codes[item] for item in histories[user]] for user in users]
        rows = [one[-model.max_seq_length :] for one in known]
        sequences = np.zeros((len(rows), model.max_seq_length), np.int64)
        for row, one in zip(sequences, rows, strict=True):
            row[: len(one)] = one
        lengths = torch.tensor([len(one) for one in rows])
        batch = {model.ITEM_SEQ: torch.from_numpy(sequences), model.ITEM_SEQ_LEN: lengths}
        scores = model.full_sort_predict(Interaction(batch))
        scores[:, 0] = -torch.inf  # padding
        for row, one in zip(scores, known, strict=True):
            row[one] = -torch.inf
        best = scores.topk(10).indices.tolist()
        found |= {user: names[one].tolist() for user, one in zip(users, best, strict=True)}
    return found


main()
