"""``wirewatch backup`` and ``wirewatch restore``: the data of the embedded Redis in one file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from redis.asyncio import Redis

from config.settings import Settings
from scheduler.cli.context import CommandError, with_app_context
from scheduler.cli.output import examples
from scheduler.wiring import AppContext, now
from stories.crawl_state.claims import listing_key
from stories.db import keys
from stories.db.connection import connect
from stories.db.embedded_server import EmbeddedServer, EmbeddedServerError
from stories.db.fencing import raise_term
from stories.runtime.file_locks import is_held
from stories.store.backup import COPY, BackupDescription, BackupError, back_up, read_description, unpack_copy

ELSEWHERE = (
    "redis_url is set: back up that Redis with its own tools, such as redis-cli -u URL --rdb FILE; "
    "docs/operations.md describes backup and restore"
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch backup /backup/wirewatch-$(date +%F).tar"))(backup)
    app.command(epilog=examples("wirewatch restore /backup/wirewatch-2026-03-10.tar"))(restore)


def backup(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]
) -> None:
    """Write all stored data to one file; the daemon may run meanwhile."""
    settings: Settings = context.obj.settings
    if settings.redis_url is not None:
        raise CommandError(ELSEWHERE)
    if file.exists():
        raise CommandError(f"{file} exists already; give another name, or move the file away")

    async def work(app: AppContext) -> BackupDescription:
        assert app.server is not None  # noqa: S101 (there is no redis_url)
        return await back_up(app.redis, app.server.folder, file, now())

    try:
        made = with_app_context(settings, work)
    except (BackupError, OSError) as error:
        raise CommandError(f"no backup was made: {error}") from error
    typer.echo(f"{file}: {made.releases} release(s), {made.size} bytes, of {made.made_at}")


def restore(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="A file that wirewatch backup wrote.")]
) -> None:
    """Restore a backup into an empty data_dir; the next polls read every listing completely."""
    settings: Settings = context.obj.settings
    if settings.redis_url is not None:
        raise CommandError(ELSEWHERE)
    try:
        made = read_description(file)
        folder = EmbeddedServer(settings.data_dir).folder
        _refuse_unless_empty(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unpack_copy(file, folder)
    except (BackupError, OSError) as error:
        raise CommandError(f"nothing was restored: {error}") from error
    found = asyncio.run(_settle(settings, folder, made))
    typer.echo(f"{settings.data_dir}: {found} release(s), as of {made.made_at}; polls find newer ones again")


def _refuse_unless_empty(folder: Path) -> None:
    if (folder / "owner.lock").exists() and is_held(folder / "owner.lock"):
        raise BackupError(f"a wirewatch process uses {folder}; stop it, and move that folder away")
    if (folder / COPY).exists() or (folder / "appendonlydir").exists():
        raise BackupError(f"{folder} contains data already; move it away first: mv {folder} {folder}.before")


async def _settle(settings: Settings, folder: Path, made: BackupDescription) -> int:
    """Let the server load the copy, and return the number of releases in it."""
    from crawler.polling.polls import all_listings
    from scheduler.leader.rollback_recovery import drop_validators

    server = EmbeddedServer(settings.data_dir)
    try:
        await server.start()
    except EmbeddedServerError as error:
        (folder / COPY).unlink(missing_ok=True)  # this command wrote it
        raise CommandError(f"nothing was restored: the backup was made by {made.server}, and here {error}") from error
    try:
        async with connect(server.url) as redis:
            await _begin_anew(redis)
            await drop_validators(
                redis, [listing_key(listing.source, listing.url) for listing in all_listings(settings)]
            )
            return int(await redis.zcard(keys.releases().name))
    finally:
        await server.stop()


async def _begin_anew(redis: Redis) -> None:
    # The copy contains the lease of the daemon that ran at that time.
    await redis.delete(keys.leader_lease().name)
    await raise_term(redis)  # leaders after the copy had higher terms than the copy contains
    await redis.hincrby(keys.epoch().name, "epoch", 1)
