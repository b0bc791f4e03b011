"""``/api/v1/alerts``: receipts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from stories.moments import timestamp
from web.api.shapes import AlertsShape, answer
from web.views import AlertFilter, AlertState, views

router = APIRouter(tags=["alerts"])


def alert_payload(receipt: dict[str, Any]) -> dict[str, Any]:
    """Return a receipt with its moments as text."""
    return {name: timestamp(value) if isinstance(value, datetime) else value for name, value in receipt.items()}


@router.get("/alerts", summary="What became of the newest alerts", response_model=AlertsShape)
async def list_alerts(
    request: Request,
    channel: Annotated[str | None, Query(max_length=64)] = None,
    state: Annotated[AlertState | None, Query(description="`waiting` is `pending` and `leased`")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return the newest alerts, newest first."""
    receipts = await views(request).alerts(AlertFilter(channel=channel, state=state, limit=limit))
    return answer({"alerts": [alert_payload(receipt) for receipt in receipts]})
