"""Apprise channel: any service that Apprise supports, by its URL (mail, Slack, Teams, Telegram, Discord, ntfy …).

Apprise escapes plain text for services that receive HTML or Markdown, such as Slack and Telegram. This module does the
rest: it fits the text to the service's limits, breaks chat mentions and masked links, and escapes Markdown for services
that read all text as Markdown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType
from apprise.common import PersistentStoreMode
from apprise.plugins.discord import NotifyDiscord
from pydantic import AfterValidator, SecretStr

from alerts.address_guard import guarding
from alerts.chat_escaping import take_apart
from alerts.digest import digest_entries, digest_pages
from alerts.message import Message, compose, mend, read_event
from alerts.message_context import MessageContext
from alerts.outcomes import Later, Outcome, OutgoingAlert, Refused, Sent
from alerts.redaction import redactor_of
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy

TIMEOUT = timedelta(seconds=30)
MAX_BODY_CHARACTERS = 6_000  # also for services that accept more, because an alert is short
MAX_TITLE_CHARACTERS = 250
MAX_LOG_CHARACTERS = 20_000  # of Apprise's log messages

READ_MARKDOWN = frozenset(
    {"discord", "fluxer", "fluxers", "guilded", "humhub", "humhubs", "misskey", "misskeys", "mmost", "mmosts", "nctalk",
     "nctalks", "revolt", "ryver", "zulip"}
)  # fmt: skip
"""Schemas of services that show plain text as Markdown, and for which Apprise does not escape it."""
_MARKS = re.compile(r"https?://\S+|[\\*_~`|\[\]]|^(?:[#>+-]|\d+(?=[.)]))", re.MULTILINE)


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="wirewatch",
        app_desc="wirewatch",
        app_url="",
        secure_logging=True,
        http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY,
        service_timeout=TIMEOUT.total_seconds(),
        allow_templates=False,
    )


def _check_url(url: SecretStr) -> SecretStr:
    _service(url.get_secret_value())
    return url


@contextmanager
def _without_apprise_log() -> Iterator[None]:
    # Apprise logs a rejected URL, which contains the secret.
    logger = logging.getLogger("apprise")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _service(url: str) -> NotifyBase:
    """Return Apprise's service for a URL. Raises ``ValueError`` without the URL, which is secret."""
    with _without_apprise_log():
        service = Apprise.instantiate(url, asset=_asset())
    if service is None:
        scheme, given, _ = url.partition("://")
        named = f"Apprise does not accept this {mend(scheme, 20)}:// URL" if given else "is not a URL"
        raise ValueError(f"{named}; accepted forms: https://appriseit.com/services/")
    return service


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "apprise"``."""

    type: Literal["apprise"]
    url: Annotated[SecretStr, AfterValidator(_check_url)]
    """Any Apprise URL. It usually contains a secret, so it is never shown."""


class AppriseChannel:
    """Sends each alert, or a digest of several, as a message for people."""

    concurrency = 2
    timeout = TIMEOUT + timedelta(seconds=5)

    def __init__(
        self,
        name: str,
        settings: Settings,
        policy: AddressPolicy,
        context: MessageContext = MessageContext(),  # noqa: B008 (immutable)
    ) -> None:
        self.name = name
        self._context = context
        self.settings = settings
        self._policy = policy
        self._redactor = redactor_of(settings)
        self._service = _service(settings.url.get_secret_value())
        if isinstance(self._service, NotifyDiscord):
            _restrict_mentions(self._service)
        schemas: set[str] = self._service.schemas()  # type: ignore[no-untyped-call]
        self._markdown = not READ_MARKDOWN.isdisjoint(schemas)
        self._apprise = Apprise(asset=_asset())
        self._apprise.add(self._service)

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Send one alert."""
        event = read_event(alert.event)
        return await self._notify(compose(event, self._context), notify_type([event]))

    async def send_digest(self, alerts: Sequence[OutgoingAlert]) -> Sequence[Outcome]:
        """Send several alerts as one message, or as several where one is too small. A failure ends the digest."""
        events = [read_event(alert.event) for alert in alerts]
        outcomes: list[Outcome | None] = [None] * len(alerts)
        outcome: Outcome = Sent()
        for page in digest_pages(digest_entries(events, self._context), self._context, fits=self._takes):
            if isinstance(outcome, Sent):
                outcome = await self._notify(page.message, notify_type([events[at] for at in page.alerts]))
            for at in page.alerts:
                outcomes[at] = outcome
        return [found or Later("the digest does not name it") for found in outcomes]

    def _takes(self, title: str, lines: Sequence[str]) -> bool:
        """Return whether the service shows all lines of a message."""
        _, body = self._fit(Message(title=title, lines=tuple(lines)))
        return not body.endswith("…")

    def _fit(self, message: Message) -> tuple[str, str]:
        return fit(
            message,
            title_limit=int(self._service.title_maxlen),
            body_limit=int(self._service.body_maxlen),
            markdown=self._markdown,
        )

    async def _notify(self, message: Message, kind: NotifyType) -> Outcome:
        title, body = self._fit(message)
        # Apprise uses its own threads. They stop at the service's timeout, which is shorter than this channel's.
        with guarding(self._policy) as dialled:
            result: Any = await self._apprise.async_notify(
                title=title, body=body, notify_type=kind, body_format=NotifyFormat.TEXT, log_level="WARNING"
            )
        service = str(self._service.service_name)
        if result:
            return Sent(service)
        if dialled.only_blocked:
            blocked = ", ".join(dict.fromkeys(dialled.blocked))
            return Refused(
                f"{service}: its address is {blocked}, which is not a public address; "
                "allow it with [polling] private_addresses if it is intended"
            )
        said = [entry.message for attempts in result for attempt in attempts for entry in attempt]
        words = mend(self._redactor.clean(mend(" ".join(said), MAX_LOG_CHARACTERS)), 300)
        return Later(f"{service}: {words or 'the message was not accepted'}")

    async def aclose(self) -> None:
        """Do nothing: Apprise keeps no connection open."""


