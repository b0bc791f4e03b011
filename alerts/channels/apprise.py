"""Any service that Apprise knows, by its URL: mail, Slack, Teams, Telegram, Discord, ntfy and a hundred more.

Apprise escapes plain text for services that it sends HTML or Markdown to, Slack and Telegram among them. What is done
here is the rest: text is fitted to the service's limits, chat mentions and masked links are taken apart, and the signs
of Markdown are escaped for those that read it in whatever they are sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat
from apprise.common import PersistentStoreMode
from apprise.plugins.discord import NotifyDiscord
from pydantic import AfterValidator, SecretStr

from alerts.address_guard import guarding
from alerts.chat_escaping import take_apart
from alerts.digest import compose_digest
from alerts.message import Message, compose, mend, read_event
from alerts.outcomes import Later, Outcome, OutgoingAlert, Refused, Sent
from alerts.redaction import redactor_of
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy

TIMEOUT = timedelta(seconds=30)
BODY_KEPT = 6_000  # characters, where a service would take more: an alert is no archive
TITLE_KEPT = 250
ANSWER_READ = 20_000  # characters of what Apprise logged

READ_MARKDOWN = frozenset(
    {"discord", "fluxer", "fluxers", "guilded", "humhub", "humhubs", "misskey", "misskeys", "mmost", "mmosts", "nctalk",
     "nctalks", "revolt", "ryver", "zulip"}
)  # fmt: skip
"""Schemas of services that Apprise sends plain text as it is, and that show it as Markdown."""
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
def _without_its_log() -> Iterator[None]:
    # What Apprise logs of a URL that it does not take holds the URL, and with it the secret.
    logger = logging.getLogger("apprise")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _service(url: str) -> NotifyBase:
    """Return Apprise's service for a URL; the ``ValueError`` for one that it does not take shows none of it."""
    with _without_its_log():
        service = Apprise.instantiate(url, asset=_asset())
    if service is None:
        scheme, given, _ = url.partition("://")
        named = f"Apprise takes no such {mend(scheme, 20)}:// URL" if given else "is no URL"
        raise ValueError(f"{named}; the ways to write it: https://appriseit.com/services/")
    return service


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "apprise"``."""

    type: Literal["apprise"]
    url: Annotated[SecretStr, AfterValidator(_check_url)]
    """Any Apprise URL; it mostly holds a secret, and is shown nowhere."""


class AppriseChannel:
    """Sends each alert, or a digest of several, as a message for people."""

    concurrency = 2
    timeout = TIMEOUT + timedelta(seconds=5)

    def __init__(self, name: str, settings: Settings, policy: AddressPolicy) -> None:
        self.name = name
        self.settings = settings
        self._policy = policy
        self._redactor = redactor_of(settings)
        self._service = _service(settings.url.get_secret_value())
        if isinstance(self._service, NotifyDiscord):
            _mention_nobody_else(self._service)
        schemas: set[str] = self._service.schemas()  # type: ignore[no-untyped-call]
        self._markdown = not READ_MARKDOWN.isdisjoint(schemas)
        self._apprise = Apprise(asset=_asset())
        self._apprise.add(self._service)

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Send one alert."""
        return await self._notify(compose(read_event(alert.event)))

    async def send_digest(self, alerts: Sequence[OutgoingAlert]) -> Outcome:
        """Send several alerts as one message."""
        return await self._notify(compose_digest([read_event(alert.event) for alert in alerts]))

    async def _notify(self, message: Message) -> Outcome:
        title, body = fit(
            message,
            title_limit=int(self._service.title_maxlen),
            body_limit=int(self._service.body_maxlen),
            markdown=self._markdown,
        )
        # Apprise works in threads of its own; it stops by the service's timeout, which is shorter than ours.
        with guarding(self._policy) as dialled:
            result: Any = await self._apprise.async_notify(
                title=title, body=body, body_format=NotifyFormat.TEXT, log_level="WARNING"
            )
        service = str(self._service.service_name)
        if result:
            return Sent(service)
        if dialled.only_blocked:
            blocked = ", ".join(dict.fromkeys(dialled.blocked))
            return Refused(
                f"{service}: its address is {blocked}, which is not a public address; "
                "allow it with [polling] private_addresses if it is meant"
            )
        said = [entry.message for one in result for attempt in one for entry in attempt]
        words = mend(self._redactor.clean(mend(" ".join(said), ANSWER_READ)), 300)
        return Later(f"{service}: {words or 'it did not take the message'}")

    async def aclose(self) -> None:
        """Apprise keeps no connection."""


def fit(message: Message, *, title_limit: int, body_limit: int, markdown: bool = False) -> tuple[str, str]:
    """Return title and body as a service can take them: what matters least is cut, the headline and link stay.

    ``title_limit`` of 0: the service has no titles, and Apprise puts it over the body, within the body's limit.
    ``markdown``: the service shows what it is sent as Markdown.
    """
    taken = (lambda text: plain_in_markdown(take_apart(text))) if markdown else take_apart
    title = taken(mend(message.title, min(title_limit, TITLE_KEPT) if title_limit > 0 else TITLE_KEPT))
    room = min(BODY_KEPT, body_limit - (len(title) * 2 + 8 if title_limit <= 0 else 0))
    if title_limit > 0:
        title = title[:title_limit]
    lines: list[str] = []
    for line in message.lines:
        shown = taken(line)
        cost = len(shown) * 2 + 1 if body_limit < BODY_KEPT else len(shown) + 1  # room for Apprise's own escaping
        if cost > room:
            lines.append("…")
            break
        room -= cost
        lines.append(shown)
    return title, "\n".join(lines) or title


def plain_in_markdown(text: str) -> str:
    """Return text whose signs of Markdown are letters and no more; addresses stay links."""
    return _MARKS.sub(lambda found: found[0] if found[0].startswith("http") else _escaped(found[0]), text)


def _escaped(sign: str) -> str:
    return f"{sign}\\" if sign.isdigit() else f"\\{sign}"


def _mention_nobody_else(service: NotifyDiscord) -> None:
    """Send Discord's ``allowed_mentions`` with every message: the operator's ``?ping=`` targets, and no others.

    https://discord.com/developers/docs/resources/message#allowed-mentions-object. Apprise 2.2 has no setting for it: it
    sends ``allow_mentions``, which Discord does not know.
    """
    targets = service.ping_payload(" ".join(service.ping)).get("allow_mentions", {"parse": []})
    send = service._send

    def send_without_mentions(payload: dict[str, Any], *args: Any, **options: Any) -> Any:
        return send({**payload, "allowed_mentions": targets}, *args, **options)

    service._send = send_without_mentions  # type: ignore[method-assign]


def open_channel(name: str, settings: Settings, policy: AddressPolicy, api: str) -> AppriseChannel:
    """Return the channel. Apprise makes its own connections; they are guarded all the same."""
    return AppriseChannel(name, settings, policy)
