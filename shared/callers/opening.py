"""Decides how a process finds out who calls: by its file of callers, or by what they say."""

from __future__ import annotations

from shared.callers.authenticating import Authenticating
from shared.callers.bearer import service_bearer
from shared.callers.book import BookError
from shared.callers.keeping import KeptBook
from shared.config import ConfigError, ServiceSettings
from shared.logging import get_logger
from shared.middleware.authentication import Authenticate, by_name

log = get_logger(__name__)


def callers_of(settings: ServiceSettings) -> Authenticate:
    """Return what names the caller of each request; raises ConfigError for a file that is wrong.

    Without a file everybody who reaches this machine is whom they say, and the log says so.
    """
    by_their_word = by_name(settings.may_link, settings.may_export, settings.may_reach)
    file = settings.keys_file()
    if file is None:
        log.warning(
            "open_to_everybody",
            of=settings.service,
            listening=str(settings.address()),
            why="there are no keys: whoever reaches this machine may do everything; "
            "`touchpoint keys new` makes the first",
        )
        return by_their_word
    try:
        book = KeptBook(file)
    except BookError as error:
        raise ConfigError(str(error)) from None
    return Authenticating(book, service_bearer(settings.deployment_key), by_their_word)