NOTIFY_TYPES = {
    "release.withdrawn": NotifyType.FAILURE,
    "monitor.blind": NotifyType.FAILURE,
    "source.dead": NotifyType.FAILURE,
    "channel.off": NotifyType.FAILURE,
    "release.corrected": NotifyType.WARNING,
    "release.linked": NotifyType.WARNING,
    "source.gap": NotifyType.WARNING,
}
"""Apprise's type of a message, which services show as a colour or a sign; all other events are information."""


def notify_type(events: Iterable[Mapping[str, Any]]) -> NotifyType:
    """Return the most severe type of the events of a message."""
    found = {NOTIFY_TYPES.get(str(event.get("type")), NotifyType.INFO) for event in events}
    return next(
        (kind for kind in (NotifyType.FAILURE, NotifyType.WARNING) if kind in found),
        NotifyType.INFO,
    )


def fit(message: Message, *, title_limit: int, body_limit: int, markdown: bool = False) -> tuple[str, str]:
    """Return title and body within a service's limits. The least important lines are cut; headline and link stay.

    Args:
        message: the alert text.
        title_limit: maximum characters of the title; 0 if the service has no titles. Apprise then puts the title above
            the body, within the body's limit.
        body_limit: maximum characters of the body.
        markdown: the service shows all text as Markdown.
    """
    taken = (lambda text: plain_in_markdown(take_apart(text))) if markdown else take_apart
    title = taken(
        mend(message.title, min(title_limit, MAX_TITLE_CHARACTERS) if title_limit > 0 else MAX_TITLE_CHARACTERS)
    )
    room = min(MAX_BODY_CHARACTERS, body_limit - (len(title) * 2 + 8 if title_limit <= 0 else 0))
    if title_limit > 0:
        title = title[:title_limit]
    lines: list[str] = []
    for line in message.lines:
        shown = taken(line)
        cost = (
            len(shown) * 2 + 1 if body_limit < MAX_BODY_CHARACTERS else len(shown) + 1
        )  # room for Apprise's own escaping
        if cost > room:
            lines.append("…")
            break
        room -= cost
        lines.append(shown)
    return title, "\n".join(lines) or title


def plain_in_markdown(text: str) -> str:
    """Return text with its Markdown characters escaped; addresses stay links."""
    return _MARKS.sub(lambda found: found[0] if found[0].startswith("http") else _escaped(found[0]), text)


def _escaped(sign: str) -> str:
    return f"{sign}\\" if sign.isdigit() else f"\\{sign}"


def _restrict_mentions(service: NotifyDiscord) -> None:
    """Send Discord's ``allowed_mentions`` with every message, so that only the ``?ping=`` targets are mentioned.

    https://discord.com/developers/docs/resources/message#allowed-mentions-object. Apprise 2.2 has no setting for it: it
    sends ``allow_mentions``, which Discord does not read.
    """
    targets = service.ping_payload(" ".join(service.ping)).get("allow_mentions", {"parse": []})
    send = service._send

    def send_without_mentions(payload: dict[str, Any], *args: Any, **options: Any) -> Any:
        return send({**payload, "allowed_mentions": targets}, *args, **options)

    service._send = send_without_mentions  # type: ignore[method-assign]


def open_channel(
    name: str, settings: Settings, policy: AddressPolicy, api: str, context: MessageContext
) -> AppriseChannel:
    """Return the channel. ``policy`` applies to the connections that Apprise opens too."""
    return AppriseChannel(name, settings, policy, context)
