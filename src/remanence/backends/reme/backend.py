"""ReMe as a backend: its application in this process, and a durable queue before it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remanence.backends.reme.identity import identify
from remanence.backends.reme.naming import USERS
from remanence.backends.reme.release import import_reme
from remanence.backends.reme.service import ReMeService
from remanence.backends.reme.settings import Background
from remanence.backends.reme.shelf import Plan, shelves
from remanence.backends.shared import SharedBackend
from remanence.clock import Clock
from remanence.config import default_reme_folder
from remanence.errors import InputError
from remanence.outbox.settings import OutboxSettings
from remanence.telemetry import Faults
from remanence.validation import check_content, check_flag, check_identifier

if TYPE_CHECKING:
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

__all__ = ["OWNER", "ReMeBackend"]

_log = logging.getLogger(__name__)

OWNER = "owner"
"""The user of a workspace that is nobody's in particular."""


class ReMeBackend(SharedBackend):
    """Keeps memories in workspaces of ReMe, and what waits for it in a file.

    ReMe runs in this process, in a thread of its own; nothing else has to be started, and nothing
    runs by itself unless it is asked for. Without a chat model each message is a note, word for
    word; with one, ReMe's agent notes what is worth it. Statements are always notes as they are.

    Several processes may use one folder: each looks at its files before it searches. In one
    process, those who use one folder share what is open. Links in it are not followed.

    What is forgotten goes with its files: a note of ReMe's agent as a whole, whatever else it
    tells, and the conversation that it was drawn from.

    Args:
        workspace_dir: The folder of the workspaces, and of the queue; by default ``reme`` in the
            user's data folder. It is created, for its owner only.
        apart: Whether each user has a workspace of their own, in ``users`` in that folder, as ReMe
            searches a whole workspace. ``False`` for a folder that is one workspace, of the user
            ``owner``.
        chat_model: What extracts; ``None`` for messages word for word.
        embedding_model: What searches by meaning as well; ``None`` for words alone.
        timezone: The time zone of the workspaces' days, as ``Europe/Brussels``.
        watch: Whether ReMe watches the files all the time. It is not needed: a search sees which
            notes came or went, and a second later what was written into those that were there.
        dream: When ReMe's agent works through the notes of the last days, as cron has it, as
            ``0 23 * * *``; ``None`` for never. It needs a chat model, whose event loop has to run
            at that time, and reaches the workspaces that were used since the start.
        settings: How much may wait, and how it is delivered.
        clock: Where the time of records comes from; the machine's clock by default.

    Attributes:
        kind: ``reme``.
        identity: What names the folder, wherever it is moved to.
        faults: What went wrong, and how often: with deliveries; as ``embedding`` with the embedding
            model, where ReMe goes on by words alone; as ``index`` with notes and pages that ReMe
            can't make sense of, where it goes on without them.

    Raises:
        InputError: An argument is not acceptable, or differs from that with which this process uses
            the folder already.
        MissingExtraError: ReMe is not installed, or not in a release that works here.
    """

    def __init__(  # noqa: PLR0913 - what can be set, each by its name
        self,
        *,
        workspace_dir: str | Path | None = None,
        apart: bool = True,
        chat_model: ChatModelBase | None = None,
        embedding_model: EmbeddingModelBase[Any] | None = None,
        timezone: str = "UTC",
        watch: bool = False,
        dream: str | None = None,
        settings: OutboxSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Check the arguments; nothing is opened yet."""
        if workspace_dir is not None and not isinstance(workspace_dir, (str, Path)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
            raise InputError(
                "workspace_dir", f"is {type(workspace_dir).__name__}", "give a str or a Path"
            )
        if settings is not None and not isinstance(settings, OutboxSettings):  # pyright: ignore[reportUnnecessaryIsInstance] - as above
            raise InputError("settings", f"is {type(settings).__name__}", "give an OutboxSettings")
        for name, flag in (("apart", apart), ("watch", watch)):
            check_flag(name, flag)
        import_reme()
        _check_models(chat_model, embedding_model)
        _check_dream(dream, chat_model)
        folder = default_reme_folder() if workspace_dir is None else Path(workspace_dir)
        root = folder.expanduser().resolve()
        embedder = None if embedding_model is None else _told(embedding_model)
        plan = Plan(root, _zone(timezone), embedder, Background(watch, dream))
        shelves.check(plan)
        identity = identify(root)
        _warn_of_others(root, apart=apart)
        self._apart = apart
        faults = Faults(_log)
        self._service = ReMeService(
            plan,
            identity,
            apart=apart,
            chat_model=chat_model,
            embedding_model=embedding_model,
            faults=faults,
        )
        super().__init__(
            self._service,
            root / "outbox.db",
            field="workspace_dir",
            settings=settings,
            clock=clock,
            faults=faults,
        )
        self._service.faults = self.faults  # of the queue, which others may have opened before

    def check_id(self, field: str, value: object) -> str:
        """Return ``value`` if it can name a user or an agent here.

        Raises:
            InputError: It can't, or the folder is one workspace and this is not its user.
        """
        name = check_identifier(field, value)
        if field == "user_id" and not self._apart and name != OWNER:
            raise InputError(
                field,
                f"is {name!r}, and all users of one workspace would find the same",
                f"its user is called {OWNER!r}; or give each user a workspace of their own",
            )
        return name

    async def _release(self) -> None:
        await self._service.aclose()


def _warn_of_others(root: Path, *, apart: bool) -> None:
    """Warn if a folder looks as if it were used in the other way."""
    own, others = (root / "daily").is_dir(), (root / USERS).is_dir()
    if apart and own and not others:
        _log.warning(
            "%s is a workspace itself, whose notes are nobody's here; leave user_id out to use it",
            root,
        )
    elif others and not own and not apart:
        _log.warning("%s has the workspaces of users in it; give a user_id to use them", root)


def _check_models(chat_model: object, embedding_model: object) -> None:
    """Refuse what are no models of AgentScope, the one taken for the other included.

    Raises:
        InputError: One of them is something else.
    """
    from agentscope.embedding import EmbeddingModelBase
    from agentscope.model import ChatModelBase

    for field, value, kind in (
        ("chat_model", chat_model, ChatModelBase),
        ("embedding_model", embedding_model, EmbeddingModelBase),
    ):
        if value is not None and not isinstance(value, kind):
            raise InputError(field, f"is {type(value).__name__}", f"give a {kind.__name__}")


def _check_dream(dream: str | None, chat_model: object) -> None:
    if dream is None:
        return
    from croniter import croniter

    if not croniter.is_valid(check_content("dream", dream)):
        raise InputError("dream", f"is {dream!r}", "write it as cron does, as '0 23 * * *'")
    if chat_model is None:
        raise InputError("dream", "needs a chat model", "give chat_model as well, or leave it out")


def _zone(timezone: object) -> ZoneInfo:
    fix = "name one of the IANA database, as 'UTC' or 'Europe/Brussels'"
    if not isinstance(timezone, str):
        raise InputError("timezone", f"is {type(timezone).__name__}", fix)
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError("timezone", f"is {timezone!r}, which nobody knows here", fix) from error


def _told(model: EmbeddingModelBase[Any]) -> str:
    return f"{type(model).__qualname__}:{model.model}:{model.dimensions}"
