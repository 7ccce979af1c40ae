"""Model cards: the JSON in a model's header, for this version and for newer ones."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support import ROOT
from trainer.card import ModelCard, Preprocessing
from trainer.labels import EXPRESSIONS
from trainer.model_index import CARD_KEY, bundled_models, find_model, read_metadata


def card(**changes: Any) -> ModelCard:
    values: dict[str, Any] = {
        "name": "small",
        "architecture": "compact",
        "arguments": {"widths": [8, 16]},
        "attribution_layer": "stages",
    }
    return ModelCard(**{**values, **changes})


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_cards_are_read_and_written_byte_by_byte(name: str) -> None:
    text = read_metadata(find_model(name))[CARD_KEY]
    opened = ModelCard.from_json(text)
    assert opened.to_json() == text
    assert ModelCard.from_json(opened.to_json()) == opened


@pytest.mark.parametrize("name", bundled_models())
def test_bundled_cards_say_the_shares_of_training(name: str) -> None:
    """Those of FER2013 and the photographs: happy is the most frequent class, disgust the rarest.

    Annotators' votes move some of the labels' mass to neutral.
    """
    prior = ModelCard.from_json(read_metadata(find_model(name))[CARD_KEY]).prior
    assert sum(prior.values()) == pytest.approx(1)
    assert max(prior, key=prior.__getitem__) == "happy"
    assert min(prior, key=prior.__getitem__) == "disgust"
    assert 0.01 < prior["disgust"] < 0.03
    assert 0.2 < prior["happy"] < 0.3


def test_fields_of_a_newer_version_are_kept() -> None:
    values = json.loads(card().to_json())
    values["preprocessing"]["gamma"] = 2.2
    values |= {"sources": ["a", {"b": None}], "summary": 3, "to_json": "no method"}
    opened = ModelCard.from_json(json.dumps(values))
    assert opened.to_json() == json.dumps(values)
    renamed = opened.model_copy(update={"name": "other"})
    assert json.loads(renamed.to_json()) == values | {"name": "other"}
    assert opened.summary.startswith("small")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"temperature": "hot"}, r"temperature: input should be a valid number \(it is 'hot'\)"),
        ({"temperature": True}, "temperature: input should be a valid number"),
        ({"temperature": 0}, "temperature: input should be greater than 0"),
        ({"temperature": float("nan")}, "temperature: input should be greater than 0"),
        ({"name": None}, "name: input should be a valid string"),
        ({"arguments": [1]}, "arguments: input should be a valid dictionary"),
        ({"classes": []}, "classes: tuple should have at least 1 item"),
        ({"classes": ["happy", 3]}, "classes.1: input should be a valid string"),
        ({"explanation": "lime"}, "explanation: input should be 'grad_x_input'"),
        ({"versions": {"torch": 2}}, "versions.torch: input should be a valid string"),
        ({"preprocessing": 44}, "preprocessing: input should be"),
        ({"preprocessing": {"crop_size": 40, "input_size": 44}}, "larger than crop_size 40"),
        ({"preprocessing": {"crop_size": 2000}}, "preprocessing.crop_size: input should be less"),
        ({"preprocessing": {"input_size": 44.0}}, "preprocessing.input_size: .*integer"),
        ({"preprocessing": {"std": 0}}, "preprocessing.std: input should be greater than 0"),
        ({"preprocessing": {"template": "dlib"}}, "preprocessing.template: input should be 'fer"),
        ({"prior": {"happy": 1.0}}, "prior has shares of happy, not of the classes"),
        ({"prior": dict.fromkeys(EXPRESSIONS, 0.2)}, "shares of prior add up to 1.4 instead of 1"),
        ({"prior": dict.fromkeys(EXPRESSIONS, -1)}, "prior.angry: input should be greater than"),
        ({"format": 2}, "format 2, known is 1"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_reason(changes: dict, reason: str) -> None:
    values = json.loads(card().to_json()) | changes
    with pytest.raises(ValueError, match=reason):
        ModelCard.from_json(json.dumps(values))


def test_missing_fields_are_named() -> None:
    values = json.loads(card().to_json())
    del values["name"], values["arguments"]
    with pytest.raises(ValueError, match="name: field required; arguments: field required"):
        ModelCard.from_json(json.dumps(values))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null"])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|not a JSON object"):
        ModelCard.from_json(text)


def test_whole_numbers_stay_as_they_were_written() -> None:
    values = json.loads(card().to_json())
    values |= {"temperature": 2, "preprocessing": {**values["preprocessing"], "mean": 0}}
    assert ModelCard.from_json(json.dumps(values)).to_json() == json.dumps(values)


def test_a_card_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        card().name = "other"  # type: ignore[misc]
    assert hash(Preprocessing()) == hash(Preprocessing())


def test_cards_need_no_torch() -> None:
    code = "import sys, trainer.card, trainer.model_index; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr
