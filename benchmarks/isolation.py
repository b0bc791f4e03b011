"""Measures whether bad sources delay good ones: good sites alone, then with 1, 3 and more bad ones.

    .venv/bin/python benchmarks/isolation.py                       # 8 good sites with 0, 1, 3, 8 and 13 bad ones
    .venv/bin/python benchmarks/isolation.py --bad 13 --kill 9     # the daemon killed every 9 s
    .venv/bin/python benchmarks/isolation.py scale --hosts 300     # a first start with 300 ordinary hosts

Each row is one ``wirewatch run`` with an empty Redis. Measured are recall, false alerts, delay from the listing that
named a release to the webhook, intervals between polls, memory of all processes, log errors. At the end the bad sites
are repaired, and each must be alerted within a minute. Exit status 1 if a guarantee is broken. Loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

import aiohttp  # noqa: E402
from daemon import Daemon, running  # noqa: E402
from isolation_sites import BadSite, GoodSite, bad_sites, by_prefix, gaps, good_sites  # noqa: E402
from receiver import SECRET, Receiver, serve_receiver  # noqa: E402

INTERVAL, SCALE_INTERVAL = 2.0, 15.0  # seconds between two polls of a listing; the same with hundreds of hosts
START_SETTLE_SECONDS = 6.0  # seconds
OLD_RELEASES = 3  # releases of a good site before the daemon starts
SETTLE_SECONDS = 15.0  # seconds after the last release until what was not alerted counts as missed
RECOVERY_SECONDS = 60.0  # seconds after which a mended site must have been alerted
SCALE_DELAY = 2.0  # seconds from listing to alert, p95, with hundreds of hosts at a first start
DELAY_RATIO, GAP_RATIO, MEMORY_MB = 1.5, 1.2, 500.0


@dataclass(slots=True, kw_only=True)
class Row:
    """What one run showed."""

    bad: int
    figures: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def configuration(
    interval: float, good: list[GoodSite], bad: list[BadSite], receiver: Receiver, folder: Path, first: str
) -> dict[str, Any]:
    """Return what the daemon runs with."""
    names = [site.name for site in good]
    sources = {site.name: {"listings": [{"url": f"{site.base}/rss.xml"}]} for site in good}
    sources |= {site.name: {"listings": [{"url": f"{site.base}/news"}]} for site in bad}
    return {
        "catalog": False,
        "data_dir": str(folder / "data"),
        "web": {"port": 0},
        "polling": {
            "interval": f"{interval:g}s", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"],
        },
        "alerts": {"first_poll": first, "max_age": "off"},
        "watches": {"good": {"sources": names, "channels": ["intake"]}, "bad": {"channels": ["intake"]}},
        "channels": {"intake": {"type": "webhook", "url": receiver.url, "secret": SECRET}},
        "sources": sources,
    }  # fmt: skip


async def measure(good: list[GoodSite], bad: list[BadSite], options: argparse.Namespace) -> Row:
    """Run the daemon with the sites, publish, and compare."""
    row = Row(bad=len(bad))
    folder = Path(tempfile.mkdtemp(prefix="ww-isolation-"))
    for site in (*good, *bad):
        await site.start()
    memory: list[float] = []
    try:
        async with serve_receiver() as receiver:
            table = configuration(options.interval, good, bad, receiver, folder, "seed")
            if options.kill:
                await _run_killed(table, folder, good, receiver, options)
            else:
                async with running(table, folder) as daemon:
                    await _ready(daemon)
                    watching = asyncio.create_task(_watch_memory(daemon.process.pid, memory))
                    since = await _publish(good, options)
                    await asyncio.sleep(SETTLE_SECONDS)
                    row.figures |= await _metrics(daemon)
                    _judge_polls(row, good, since)
                    await _judge_recovery(row, bad, receiver)
                    watching.cancel()
                    began = time.monotonic()
                    status = await daemon.stop()
                    row.figures["stop_s"] = time.monotonic() - began
                    if status:
                        row.broken.append(f"exit status {status}")
            _judge_alerts(row, good, receiver)
            _judge_log(row, folder / "daemon.log")
            if memory:
                row.figures["rss_mb"] = max(memory)
    finally:
        for site in (*good, *bad):
            await site.stop()
        if options.keep:
            print(f"  kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return row


async def _ready(daemon: Daemon) -> None:
    await daemon.ready(lambda: re.search(r"http://127.0.0.1:\d+/", daemon.log.read_text(errors="replace")))
    await asyncio.sleep(START_SETTLE_SECONDS)


async def _publish(good: list[GoodSite], options: argparse.Namespace) -> float:
    """Publish a release somewhere every few moments; return when that began."""
    began, number = time.monotonic(), 1000
    while time.monotonic() < began + options.seconds:
        good[number % len(good)].publish(number)
        number += 1
        await asyncio.sleep(options.seconds / (options.releases * len(good)))
    return began


async def _run_killed(
    table: dict[str, Any], folder: Path, good: list[GoodSite], receiver: Receiver, options: argparse.Namespace
) -> None:
    """Kill the daemon every so often while releases appear, and let it come to its end."""
    publishing: asyncio.Task[float] | None = None
    while publishing is None or not publishing.done():
        async with running(table, folder) as daemon:
            await _ready(daemon)
            publishing = publishing or asyncio.create_task(_publish(good, options))
            await asyncio.wait([publishing], timeout=options.kill)
            if not publishing.done():
                daemon.process.send_signal(signal.SIGKILL)
                await daemon.process.wait()
    async with running(table, folder) as daemon:
        await _ready(daemon)
        for _ in range(60):
            await asyncio.sleep(1)
            if not _missed(good, receiver):
                break


def _alerted(receiver: Receiver) -> dict[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {}
    for delivery in receiver.accepted:
        if delivery.type == "release.new":
            release = delivery.json["data"]["release"]
            found.setdefault(release["url"], []).append((delivery.at, str(delivery.id)))
    return found


def _missed(good: list[GoodSite], receiver: Receiver) -> list[str]:
    alerted = _alerted(receiver)
    return [url for site in good for url, at in site.published.items() if at and url not in alerted]


def _judge_alerts(row: Row, good: list[GoodSite], receiver: Receiver) -> None:
    alerted = _alerted(receiver)
    offset = time.time() - time.monotonic()
    due = [url for site in good for url, at in site.published.items() if at]
    missed = _missed(good, receiver)
    delays = sorted(
        alerted[url][0][0] - offset - site.listed[url]
        for site in good
        for url, at in site.published.items()
        if at and url in alerted and url in site.listed
    )
    row.figures["recall"] = 1 - len(missed) / len(due)
    row.figures["false"] = sum(url.startswith("http://127.3.1.") and url not in due for url in alerted)
    row.figures["two_ids"] = sum(len({event for _, event in events}) > 1 for events in alerted.values())
    row.figures["repeats"] = sum(len(events) - 1 for events in alerted.values())
    if delays:
        row.figures["delay_p50"] = statistics.median(delays)
        row.figures["delay_p95"] = delays[int(0.95 * (len(delays) - 1))]
        row.figures["delay_max"] = delays[-1]
    if missed:
        row.broken.append(f"{len(missed)} of {len(due)} releases not alerted, {missed[0]} for one")
    if row.figures["false"] or row.figures["two_ids"]:
        row.broken.append("false alerts, or one release under two ids")


def _judge_polls(row: Row, good: list[GoodSite], since: float) -> None:
    found = sorted(gap for site in good for gap in gaps([at for at in site.polls if at >= since]))
    if found:
        row.figures["gap_p95"] = found[int(0.95 * (len(found) - 1))]
        row.figures["gap_max"] = found[-1]


async def _judge_recovery(row: Row, bad: list[BadSite], receiver: Receiver) -> None:
    """Mend the bad sites; each must be alerted within a minute, though it was over its budget."""
    began = time.monotonic()
    for site in bad:
        site.mended = True
    waiting = {site.name: site.base for site in bad}
    while waiting and time.monotonic() < began + RECOVERY_SECONDS:
        await asyncio.sleep(0.5)
        alerted = {url.rpartition("/news/")[0] for url in _alerted(receiver)}
        waiting = {name: base for name, base in waiting.items() if base not in alerted}
    row.figures["recovered"] = len(bad) - len(waiting)
    row.figures["recovery_s"] = time.monotonic() - began if bad else 0.0
    kinds = {site.name: site.kind for site in bad}
    row.broken += [f"{kinds[name]} not alerted {RECOVERY_SECONDS:g} s after it was mended" for name in waiting]


def _judge_log(row: Row, log: Path) -> None:
    text = log.read_text(errors="replace")
    errors = Counter(match[1][:60] for match in re.finditer(r'"event": "([^"]+)".*?"level": "error"', text))
    errors += Counter(match[1][:60] for match in re.finditer(r"\[error\s*\] (\S+)", text))
    row.figures["log_errors"] = sum(errors.values())
    row.figures["log_mb"] = len(text) / 1e6
    if "Too many connections" in text or "redis.recovered" in text:
        row.broken.append("Redis was taken to be away")
    row.broken += [f"error in the log: {event} ({count}x)" for event, count in errors.most_common(3)]


async def _metrics(daemon: Daemon) -> dict[str, float]:
    """Return the daemon's own figures of how long its event loop did not turn."""
    found = re.search(r"http://127.0.0.1:\d+/", daemon.log.read_text(errors="replace"))
    if found is None:
        return {}
    async with aiohttp.ClientSession() as session, session.get(f"{found[0]}metrics") as reply:
        text = await reply.text()
    lags = re.findall(r'^wirewatch_loop_lag_seconds\{quantile="([^"]+)"\} (\S+)$', text, re.M)
    return {f"lag_{quantile}": float(value) for quantile, value in lags}


