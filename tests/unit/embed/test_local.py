import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper

from evals.bert import bert_states
from remanence import InputError, MissingExtraError
from remanence.embed import LocalEmbedder
from tests.unit.embed.tiny import (
    MINILM,
    SHAPE,
    TOKENS,
    WIDTH,
    tiny_folder,
    tiny_tokenizer,
    tiny_weights,
)

TEXTS = ["falcon", "a", "an otter, and another", "?!", "owls are birds of"]


def _expected(text: str, pooling: str = "mean", tokens: int = TOKENS) -> npt.NDArray[np.float64]:
    tokenizer = tiny_tokenizer()
    tokenizer.enable_truncation(tokens)  # pyright: ignore[reportUnknownMemberType]
    ids = np.array([tokenizer.encode(text).ids], np.int64)
    (states,) = bert_states(tiny_weights(), SHAPE, ids, np.ones_like(ids))
    vector = states[0] if pooling == "cls" else states.mean(0)
    return vector / np.linalg.norm(vector)


def _folder(path: Path, name: str, **changes: Any) -> Path:
    """Return a folder with other settings; ``None`` leaves a file out."""
    settings = {key: value for key, value in {**MINILM, **changes}.items() if value is not None}
    return tiny_folder(path / name, settings=settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_folder(tmp_path / "tiny")


async def _near(embedder: LocalEmbedder, *expected: npt.NDArray[np.float64]) -> bool:
    """Tell whether the texts have the vectors that were computed apart, in float64."""
    vectors = await embedder.embed_documents(TEXTS[: len(expected)])
    return np.allclose(vectors, np.array(expected), atol=1e-5)


async def test_vectors_are_what_the_model_computes(folder: Path) -> None:
    embedder = LocalEmbedder(folder)
    assert await _near(embedder, *map(_expected, TEXTS))
    for text in TEXTS:
        assert np.allclose(await embedder.embed_query(text), _expected(text), atol=1e-5)
    assert embedder.dimensions == WIDTH


async def test_a_long_text_is_cut(folder: Path) -> None:
    text = "owls are birds of the night and of the moor"
    cut, start = await LocalEmbedder(str(folder)).embed_documents([text, text[:30]])
    assert len(tiny_tokenizer().encode(text[:30]).ids) > TOKENS
    assert np.array_equal(cut, start)
    assert np.allclose(cut, _expected(text), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "tokens"),
    [
        ({"sentence_bert_config.json": {"max_seq_length": 6}}, 6),
        ({"sentence_bert_config.json": None}, TOKENS),
        (
            {
                "sentence_bert_config.json": None,
                "tokenizer_config.json": {"model_max_length": 7},
            },
            7,
        ),
        (
            {
                "sentence_bert_config.json": {"max_seq_length": None},
                "tokenizer_config.json": {"model_max_length": 1e30},
            },
            TOKENS,
        ),
    ],
)
async def test_settings_say_where_a_text_is_cut(
    tmp_path: Path, changes: dict[str, Any], tokens: int
) -> None:
    embedder = LocalEmbedder(_folder(tmp_path, "tiny", **changes))
    text = "owls are birds of the night and of the moor"
    assert np.allclose(await embedder.embed_query(text), _expected(text, "mean", tokens), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "asked", "pooling"),
    [
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, None, "cls"),
        ({"pooling_mode_mean_sqrt_len_tokens": True}, None, "mean"),
        ({"pooling_mode": "cls"}, None, "cls"),
        ({"pooling_mode_cls_token": True}, "mean", "mean"),
        (None, None, "mean"),
        (None, "cls", "cls"),
    ],
)
async def test_pooling_is_the_models_own_or_as_asked(
    tmp_path: Path, settings: Any, asked: Any, pooling: str
) -> None:
    folder = _folder(tmp_path, "tiny", **{"1_Pooling/config.json": settings})
    embedder = LocalEmbedder(folder, pooling=asked)
    assert await _near(embedder, *(_expected(text, pooling) for text in TEXTS))


async def test_prefixes_are_the_models_own_or_as_given(tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "q: ", "passage": "p: "}}
    folder = _folder(tmp_path, "tiny", **{"config_sentence_transformers.json": prompts})
    own = LocalEmbedder(folder)
    assert np.allclose(await own.embed_query("owl"), _expected("q: owl"), atol=1e-5)
    assert np.allclose((await own.embed_documents(["owl"]))[0], _expected("p: owl"), atol=1e-5)
    given = LocalEmbedder(folder, query_prefix="", document_prefix="d ")
    assert np.allclose(await given.embed_query("owl"), _expected("owl"), atol=1e-5)
    assert np.allclose((await given.embed_documents(["owl"]))[0], _expected("d owl"), atol=1e-5)


