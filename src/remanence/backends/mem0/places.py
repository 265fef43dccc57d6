"""Where a client of mem0 stores: a name for the place that is the same in every process."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from remanence.backends.mem0.locked import is_local

__all__ = ["DEFAULT_PATHS", "identity_of_client", "identity_of_store", "is_class", "is_on_server"]

DEFAULT_PATHS = "/tmp/{provider}"  # noqa: S108 - mem0's default, which is replaced
"""Where mem0 puts a store whose path was not given."""

_DIGITS = 16

_TELLING = (
    "host",
    "port",
    "dbname",
    "db_name",
    "database",
    "connection_string",
    "dsn",
    "uri",
    "endpoint",
    "cloud_id",
    "cluster_url",
    "index_name",
    "namespace",
    "environment",
    "project_id",
    "region",
)
"""The settings by which stores other than Qdrant tell where they are."""


def identity_of_store(provider: str, settings: Any) -> str:
    """Return what names a vector store: its kind, its place and its collection, and no secret.

    Args:
        provider: The kind, as mem0 calls it.
        settings: The store's settings, as mem0's configuration has them.
    """
    collection = getattr(settings, "collection_name", None) or ""
    return f"mem0:{provider}:{_place(provider, settings)}:{collection}"


def identity_of_client(client: Any) -> str:
    """Return what names the place of a client: its store, its account, or else its class."""
    if is_class(client, "AsyncMemoryClient"):
        key = str(getattr(client, "api_key", ""))
        return f"mem0:platform:{_without_secrets(str(client.host))}:{_digest(key)}"
    store = getattr(getattr(client, "config", None), "vector_store", None)
    if is_class(client, "AsyncMemory") and store is not None:
        return identity_of_store(store.provider, store.config)
    module, name = client.__class__.__module__, client.__class__.__qualname__
    return f"mem0:client:{module}.{name}"


def is_class(client: object, name: str) -> bool:
    """Return whether something is one of mem0's class of that name; mem0 is not imported."""
    return any(
        kind.__name__ == name and kind.__module__.startswith("mem0.")
        for kind in inspect.getmro(client.__class__)
    )


def is_on_server(settings: Any) -> bool:
    """Return whether a store's settings name a server or a client, so that a path means nothing."""
    told = {name: getattr(settings, name, None) for name in ("client", "url", "host", "api_key")}
    return any(told.values())


def _place(provider: str, settings: Any) -> str:
    client = getattr(settings, "client", None)
    if client is not None:
        inner = getattr(client, "_client", client)
        where = getattr(inner, "location", None) if is_local(client) else None
        where = where or getattr(inner, "rest_uri", None) or type(client).__qualname__
        return _path(where) if is_local(client) else str(where)
    if getattr(settings, "url", None):
        return _without_secrets(str(settings.url))
    if not is_on_server(settings) and getattr(settings, "path", None):
        return _path(settings.path)
    if provider == "qdrant":
        return f"{settings.host}:{settings.port}"
    told = {name: value for name in _TELLING if (value := getattr(settings, name, None))}
    return _digest(repr(told))


def _path(path: str) -> str:
    return str(Path(path).expanduser().resolve())


def _without_secrets(url: str) -> str:
    """Return a URL's host, port and path."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{host}{parts.path.rstrip('/')}" or url


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
