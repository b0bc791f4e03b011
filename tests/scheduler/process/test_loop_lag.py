"""How late the event loop is, as numbers for metrics."""

from __future__ import annotations

import asyncio
import time

from scheduler.process.loop_lag import PERIOD_SECONDS, LoopLagMonitor


async def test_a_loop_that_is_held_up_is_measured(until):
    monitor, seen = LoopLagMonitor(), []
    running = asyncio.create_task(monitor.run(seen.append))
    await until(lambda: len(seen) > 1)
    time.sleep(5 * PERIOD_SECONDS)  # noqa: ASYNC251 (holds up the loop, which is what is measured)
    await until(lambda: monitor.longest > 3 * PERIOD_SECONDS)
    running.cancel()

    assert max(seen) == monitor.longest
    assert monitor.total >= monitor.longest


def test_without_a_measurement_there_is_no_lag():
    assert LoopLagMonitor().percentile(0.99) == 0


def test_percentiles_are_bounds_that_hold():
    monitor = LoopLagMonitor()
    for _ in range(98):
        monitor.record(0.0005)
    for _ in range(2):
        monitor.record(0.03)

    assert monitor.percentile(0.5) == 0.001
    assert monitor.percentile(0.99) == 0.03
    assert monitor.percentile(1) == monitor.longest == 0.03


def test_a_long_lag_counts_for_all_that_waited_meanwhile():
    monitor = LoopLagMonitor()
    for _ in range(10):
        monitor.record(0.0)
    monitor.record(200.0)

    assert monitor.percentile(0.5) == 200.0
