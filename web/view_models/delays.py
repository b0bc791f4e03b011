"""Delays of a source's releases, from the printed time to the alert: percentiles of each stage. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from stories.model.timestamps import parse_timestamp
from stories.store.receipts import Receipt
from web.view_models.weekly_stats import MAX_DELAY_SECONDS

PERCENTILES = (50, 90, 99)
CHART_WIDTH = 100.0  # logarithmic, from a second to a day


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayStage:
    """One stage from publication to alert, with its delays."""

    words: str
    counted: int
    percentiles: Sequence[float]
    """Seconds, for each of ``PERCENTILES``."""

    @property
    def times(self) -> list[str]:
        """The percentiles as text."""
        return [format_seconds(seconds) for seconds in self.percentiles]

    @property
    def bars(self) -> list[float]:
        """The length of each percentile's bar, at most ``CHART_WIDTH``."""
        return [
            round(CHART_WIDTH * min(1.0, math.log1p(seconds) / math.log1p(MAX_DELAY_SECONDS)), 1)
            for seconds in self.percentiles
        ]


def format_seconds(seconds: float) -> str:
    """Return a duration as text: ``3.2 s``, ``12 min``, ``5 h``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def delay_stage(words: str, seconds: Iterable[float]) -> DelayStage | None:
    """Return a stage with its percentiles (nearest rank); None without measurements."""
    known = sorted(seconds)
    if not known:
        return None
    ranks = [known[max(0, math.ceil(len(known) * percentile / 100) - 1)] for percentile in PERCENTILES]
    return DelayStage(words=words, counted=len(known), percentiles=ranks)


def delay_stages(receipts: Iterable[Receipt], payloads: Mapping[str, bytes], source: str) -> list[DelayStage]:
    """Return the stages of a source's alerts: printed to listed, listed to read, read to alerted."""
    listed, read, alerted = [], [], []
    for receipt in receipts:
        payload = payloads.get(receipt.event)
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
        delay_stage(words, [second for second in seconds if 0 <= second <= MAX_DELAY_SECONDS])
        for words, seconds in (("printed → listed", listed), ("listed → read", read), ("read → alerted", alerted))
    )
    return [stage for stage in found if stage is not None]
