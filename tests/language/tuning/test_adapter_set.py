"""Several adapters over one base."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from penchant.core import BundleError, UsageError
from penchant.language.tuning import (
    AdapterSet,
    LoRA,
    PromptTuning,
    apply_tuning,
    load_adapter,
    read_adapter,
    save_adapter,
)

from .conftest import WAYS, answers, backbone, teach

ALL = {name: way for name, way in WAYS.items() if "top" not in name[3:]}


@pytest.fixture(scope="module", params=["bert", "gpt2", "llama"])
def domains(request, tmp_path_factory):
    """An adapter of each way over one base: the family, their folder and what each answers."""
    folder, wanted = tmp_path_factory.mktemp("domains"), {}
    for name, way in ALL.items():
        module = backbone(request.param, "attention")
        apply_tuning(module, way, seed=len(wanted))
        teach(module, steps=2, rate=0.05)
        save_adapter(folder / name, module)
        wanted[name] = answers(module)
    return request.param, folder, wanted


def test_each_adapter_answers_as_if_it_were_alone(domains):
    family, folder, wanted = domains
    module = backbone(family, "attention")
    base = answers(module)
    adapters = AdapterSet(module)
    for name in ALL:
        adapters.add(name, folder / name)
    assert adapters.names == tuple(ALL)
    assert torch.equal(answers(module), base)

    for name in [*ALL, *reversed(ALL)]:
        with adapters.using(name):
            assert adapters.active == name
            torch.testing.assert_close(answers(module), wanted[name], atol=1e-6, rtol=1e-6)
    # only how attention is called may have changed, not a weight
    torch.testing.assert_close(answers(module), base, atol=1e-6, rtol=1e-6)


def test_the_base_is_in_memory_once(domains):
    family, folder, _ = domains
    module = backbone(family, "attention")
    weights = {weight.data_ptr() for weight in module.parameters()}
    adapters = AdapterSet(module)
    adapters.add("lora", folder / "lora")
    adapters.add("ia3", folder / "ia3")
    for name in adapters.names:
        with adapters.using(name):
            assert len(weights - {weight.data_ptr() for weight in module.parameters()}) <= 1


def test_using_goes_back_to_the_one_before(domains):
    family, folder, wanted = domains
    adapters = AdapterSet(backbone(family, "attention"))
    adapters.add("a", folder / "lora")
    adapters.add("b", folder / "adapters")
    adapters.use("a")
    with adapters.using("b"), adapters.using(None):
        assert adapters.active is None
    assert adapters.active == "a"
    assert torch.equal(answers(adapters.module), wanted["lora"])
    assert adapters.way("a") == ALL["lora"]


def test_a_copy_of_the_set_switches_apart(domains):
    family, folder, wanted = domains
    adapters = AdapterSet(backbone(family, "attention"))
    adapters.add("a", folder / "lora")
    twin = copy.deepcopy(adapters)
    twin.use("a")
    assert torch.equal(answers(twin.module), wanted["lora"])
    assert not torch.allclose(answers(adapters.module), wanted["lora"], atol=1e-4)


def test_an_adapter_can_be_removed(domains):
    family, folder, _ = domains
    module = backbone(family, "attention")
    base, adapters = answers(module), AdapterSet(module)
    adapters.add("a", folder / "lora")
    adapters.use("a")
    adapters.remove("a")
    assert torch.equal(answers(module), base)
    load_adapter(folder / "lora", module)  # and the base is as it was


def test_a_prompt_takes_its_places_only_while_it_is_on(tmp_path):
    tuned, module = backbone("bert"), backbone("bert")
    apply_tuning(tuned, PromptTuning(tokens=20))
    save_adapter(tmp_path / "prompt", tuned)
    adapters = AdapterSet(module)
    adapters.add("prompt", tmp_path / "prompt")
    assert module.length == 32  # of 40 places

    with adapters.using("prompt"):
        assert module.length == 20
        adapters.add("again", tmp_path / "prompt")
        assert module.length == 20
        with adapters.using("again"):
            assert module.length == 20
        with adapters.using(None):
            assert module.length == 32
    assert module.length == 32
    adapters.use("prompt")
    adapters.remove("prompt")
    assert module.length == 32


def test_wrong_names_bases_and_tuned_bases_are_refused(domains):
    family, folder, _ = domains
    module = backbone(family, "attention")
    adapters = AdapterSet(module)
    adapters.add("a", folder / "lora")
    with pytest.raises(UsageError, match="already an adapter 'a'"):
        adapters.add("a", folder / "ia3")
    with pytest.raises(UsageError, match=r"no adapter 'b'\. Adapters: a"):
        adapters.use("b")
    with pytest.raises(BundleError, match="tuned on"):
        AdapterSet(backbone(family, "attention", digest="other")).add("a", folder / "lora")
    apply_tuning(other := backbone(family), LoRA())
    with pytest.raises(UsageError, match="already tuned"):
        AdapterSet(other)


def test_an_adapter_that_cannot_be_added_leaves_the_one_that_is_on(domains):
    family, folder, wanted = domains
    adapters = AdapterSet(backbone(family, "attention"))
    adapters.add("a", folder / "lora")
    adapters.use("a")
    with pytest.raises(BundleError, match="do not fit"):
        adapters.add("b", replace(read_adapter(folder / "ia3"), state={}))
    assert (adapters.active, adapters.names) == ("a", ("a",))
    assert torch.equal(answers(adapters.module), wanted["lora"])


def test_an_adapter_that_was_off_follows_the_model_to_its_device(tmp_path):
    tuned, module = backbone("bert"), backbone("bert")
    apply_tuning(tuned, LoRA(rank=2))
    save_adapter(tmp_path / "lora", tuned)
    adapters = AdapterSet(module)
    adapters.add("lora", tmp_path / "lora")
    module.to("meta")  # any other device
    adapters.use("lora")
    assert {weight.device.type for weight in module.parameters()} == {"meta"}