async def test_identity_is_of_what_vectors_depend_on(tmp_path: Path) -> None:
    shorter = {"sentence_bert_config.json": {"max_seq_length": 6}}
    embedders = [
        LocalEmbedder(tiny_folder(tmp_path / "a" / "tiny")),
        LocalEmbedder(tiny_folder(tmp_path / "b" / "tiny", seed=1)),
        LocalEmbedder(tmp_path / "a" / "tiny", pooling="cls"),
        LocalEmbedder(tmp_path / "a" / "tiny", query_prefix="q"),
        LocalEmbedder(tmp_path / "a" / "tiny", document_prefix="q"),
        LocalEmbedder(_folder(tmp_path / "c", "tiny", **shorter)),
    ]
    for embedder in embedders:
        await embedder.prepare()
    identities = [embedder.identity for embedder in embedders]
    assert len(set(identities)) == len(identities), identities
    assert all(identity.startswith("local:tiny:") for identity in identities)
    # Neither where the model is, nor how it computes, is of any matter.
    moved = tiny_folder(tmp_path / "elsewhere" / "tiny", model="model.onnx")
    assert LocalEmbedder(moved, threads=3).identity == identities[0]


def test_identity_and_size_are_known_without_preparation(folder: Path) -> None:
    embedder = LocalEmbedder(folder)
    assert embedder.dimensions == WIDTH
    assert embedder.identity == LocalEmbedder(folder).identity


async def test_the_event_loop_goes_on_meanwhile(folder: Path) -> None:
    embedder = LocalEmbedder(folder, threads=1)
    turns = 0
    embedding = asyncio.ensure_future(embedder.embed_documents(TEXTS * 100))
    while not embedding.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
    assert (await embedding).shape == (len(TEXTS) * 100, WIDTH)


def _of_texts(folder: Path, *inputs: str) -> Path:
    """Write a model that pools by itself: a text's vector is its tokens' sum, and the largest."""
    (folder / "model.onnx").unlink(missing_ok=True)
    info = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["numbers"], to=onnx.TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["most"], axes=[1], keepdims=1),
        helper.make_node("ReduceSum", ["numbers", "one"], ["all"], keepdims=1),
        helper.make_node("Concat", ["all", "most"], ["vectors"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "pooled",
        [info(name, onnx.TensorProto.INT64, ["texts", "tokens"]) for name in inputs],
        [info("vectors", onnx.TensorProto.FLOAT, ["texts", 2])],
        initializer=[helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.save_model(made, folder / "model.onnx")  # pyright: ignore[reportUnknownMemberType]
    return folder


async def test_a_model_may_pool_by_itself(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "tiny", model="model.onnx")
    embedder = LocalEmbedder(_of_texts(folder, "input_ids"))
    ids = np.array(tiny_tokenizer().encode("falcon").ids)
    right = np.array([ids.sum(), ids.max()], np.float64)
    assert np.allclose(await embedder.embed_query("falcon"), right / np.linalg.norm(right))


async def test_a_model_that_takes_something_else_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "tiny", model="model.onnx")
    with pytest.raises(InputError, match="it takes input_ids, pixels"):
        await LocalEmbedder(_of_texts(folder, "input_ids", "pixels")).prepare()


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
async def test_a_missing_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r'pip install "remanence\[local\]"'):
        await LocalEmbedder(folder).prepare()


@pytest.mark.parametrize(
    "arguments",
    [{"threads": 0}, {"threads": 1.5}, {"pooling": "max"}, {"model": ""}, {"model": 7}],
    ids=str,
)
def test_arguments_are_checked(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"^{next(iter(arguments))}: "):
        LocalEmbedder(**arguments)


_FORKING = """
import asyncio, os, sys
from remanence.embed import LocalEmbedder

embedder = LocalEmbedder(sys.argv[1])
before = asyncio.run(embedder.embed_documents(["falcon"] * 200))
child = os.fork()
if child == 0:
    after = asyncio.run(embedder.embed_documents(["falcon"] * 200))
    os._exit(0 if (before == after).all() else 3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_embeds_as_well(
    folder: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python("-W", "ignore::DeprecationWarning", "-c", _FORKING, folder)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_importing_embedders_loads_no_model_library(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    program = "import sys, remanence.embed, remanence.embed.choosing; print(*sys.modules)"
    loaded = {name.partition(".")[0] for name in run_python("-c", program).stdout.split()}
    assert "numpy" in loaded
    assert loaded.isdisjoint(
        {"agentscope", "huggingface_hub", "onnxruntime", "tokenizers", "torch"}
    )