async def _watch_memory(pid: int, samples: list[float]) -> None:
    """Sample the resident memory (MB) of a process and its descendants."""
    while True:
        samples.append(sum(_resident(child) for child in _family(pid)) / 1e6)
        await asyncio.sleep(1)


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for child in found:
        found += children.get(child, [])
    return found


def _resident(pid: int) -> float:
    """Return a process's part of memory in bytes: pages that several share are counted in parts."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+)", text, re.M)
    return float(found[1]) * 1024 if found else 0.0


def compare(rows: list[Row], interval: float) -> None:
    """Compare each row with bad sites with the one without."""
    alone = next((row for row in rows if not row.bad), None)
    for row in rows:
        figures = row.figures
        if alone is not None and row is not alone and "delay_p95" in figures and "delay_p95" in alone.figures:
            figures["ratio"] = figures["delay_p95"] / alone.figures["delay_p95"]
            if figures["ratio"] > DELAY_RATIO:
                row.broken.append(f"p95 delay {figures['ratio']:.2f} times that without bad sites")
        if figures.get("gap_p95", 0.0) > GAP_RATIO * interval:
            row.broken.append(f"p95 of the intervals {figures['gap_p95']:.2f} s, of {interval:g}")
        if figures.get("rss_mb", 0.0) > MEMORY_MB:
            row.broken.append(f"{figures['rss_mb']:.0f} MB of memory")


async def with_bad_sites(options: argparse.Namespace) -> list[Row]:
    """Measure good sites with growing numbers of bad ones."""
    rows = []
    for count in options.bad:
        good, bad = good_sites(options.good), bad_sites(count)
        _publish_old(good)
        rows.append(await measure(good, bad, options))
        _show(rows[-1])
        for site in bad:
            print(f"    {site.kind}: {by_prefix(site.hits)}")
    compare(rows, options.interval)
    return rows


async def scale(options: argparse.Namespace) -> list[Row]:
    """Measure a first start with many hosts of 30 releases each, and then new releases on all of them."""
    good = good_sites(min(options.hosts, 250))
    for number in range(250, options.hosts):
        good.append(GoodSite(f"good-{number}", f"127.3.3.{number - 249}"))
    _publish_old(good, 30)
    options.releases, options.interval = 3, SCALE_INTERVAL
    row = await measure(good, [], options)
    _show(row)
    if row.figures.get("delay_p95", 0.0) > SCALE_DELAY:
        row.broken.append(f"p95 delay {row.figures['delay_p95']:.1f} s")
    compare([row], options.interval)
    return [row]


def _publish_old(good: list[GoodSite], count: int = OLD_RELEASES) -> None:
    """Put releases on the sites that are there at the first poll: none of them is due."""
    for place, site in enumerate(good):
        for number in range(count):
            site.publish(100_000 + place * 100 + number)
        site.published = dict.fromkeys(site.published, 0.0)


def _show(row: Row) -> None:
    print(f"  {row.bad} bad: " + ", ".join(f"{name} {value:.2f}" for name, value in row.figures.items()), flush=True)


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", nargs="?", default="neighbours", choices=["neighbours", "scale"])
    parser.add_argument("--good", type=int, default=8)
    parser.add_argument("--bad", type=int, nargs="+", default=[0, 1, 3, 8, 13])
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument("--releases", type=int, default=6, help="of each good site")
    parser.add_argument("--seconds", type=float, default=40.0, help="over which they appear")
    parser.add_argument("--interval", type=float, default=INTERVAL, help="seconds between two polls")
    parser.add_argument("--kill", type=float, default=0.0, help="seconds between two SIGKILLs of the daemon")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the log")
    options = parser.parse_args()
    rows = asyncio.run(scale(options) if options.what == "scale" else with_bad_sites(options))
    broken = [f"{row.bad} bad: {words}" for row in rows for words in row.broken]
    for row in rows:
        print(f"{row.bad} bad: " + ", ".join(f"{name} {value:.2f}" for name, value in row.figures.items()))
    for words in broken:
        print(f"BROKEN {words}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
