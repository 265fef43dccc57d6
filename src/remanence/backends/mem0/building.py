"""What a client that is built here is built of: mem0's configuration, with AgentScope's models."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remanence.backends.mem0.places import DEFAULT_PATHS, identity_of_store, is_on_server
from remanence.backends.mem0.quiet import import_mem0
from remanence.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase
    from mem0.configs.base import MemoryConfig

__all__ = ["Plan", "plan"]

_PROVIDER = "remanence"
"""The name by which mem0 knows our adapters."""

_SIZE = "embedding_model_dims"
_SIZE_FIELD = f"mem0_config.vector_store.config.{_SIZE}"


@dataclasses.dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Plan:
    """How to build a client.

    Attributes:
        identity: Where it stores.
        config: What mem0 builds it from.
        borrowed: Whether the store's own client is the user's, who closes it.
    """

    identity: str
    config: MemoryConfig
    borrowed: bool

    @property
    def settings(self) -> str:
        """What two plans for one store have to agree on, in order to share a client."""
        return repr(self.config)


def plan(
    *,
    chat_model: ChatModelBase | None,
    embedding_model: EmbeddingModelBase[Any] | None,
    config: MemoryConfig | None,
    folder: Path,
) -> Plan:
    """Return how to build a client; mem0 is imported for that, and nothing is opened.

    The configuration that is given stays as it is.

    Args:
        chat_model: What extracts; ``None`` leaves that to the configuration.
        embedding_model: What embeds; ``None`` leaves that to the configuration.
        config: mem0's configuration; ``None`` is its default one.
        folder: Where to store what the configuration does not say where to store.

    Raises:
        MissingExtraError: mem0 or AgentScope is not installed.
        InputError: The embedding model's vectors have another size than those of the configuration
            or of the store that is there, or the folder can't be created.
    """
    import_mem0(folder)
    from mem0.configs.base import MemoryConfig

    given = MemoryConfig() if config is None else config
    changes: dict[str, Any] = {"vector_store": _placed(given, folder, ours=config is None)}
    if "history_db_path" not in given.model_fields_set:
        changes["history_db_path"] = str(folder / "history.db")
    placed = given.model_copy(update=changes)
    planned = _with_models(placed, chat_model, embedding_model)
    settings: Any = planned.vector_store.config
    identity = identity_of_store(planned.vector_store.provider, settings)
    return Plan(identity, planned, borrowed=getattr(settings, "client", None) is not None)


def _placed(config: MemoryConfig, folder: Path, *, ours: bool) -> Any:
    """Return the configuration's vector store, in the folder if it was left where mem0 puts it."""
    store = config.vector_store
    settings: Any = store.config
    default = DEFAULT_PATHS.format(provider=store.provider)
    if is_on_server(settings) or getattr(settings, "path", None) != default:
        return store
    changes: dict[str, Any] = {"path": str(folder / store.provider)}
    if ours:
        changes["on_disk"] = True
    return store.model_copy(update={"config": settings.model_copy(update=changes)})


def _with_models(
    config: MemoryConfig,
    chat_model: ChatModelBase | None,
    embedding_model: EmbeddingModelBase[Any] | None,
) -> MemoryConfig:
    """Return a configuration with our adapters in the place of what models were given for."""
    if chat_model is None and embedding_model is None:
        return config
    from mem0.embeddings.configs import EmbedderConfig
    from mem0.llms.configs import LlmConfig

    _register()
    changes: dict[str, Any] = {}
    # mem0's validators know only its own providers.
    if chat_model is not None:
        changes["llm"] = LlmConfig.model_construct(
            provider=_PROVIDER, config={"model": "agentscope"}
        )
    if embedding_model is not None:
        size = embedding_model.dimensions
        changes["embedder"] = EmbedderConfig.model_construct(
            provider=_PROVIDER, config={"model": "agentscope", "embedding_dims": size}
        )
        changes["vector_store"] = _sized(config, size)
    return config.model_copy(update=changes)


def _register() -> None:
    """Tell mem0 where our adapters are."""
    try:
        from remanence.backends.mem0 import adapters
    except ImportError as error:
        raise MissingExtraError("agentscope", "mem0 with AgentScope's models") from error
    from mem0.configs.llms.base import BaseLlmConfig
    from mem0.utils.factory import EmbedderFactory, LlmFactory

    place = adapters.__name__
    LlmFactory.register_provider(
        _PROVIDER, f"{place}.{adapters.AgentScopeLLM.__name__}", BaseLlmConfig
    )
    embedder = f"{place}.{adapters.AgentScopeEmbedder.__name__}"
    EmbedderFactory.provider_to_class[_PROVIDER] = embedder


def _sized(config: MemoryConfig, size: int) -> Any:
    """Return the configuration's vector store, for vectors of a size.

    Raises:
        InputError: It is for vectors of another size, as it was set, or as the store is.
    """
    store = config.vector_store
    settings: Any = store.config
    had = getattr(settings, _SIZE, None)
    if not hasattr(settings, _SIZE):
        return store  # a store that takes vectors as they come
    if had not in (None, size) and _SIZE in settings.model_fields_set:
        raise InputError(
            _SIZE_FIELD,
            f"is {had}, and the embedding model's vectors have {size} dimensions",
            f"leave it out, or set it to {size}",
        )
    kept = _stored_size(store.provider, settings)
    if kept not in (None, size):
        raise InputError(
            "embedding_model",
            f"its vectors have {size} dimensions, and the store in {settings.path} keeps vectors "
            f"of {kept}",
            "use the embedding model that the store was filled with, or another data_dir",
        )
    return store.model_copy(update={"config": settings.model_copy(update={_SIZE: size})})


def _stored_size(provider: str, settings: Any) -> int | None:
    """Return the size of the vectors that a folder of Qdrant's keeps already, if that is known."""
    if provider != "qdrant" or is_on_server(settings):
        return None
    try:
        text = Path(settings.path, "meta.json").read_text(encoding="utf-8")
        collection: Any = json.loads(text)["collections"][settings.collection_name]
        return int(collection["vectors"]["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # there is none yet, or Qdrant will tell what is wrong with it
