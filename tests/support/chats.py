"""Chats and mail on loopback: what Slack, Discord, Telegram, Mattermost, a JSON receiver and a mailbox are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram


@dataclass(slots=True, kw_only=True)
class Chats:
    """Every service, listening; ``url("slack")`` is the Apprise URL to it."""

    port: int = 0
    mail_port: int = 0
    answer: tuple[int, str] = (200, '{"ok": true}')
    posts: list[dict[str, Any]] = field(default_factory=list)
    """The JSON of every post, in order."""
    letters: list[EmailMessage] = field(default_factory=list)

    def url(self, service: str) -> str:
        """Return the Apprise URL of a service; its secrets are of the lengths that the service gives out."""
        here = f"127.0.0.1:{self.port}"
        return {
            "mail": f"mailto://127.0.0.1:{self.mail_port}?from=wirewatch@desk.example&to=all@desk.example&mode=insecure",
            "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#desk",
            "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
            "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
            "mattermost": f"mmost://{here}/3ccdd113474722377935511fc85d3dd4",
            "json": f"json://{here}/hook",
        }[service]

    def shown(self, service: str) -> str:
        """Return the last message as its reader sees its source: title and text as the service got them."""
        if service == "mail":
            letter = self.letters[-1]
            body = letter.get_body(("plain", "html"))
            return f"{letter['Subject']}\n{body.get_content() if body else ''}"
        post = self.posts[-1]
        if service == "slack":
            return f"{post['attachments'][0]['title']}\n{post['attachments'][0]['text']}"
        if service == "json":
            return f"{post['title']}\n{post['message']}"
        return str(post["content" if service == "discord" else "text"])

    async def _take(self, request: web.Request) -> web.Response:
        self.posts.append(await request.json())
        status, text = self.answer
        return web.Response(status=status, text=text if request.path.startswith("/bot") or status != 200 else "ok")

    async def _mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak as much SMTP as a client needs to leave a message."""
        writer.write(b"220 loopback ready\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                letter = await reader.readuntil(b"\r\n.\r\n")
                self.letters.append(message_from_bytes(letter[:-3], policy=policy.default))
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
        writer.close()


@asynccontextmanager
async def serve_chats(patch: Any) -> AsyncIterator[Chats]:
    """Serve them until the block ends; ``patch`` is pytest's monkeypatch: three services have one address for all."""
    chats = Chats()
    application = web.Application()
    application.router.add_post("/{path:.*}", chats._take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    chats.port = runner.addresses[0][1]
    patch.setattr(NotifySlack, "webhook_url", f"http://127.0.0.1:{chats.port}/services")
    patch.setattr(NotifyDiscord, "notify_url", f"http://127.0.0.1:{chats.port}/api/webhooks")
    patch.setattr(NotifyTelegram, "notify_url", f"http://127.0.0.1:{chats.port}/bot")
    mail = await asyncio.start_server(chats._mail, "127.0.0.1", 0)
    chats.mail_port = mail.sockets[0].getsockname()[1]
    try:
        async with mail:
            yield chats
    finally:
        await runner.cleanup()
