"""The chat model that the environment names."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

from remanence.config import DEFAULT_OPENAI_MODEL, OpenAISettings, openai_settings
from remanence.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from agentscope.model import OpenAIChatModel

__all__ = ["model_for_reading", "openai_model", "required_settings"]


def required_settings() -> OpenAISettings:
    """Return how to reach the model.

    Raises:
        InputError: The environment has no key.
    """
    settings = openai_settings()
    if settings is None:
        raise InputError(
            "OPENAI_API_KEY",
            "is not set",
            "set it to the key of your model's service; optional are OPENAI_BASE_URL (another one "
            f"than OpenAI's) and OPENAI_MODEL (another one than {DEFAULT_OPENAI_MODEL})",
        )
    return settings


def openai_model(settings: OpenAISettings, **options: Any) -> OpenAIChatModel:
    """Return AgentScope's client of that model.

    Args:
        settings: How to reach it.
        options: What else AgentScope's class is to be given.

    Raises:
        MissingExtraError: AgentScope is not installed.
    """
    try:
        from agentscope.credential import OpenAICredential
        from agentscope.model import OpenAIChatModel
    except ImportError as error:
        raise MissingExtraError("agentscope", "A chat model") from error
    from pydantic import SecretStr

    credential = OpenAICredential(api_key=SecretStr(settings.api_key), base_url=settings.base_url)
    return OpenAIChatModel(credential, settings.model, **options)


@contextlib.asynccontextmanager
async def model_for_reading(settings: OpenAISettings) -> AsyncGenerator[OpenAIChatModel]:
    """Return a client that answers in one piece, tries once, and is closed at the end.

    Trying again is up to the outbox. Nothing is logged meanwhile: what fails is told by the
    command, once.

    Raises:
        MissingExtraError: AgentScope is not installed.
    """
    try:
        from openai import DefaultAsyncHttpxClient
    except ImportError as error:
        raise MissingExtraError("agentscope", "A chat model") from error

    async with DefaultAsyncHttpxClient() as connections:
        client: dict[str, Any] = {"max_retries": 0, "http_client": connections}
        model = openai_model(settings, stream=False, max_retries=0, client_kwargs=client)
        with _silent("as"), _silent("remanence"):
            yield model


@contextlib.contextmanager
def _silent(name: str) -> Generator[None]:
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
