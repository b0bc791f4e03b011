"""A removed page is a withdrawal only once that is confirmed, and an outage of its site is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.removal_policy import (
    INDIRECT_CONFIRMATION,
    OUTAGE_PAGES,
    REMOVAL_CONFIRMATION,
    UNSUPPORTED_CONFIRMATION,
    Outage,
    RemovalHistory,
    Wait,
    Withdraw,
    confirm_removal,
)
from stories.model.page_result import Gone

SINCE = datetime(2026, 3, 10, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def history(reason: Gone = "not found", **fields: object) -> RemovalHistory:
    return RemovalHistory(reason=reason, since=SINCE, **fields)  # type: ignore[arg-type]


def test_a_page_that_was_just_removed_is_read_again_before_it_is_reported() -> None:
    assert confirm_removal(history(), SINCE) == Wait(until=SINCE + REMOVAL_CONFIRMATION)


@pytest.mark.parametrize(
    ("reason", "confirmation"),
    [
        ("not found", REMOVAL_CONFIRMATION),
        ("gone", REMOVAL_CONFIRMATION),
        ("emptied", INDIRECT_CONFIRMATION),
        ("moved to the front page", INDIRECT_CONFIRMATION),
        ("moved to another release", INDIRECT_CONFIRMATION),
    ],
)
def test_a_removal_that_the_status_does_not_state_takes_longer_to_confirm(
    reason: Gone, confirmation: timedelta
) -> None:
    assert isinstance(confirm_removal(history(reason), SINCE + confirmation - MINUTE), Wait)
    assert confirm_removal(history(reason), SINCE + confirmation) == Withdraw(
        reason=f"{reason}, seen twice, {confirmation.seconds} s apart", retry_after=confirmation
    )


def test_a_short_revisit_schedule_shortens_the_wait() -> None:
    ladder = ((timedelta(seconds=30), timedelta(hours=3)),)
    assert isinstance(confirm_removal(history(ladder=ladder), SINCE + timedelta(seconds=29)), Wait)
    assert isinstance(confirm_removal(history(ladder=ladder), SINCE + timedelta(seconds=30)), Withdraw)
    assert isinstance(confirm_removal(history("emptied", ladder=ladder), SINCE + MINUTE), Withdraw)


def test_while_no_other_page_shows_that_the_site_is_up_others_are_read_and_the_wait_is_longer() -> None:
    alone = history(is_site_up=False, removed_alike=2, other_pages=("rel_a", "rel_b", "rel_c"))
    waiting = confirm_removal(alone, SINCE + REMOVAL_CONFIRMATION)
    assert waiting == Wait(until=SINCE + 2 * REMOVAL_CONFIRMATION, probes=("rel_a", "rel_b"))
    confirmed = confirm_removal(alone, SINCE + UNSUPPORTED_CONFIRMATION)
    assert isinstance(confirmed, Withdraw)
    assert confirmed.retry_after == UNSUPPORTED_CONFIRMATION


@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=10), timedelta(days=2)])
def test_many_pages_that_disappear_in_the_same_way_are_an_outage_however_long_it_lasts(after: timedelta) -> None:
    assert confirm_removal(history(is_site_up=False, removed_alike=OUTAGE_PAGES), SINCE + after) == Outage()


def test_many_removed_pages_of_a_site_that_is_up_are_withdrawals() -> None:
    removed = history(removed_alike=3 * OUTAGE_PAGES)
    assert isinstance(confirm_removal(removed, SINCE + REMOVAL_CONFIRMATION), Withdraw)


def test_a_page_is_never_scheduled_after_its_removal_is_confirmed() -> None:
    alone = history(is_site_up=False)
    for minutes in range(int(UNSUPPORTED_CONFIRMATION / MINUTE)):
        waiting = confirm_removal(alone, SINCE + minutes * MINUTE)
        assert isinstance(waiting, Wait)
        assert waiting.until <= SINCE + UNSUPPORTED_CONFIRMATION
