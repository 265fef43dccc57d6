"""The texts of questions, in the files beside this module.

A file has three parts, with a line of three dashes between them: what the model is to do, what it
is to do that with, and what is added when its last answer could not be used. Its name tells what it
is for, which version of it this is, and its language.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import string

from remanence.extract.wording import Language

__all__ = ["Template", "template"]

_DIVIDER = "\n---\n"


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """What is said to a model, with places to be filled in.

    Attributes:
        system: What it is to do.
    """

    system: str
    _text: string.Template
    _again: string.Template

    def text(self, refused: str | None, **places: str) -> str:
        """Return what it is to do that with.

        Args:
            refused: Why its last answer could not be used, or ``None``.
            places: What is filled in, as it is.
        """
        text = self._text.substitute(places)
        if refused is None:
            return text
        return f"{text}\n\n{self._again.substitute(refused=refused)}"


@functools.cache
def template(name: str, language: Language) -> Template:
    """Return the template of a file, as ``reading.v1`` in English."""
    prompts = importlib.resources.files("remanence.extract") / "prompts"
    whole = (prompts / f"{name}.{language}.md").read_text("utf-8")
    system, text, again = (part.strip() for part in whole.split(_DIVIDER))
    return Template(system, string.Template(text), string.Template(again))
