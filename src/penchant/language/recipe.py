"""How a model wants its token vectors made into one: read from the model's own files.

The files are those of sentence-transformers (Reimers and Gurevych 2019, arXiv:1908.10084):
``modules.json`` lists the steps, ``1_Pooling/config.json`` says how to pool,
``sentence_bert_config.json`` where to cut, ``config_sentence_transformers.json`` which words to put
before a text. A folder without them is pooled by the mean, or where it holds a decoder by the last
token, the only one that has seen the whole text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from penchant.core import ModelNotFound, Unsupported, UsageError

POOLINGS = ("cls", "mean", "max", "mean_sqrt_len", "weightedmean", "lasttoken", "attention")
"""The first token | the mean of all | the largest of each dimension | the mean times the root of the
length | the mean weighed by place, later is heavier | the last token | a learned weighted mean."""

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
        prompts: words that the model knows by a name, such as ``{"query": "query: "}``.
        prompt_pooled: whether the prompt's tokens take part in the pooling.
    """

    pooling: tuple[str, ...] = ("mean",)
    normalised: bool = False
    length: int | None = None
    lower: bool = False
    prompt: str = ""
    prompts: Mapping[str, str] = field(default_factory=dict)
    prompt_pooled: bool = True

    def words(self, prompt: str) -> str:
        """The words to put before a text: those of a prompt's name, or the words themselves.

        Raises:
            UsageError: words that would run into the text.
            Unsupported: the model wants its prompt left out of the pooling.
        """
        words = self.prompts.get(prompt, prompt)
        if words and not self.prompt_pooled:
            raise Unsupported(
                "this model leaves its prompt out of the pooling (include_prompt in its pooling "
                "config.json), which penchant does not do. Use it without a prompt, or another one."
            )
        if words and words[-1].isalnum():
            known = ", ".join(map(repr, self.prompts)) or "none"
            raise UsageError(
                f"the prompt {words!r} would run into the text behind it. End it as the model's "
                f"card does, such as with ': ', or name one of the model's own prompts ({known})."
            )
        return words


def chosen(
    recipe: Recipe,
    pooling: str | Sequence[str] | None = None,
    prompt: str | None = None,
    length: int | None = None,
) -> Recipe:
    """A model's recipe with what the caller wants otherwise; None leaves it to the model.

    Raises:
        UsageError: no such pooling, a prompt that runs into the text, or no length at all.
    """
    if pooling is not None:
        ways = (pooling,) if isinstance(pooling, str) else tuple(pooling)
        wrong = [way for way in ways if way not in POOLINGS] or ([] if ways else [""])
        if wrong:
            raise UsageError(
                f"pooling by {wrong[0]!r} is unknown. Choose one or more of {', '.join(POOLINGS)}."
            )
        recipe = replace(recipe, pooling=ways)
    if prompt is not None:
        recipe = replace(recipe, prompt=recipe.words(prompt))
    if length is not None:
        if length < 1:
            raise UsageError(
                f"a text cannot be cut to {length} tokens. Give a length of at least 1."
            )
        recipe = replace(recipe, length=length)
    return recipe


def read_recipe(folder: Path) -> Recipe:
    """The recipe that a model's folder holds.

    Raises:
        Unsupported: a step that penchant does not know.
    """
    pooling: tuple[str, ...] = ("mean",)
    normalised, prompt_pooled = False, True
    for module in read_json(folder / "modules.json", []):
        step = str(module["type"]).rsplit(".", 1)[-1]
        if step == "Pooling":
            path = folder / module["path"] / "config.json"
            pooling = _pooling(path)
            prompt_pooled = bool(read_json(path, {}).get("include_prompt", True))
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
        prompts,
        prompt_pooled,
    )


def says_pooling(folder: Path) -> bool:
    """Whether the model's folder says how to pool."""
    steps = read_json(folder / "modules.json", [])
    return any(str(step["type"]).endswith("Pooling") for step in steps)


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
