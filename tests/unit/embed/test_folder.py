from collections.abc import Callable
from pathlib import Path

import pytest

from remanence import InputError
from remanence.embed import LocalEmbedder
from tests.unit.embed.tiny import tiny_folder

Breaking = Callable[[Path], object]


def _written(name: str, text: str) -> Breaking:
    return lambda folder: (folder / name).write_text(text)


def _without(name: str) -> Breaking:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("breaking", "said"),
    [
        (_without("onnx/model.onnx"), "model.onnx is in"),
        (_without("tokenizer.json"), "tokenizer.json is not in"),
        (_written("onnx/model.onnx", "no model"), "can't be loaded"),
        (_written("tokenizer.json", "{}"), "is no tokenizer"),
        (_written("config.json", "{"), "config.json can't be read"),
        (_written("modules.json", '[{"type": "sentence_transformers.models.Dense"}]'), "'Dense'"),
        (_written("1_Pooling/config.json", '{"pooling_mode_max_tokens": true}'), "max_tokens"),
        (
            _written(
                "1_Pooling/config.json",
                '{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}',
            ),
            "mean_tokens and cls_token",
        ),
    ],
)
async def test_a_folder_that_will_not_do_is_explained(
    tmp_path: Path, breaking: Breaking, said: str
) -> None:
    folder = tiny_folder(tmp_path / "tiny")
    await LocalEmbedder(folder).prepare()
    breaking(folder)
    with pytest.raises(InputError, match=r"^model: ") as failed:
        await LocalEmbedder(folder).prepare()
    assert said in str(failed.value)


@pytest.mark.parametrize("odd", ["[]", "null", '"text"', "{}"])
async def test_settings_that_say_nothing_are_as_good_as_none(tmp_path: Path, odd: str) -> None:
    folder = tiny_folder(tmp_path / "tiny")
    before = LocalEmbedder(folder).identity
    for name in ("1_Pooling/config.json", "modules.json", "config_sentence_transformers.json"):
        (folder / name).write_text(odd)
    assert LocalEmbedder(folder).identity == before


@pytest.mark.parametrize("missing", ["./missing", "~/missing/model", "a/b/c", "/missing"])
async def test_a_missing_folder_is_not_looked_for_elsewhere(missing: str) -> None:
    for model in (missing, Path(missing)):
        with pytest.raises(InputError, match="there is no folder"):
            await LocalEmbedder(model).prepare()
