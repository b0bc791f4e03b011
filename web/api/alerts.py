"""``/api/v1/alerts``: receipts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from stories.model.timestamps import timestamp
from stories.store.receipts import ChannelCounts, Receipt
from web.api.releases import parse_since
from web.api.shapes import NOT_MODIFIED, AlertsShape, conditional_answer
from web.dependencies import AlertFilter, AlertState, dependencies_of
from web.problems import UnusableInputError

router = APIRouter(tags=["alerts"])


def alert_payload(receipt: Receipt | ChannelCounts) -> dict[str, Any]:
    """Return a receipt, or the counts of a channel, as JSON fields with times in ISO 8601."""
    return {name: timestamp(value) if isinstance(value, datetime) else value for name, value in asdict(receipt).items()}


@router.get("/alerts", summary="The newest alerts and their states", response_model=AlertsShape, responses=NOT_MODIFIED)
async def list_alerts(
    request: Request,
    channel: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[AlertState | None, Query(description="`waiting` is `pending` and `leased`")] = None,
    watch: Annotated[
        str | None, Query(description="The name of a watch that the alert's event names", max_length=64)
    ] = None,
    since: Annotated[
        str | None,
        Query(
            description="Created since (given up since, for `failed`): `7d`, `48h`, or an ISO 8601 time", max_length=40
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return the newest alerts, newest first, and the state of each channel."""
    dependencies = dependencies_of(request)
    try:
        moment = parse_since(since, dependencies.now())
    except ValueError as error:
        raise UnusableInputError("query.since", f"{error}, or an ISO 8601 date or time") from error
    receipts = await dependencies.alerts(
        AlertFilter(channel=channel, state=state, watch=watch, since=moment, limit=limit)
    )
    return conditional_answer(
        request,
        {
            "alerts": [alert_payload(receipt) for receipt in receipts],
            "channels": [alert_payload(counts) for counts in await dependencies.channels()],
        },
    )
