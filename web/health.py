"""Probes and metrics: ``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel, Field
from redis.exceptions import RedisError, ResponseError
from starlette.responses import Response

from stories.db import keys
from stories.model.timestamps import timestamp
from web.dependencies import Dependencies, dependencies_of

MAX_TICK_AGE = timedelta(minutes=2)
REDIS_TIMEOUT_SECONDS = 2.0  # shorter than the timeout of usual probes

router = APIRouter(tags=["operation"])


class Check(BaseModel):
    """One condition of readiness."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether wirewatch is ready, and which conditions are not met."""

    ready: bool
    checks: dict[str, Check] = Field(
        description="`redis` answers, the `clock` ticked in the last two minutes, this process has the `lease` (a "
        "standby does not), the `canary` (a listing and a page of wirewatch's own) was read, none of the `parts` waits "
        "for a restart, the Redis user has all `permissions`"
    )
    channels_off: dict[str, str] = Field(
        description="Channels that are switched off, with the reason; they do not affect readiness"
    )


def clock_check(ticked: datetime | None, now: datetime) -> dict[str, Any]:
    """Return whether the clock ticked recently."""
    if ticked is None:
        return {"ok": False, "detail": "has not ticked yet"}
    age = (now - ticked).total_seconds()
    return {"ok": now - ticked <= MAX_TICK_AGE, "detail": f"ticked {age:.0f} s ago, at {timestamp(ticked)}"}


async def readiness(dependencies: Dependencies) -> dict[str, Any]:
    """Return the answer of ``/readyz``."""
    clock: dict[str, Any] = {"ok": False, "detail": "unknown, because Redis does not answer"}
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            await dependencies.redis.ping()
            await dependencies.redis.set(keys.write_probe().name, b"", ex=keys.write_probe().seconds)
            clock = clock_check(await dependencies.stores.clock_ticks.last(), dependencies.now())
            if (warning := dependencies.clock_warning()) is not None:
                clock["detail"] += f"; {warning}"
    except (RedisError, OSError, TimeoutError) as error:
        redis = {"ok": False, "detail": _reason(error)}
    else:
        redis = {"ok": True, "detail": "answers and takes writes"}
    off = await _channels_off(dependencies) if redis["ok"] else {}
    checks = {"redis": redis, "clock": clock, **await dependencies.checks()}
    return {"ready": all(check["ok"] for check in checks.values()), "checks": checks, "channels_off": off}


def _reason(error: Exception) -> str:
    """Return why Redis is not usable: it does not answer, or it refuses writes."""
    if isinstance(error, ResponseError):  # full (OOM), MISCONF, a replica, no permission
        return f"refuses writes: {str(error)[:200]}"
    return f"does not answer ({type(error).__name__})"


async def _channels_off(dependencies: Dependencies) -> dict[str, str]:
    """Return the channels that are off; empty if Redis takes longer than a probe waits."""
    try:
        async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
            return {counts.channel: counts.off for counts in await dependencies.channels() if counts.off}
    except (RedisError, OSError, TimeoutError):
        return {}


@router.get(
    "/healthz", summary="The process is alive", responses={200: {"content": {"text/plain": {"example": "ok\n"}}}}
)
async def healthz() -> Response:
    """Answer 200 as long as the process is alive. Needs no token."""
    return Response("ok\n", media_type="text/plain")


@router.get(
    "/readyz", summary="Redis answers and the clock ticks", response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not ready; `checks` has the conditions that are not met"}},
)  # fmt: skip
async def readyz(request: Request) -> Response:
    """Answer 200 if all conditions are met, else 503 with the conditions that are not. A standby answers 503."""
    found = await readiness(dependencies_of(request))
    return Response(
        msgspec.json.encode(found), status_code=200 if found["ready"] else 503, media_type="application/json"
    )


@router.get("/metrics", summary="Metrics for Prometheus", responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus's text format, or in OpenMetrics format if `Accept` requests it."""
    dependencies = dependencies_of(request)
    await dependencies.measure((await readiness(dependencies))["checks"])
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(dependencies.metrics), headers={"Content-Type": kind})
