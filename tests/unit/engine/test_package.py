import importlib
import subprocess
from collections.abc import Callable

import remanence

HEAVY = (
    "agentscope",
    "mem0",
    "reme",
    "yaml",
    "fastapi",
    "torch",
    "onnxruntime",
    "tokenizers",
    "huggingface_hub",
    "numpy",
    "apsw",
    "pytest",
)


def test_the_public_names_exist_and_are_sorted() -> None:
    assert remanence.__all__ == sorted(remanence.__all__)
    for name in remanence.__all__:
        assert getattr(remanence, name) is not None
    public = {name for name in dir(remanence) if name[0].isupper()}
    assert public - {"Any", "TYPE_CHECKING"} == {
        name for name in remanence.__all__ if name[0] != "_"
    }


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    assert not hasattr(remanence, "Memories")
    assert not hasattr(importlib.import_module("remanence.testing"), "Memories")


def test_every_error_is_a_remanence_error() -> None:
    errors = [getattr(remanence, name) for name in remanence.__all__ if name.endswith("Error")]
    assert len(errors) > 10
    assert all(issubclass(error, remanence.RemanenceError) for error in errors)


def test_importing_the_package_is_light_and_silent(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_python("-X", "importtime", "-c", "import remanence, remanence.testing")
    assert (done.returncode, done.stdout) == (0, "")
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
    }
    assert "remanence" in imported
    assert imported.isdisjoint(HEAVY)


def test_the_engine_needs_no_framework(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    program = "import sys, remanence.engine; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = run_python("-c", program)
    assert done.stderr == ""
    assert {"remanence", "numpy"} <= set(done.stdout.split())
    assert set(done.stdout.split()).isdisjoint({*HEAVY} - {"numpy", "apsw"})
