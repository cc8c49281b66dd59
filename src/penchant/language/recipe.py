"""How a model wants its token vectors made into one: read from the model's own files.

The files are those of sentence-transformers (Reimers and Gurevych 2019, arXiv:1908.10084):
``modules.json`` lists the steps, ``1_Pooling/config.json`` says how to pool,
``sentence_bert_config.json`` where to cut. A folder without them is pooled by the mean.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.core import ModelNotFound, Unsupported

POOLINGS = ("cls", "mean", "max", "mean_sqrt_len", "lasttoken")

_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """From the vectors of a text's tokens to the vector of the text.

    Attributes:
        pooling: one or more of ``POOLINGS``; several are concatenated in this order.
        normalised: whether the result is scaled to length 1.
        length: tokens after which a text is cut, or None where the model's own limit holds.
        lower: whether the text is lower-cased before the tokenizer.
        prompt: words put before each text.
    """

    pooling: tuple[str, ...] = ("mean",)
    normalised: bool = False
    length: int | None = None
    lower: bool = False
    prompt: str = ""


def read_recipe(folder: Path) -> Recipe:
    """The recipe that a model's folder holds.

    Raises:
        Unsupported: a step that penchant does not know.
    """
    pooling: tuple[str, ...] = ("mean",)
    normalised = False
    for module in read_json(folder / "modules.json", []):
        step = str(module["type"]).rsplit(".", 1)[-1]
        if step == "Pooling":
            pooling = _pooling(folder / module["path"] / "config.json")
        elif step == "Normalize":
            normalised = True
        elif step != "Transformer":
            raise Unsupported(
                f"{folder / 'modules.json'}: the step {step} is not supported (Transformer, "
                "Pooling and Normalize are). Choose another language model."
            )
    transformer = read_json(folder / "sentence_bert_config.json", {})
    asked = read_json(folder / "config_sentence_transformers.json", {})
    prompts, default = asked.get("prompts") or {}, asked.get("default_prompt_name")
    return Recipe(
        pooling,
        normalised,
        transformer.get("max_seq_length"),
        bool(transformer.get("do_lower_case")),
        prompts.get(default, "") if default else "",
    )


def read_json(path: Path, absent: Any) -> Any:
    """A JSON file of a model, ``absent`` where there is no such file."""
    if not path.is_file():
        return absent
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ModelNotFound(
            f"{path} is not valid JSON ({error}): the model's folder is damaged. Fetch it again."
        ) from error


def _pooling(path: Path) -> tuple[str, ...]:
    config = read_json(path, {})
    named = config.get("pooling_mode")
    modes: tuple[str, ...]
    if isinstance(named, str):
        modes = (named,)
    elif named:
        modes = tuple(named)
    else:
        modes = tuple(mode for flag, mode in _FLAGS.items() if config.get(flag)) or ("mean",)
    unknown = [mode for mode in modes if mode not in POOLINGS]
    if unknown:
        raise Unsupported(
            f"{path}: pooling by {unknown[0]} is not supported ({', '.join(POOLINGS)} are). "
            "Choose another language model."
        )
    return modes
