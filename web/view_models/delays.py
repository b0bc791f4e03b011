"""How long a release takes, from the time printed on it to the alert: percentiles of each stretch; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from stories.model.timestamps import parse_timestamp
from stories.store.receipts import Receipt
from web.view_models.weekly_stats import LATEST

PERCENTILES = (50, 90, 99)
WIDE = 100.0  # of the picture; logarithmic, from a second to a day


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayStage:
    """One stretch of the way, with how long it takes."""

    words: str
    counted: int
    percentiles: Sequence[float]
    """Seconds, for each of ``PERCENTILES``."""

    @property
    def times(self) -> list[str]:
        """The percentiles in words."""
        return [format_seconds(seconds) for seconds in self.percentiles]

    @property
    def bars(self) -> list[float]:
        """How long the bar of each percentile is, of ``WIDE``."""
        return [round(WIDE * min(1.0, math.log1p(one) / math.log1p(LATEST)), 1) for one in self.percentiles]


def format_seconds(seconds: float) -> str:
    """Return a time in words: ``3.2 s``, ``12 min``, ``5 h``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def delay_stage(words: str, seconds: Iterable[float]) -> DelayStage | None:
    """Return a stretch with its percentiles (nearest rank); None where nothing was measured."""
    known = sorted(seconds)
    if not known:
        return None
    ranks = [known[max(0, math.ceil(len(known) * one / 100) - 1)] for one in PERCENTILES]
    return DelayStage(words=words, counted=len(known), percentiles=ranks)


def delay_stages(receipts: Iterable[Receipt], told: Mapping[str, bytes], source: str) -> list[DelayStage]:
    """Return the stretches of the way of a source's alerts: printed, listed, read, alerted."""
    listed, read, alerted = [], [], []
    for receipt in receipts:
        payload = told.get(receipt.event)
        release = msgspec.json.decode(payload)["data"].get("release") if payload is not None else None
        if release is None or release["source"] != source or receipt.listed is None:
            continue
        printed = parse_timestamp(release["published_at"])
        if printed is not None:
            listed.append((receipt.listed - printed).total_seconds())
        read.append((receipt.created - receipt.listed).total_seconds())
        if receipt.state == "sent" and receipt.settled is not None:
            alerted.append((receipt.settled - receipt.created).total_seconds())
    found = (
        delay_stage(words, [one for one in seconds if 0 <= one <= LATEST])
        for words, seconds in (("printed → listed", listed), ("listed → read", read), ("read → alerted", alerted))
    )
    return [one for one in found if one is not None]
