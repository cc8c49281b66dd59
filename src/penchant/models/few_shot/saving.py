"""Few-shot models as bundles."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from penchant.core import BundleError, DamagedBundle
from penchant.language.tuning import Tuning, way_by_name
from penchant.store import read_bundle, write_bundle

from . import contrastive, prompt
from .choose import FewShotConfig
from .features import Features
from .frozen import FrozenScorer
from .model import FewShotModel, WayScore
from .others import Others, Tastes
from .quality import Quality
from .space import TextSpace

Arrays = dict[str, NDArray[Any]]
M = TypeVar("M", bound=FewShotModel)

KIND, ARRAYS, TEXTS = "few-shot", "arrays.safetensors", "texts.json"


def save(model: FewShotModel, path: str | Path) -> None:
    """Write the bundle."""
    from safetensors.numpy import save as packed

    arrays, texts, features = _features_state(model.features)
    own, about = model.scorer.state()
    arrays |= {f"scorer.{name}": value for name, value in own.items()}
    arrays |= {"known": model.known, "scale": model.scale}
    manifest = {
        "chosen": model.chosen,
        "scores": [dataclasses.asdict(score) for score in model.scores],
        "seconds": model.seconds,
        "config": _config_state(model.config),
        "features": features,
        "scorer": about | {"quality": _reads_quality(model)},
    }
    write_bundle(
        path,
        KIND,
        {
            ARRAYS: lambda: packed({k: np.ascontiguousarray(v) for k, v in arrays.items()}),
            TEXTS: json.dumps(texts, ensure_ascii=False).encode(),
        },
        {"few_shot": manifest},
    )


def load(kind: type[M], path: str | Path) -> M:
    """Read the bundle."""
    from safetensors.numpy import load as unpacked

    bundle = read_bundle(path, KIND)
    try:
        about = bundle.manifest["few_shot"]
        arrays = unpacked(bundle.files[ARRAYS])
        texts = json.loads(bundle.files[TEXTS])
        config = _config(about["config"])
        features = _features(arrays, texts, about["features"], config)
        own = {k.removeprefix("scorer."): v for k, v in arrays.items() if k.startswith("scorer.")}
        scorer = _scorer(about, own, features, config)
        return kind(
            about["chosen"],
            tuple(WayScore(**score) for score in about["scores"]),
            scorer,
            features,
            arrays["known"],
            arrays["scale"],
            config,
            about["seconds"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedBundle(
            f"{path}: the few-shot model in it is incomplete ({error!r}). Train it again."
        ) from error


def _reads_quality(model: FewShotModel) -> bool:
    return isinstance(model.scorer, FrozenScorer) and model.scorer.features.quality is not None


def _features_state(features: Features) -> tuple[Arrays, dict[str, Any], dict[str, Any]]:
    space, quality, others = features.space, features.quality, features.others
    arrays: Arrays = {"space.centre": space.centre}
    texts: dict[str, Any] = {}
    about: dict[str, Any] = {"year": list(space.year), "encoder": space.encoder.digest}
    if quality is not None:
        arrays |= {
            "quality.vectors": quality.vectors,
            "quality.years": quality.years,
            "quality.weight": quality.weight,
        }
        texts["quality"] = quality.titles
    if others is not None:
        arrays |= {
            "others.goodness": others.tastes.goodness,
            "others.factors": others.tastes.factors,
            "others.content": others.content,
            "others.guess": others.guess,
        }
        texts["others"] = others.titles
        tastes = others.tastes
        about["tastes"] = [tastes.liked, tastes.disliked]
    return arrays, texts, about


def _features(
    arrays: Arrays, texts: dict[str, Any], about: dict[str, Any], config: FewShotConfig
) -> Features:
    from penchant.language import load_encoder

    encoder = load_encoder(config.language)
    if encoder.digest != about["encoder"]:
        raise BundleError(
            f"the language model {config.language!r} is not the one this was trained with: its "
            "files differ. Give the old ones back, or train again."
        )
    low, high = about["year"]
    space = TextSpace(encoder, arrays["space.centre"], (low, high))
    quality, others = None, None
    if "quality" in texts:
        quality = Quality(
            tuple(texts["quality"]),
            arrays["quality.vectors"],
            arrays["quality.years"],
            arrays["quality.weight"],
        )
    if "others" in texts:
        tastes = Tastes(arrays["others.goodness"], arrays["others.factors"], *about["tastes"])
        others = Others(
            tuple(texts["others"]), tastes, arrays["others.content"], arrays["others.guess"]
        )
    return Features(space, quality, others)


def _scorer(about: dict[str, Any], own: Arrays, features: Features, config: FewShotConfig) -> Any:
    said = about["scorer"]
    if about["chosen"] == "prompt":
        found: Any = prompt.restored(config.prompt, own, said)
        base = found.model
    elif about["chosen"] == "contrastive":
        found = contrastive.restored(config.contrastive, own, said)
        base = found.backbone
    else:
        strength = float("inf") if said["strength"] is None else float(said["strength"])
        if not said["quality"]:
            features = dataclasses.replace(features, quality=None)
        return FrozenScorer(features, own["weights"], float(said["intercept"]), strength)
    if base.digest != said["digest"]:
        raise BundleError("the language model is not the one this was tuned from: train again.")
    return found


def _config_state(config: FewShotConfig) -> dict[str, Any]:
    found = dataclasses.asdict(config)
    for name in ("contrastive", "prompt"):
        way: Tuning | None = getattr(config, name).tuning
        found[name]["tuning"] = way and {"name": way.name, **dataclasses.asdict(way)}
    return found


def _config(state: dict[str, Any]) -> FewShotConfig:
    parts = {}
    for name, kind in (
        ("contrastive", contrastive.ContrastiveConfig),
        ("prompt", prompt.PromptConfig),
    ):
        fields = dict(state[name])
        if fields["tuning"] is not None:
            way = dict(fields["tuning"])
            fields["tuning"] = way_by_name(way.pop("name"), **way)
        parts[name] = kind(**fields)
    return FewShotConfig(state["language"], **parts)  # type: ignore[arg-type]  # each of its kind
