"""Replays real releases through the real daemon and counts what its webhook received.

    .venv/bin/python benchmarks/replay.py            # 500 releases and the labelled pairs, some four minutes

A loopback newswire publishes them at a steady rate in three markups (a wire's tag listing, a feed, an html listing
without selectors). A fifth are copied to a syndicator with other boilerplate; the labelled corrections follow their
originals. ``wirewatch run`` polls every two seconds. Exit status 1 if a guarantee is broken: a release missed or
alerted twice, a copy alerted, a correction not linked. The releases come from ``$WIREWATCH_DATA``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

from daemon import COMMAND, DaemonFailed, running  # noqa: E402
from receiver import SECRET, Receiver, serve_receiver  # noqa: E402
from replay_corpus import Corpus, Item, Pair, choose  # noqa: E402

from scheduler.demo.configuration import sources  # noqa: E402
from scheduler.demo.newswire import Newswire, serve  # noqa: E402
from stories.model.urls import canonical_url, url_digest  # noqa: E402

SITES = ("harbourline", "meridian", "pressline")
TAG = "Replay"
LISTING_ENTRIES = (
    60  # a listing names what came in twelve seconds at the usual rate: six polls may fail before one is missed
)
STOP_TIMEOUT_SECONDS = 10.0  # seconds from SIGTERM, as promised
FOLLOW_UP_SECONDS = 12.0  # seconds from an original to its copy or its correction: six polls


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    releases: int
    look_alikes: int
    rate: float
    settle: float
    seed: int
    data: Path
    command: list[str]
    keep: bool


@dataclass(slots=True, kw_only=True)
class Published:
    """The published URLs, by the archive's id."""

    url: dict[str, str] = field(default_factory=dict)
    copy: dict[str, str] = field(default_factory=dict)


# Publishing


async def publish(wire: Newswire, corpus: Corpus, options: Options) -> Published:
    """Publish the corpus at a steady rate: singles and firsts in a mixed order, copies and seconds some polls later."""
    chance = random.Random(options.seed)
    firsts = [*corpus.singles, *(pair.first for pair in corpus.pairs)]
    chance.shuffle(firsts)
    seconds = {pair.first.id: pair.second for pair in corpus.pairs}
    copied = {item.id for item in chance.sample(firsts, len(firsts) // 5)}
    home = {item.id: SITES[number % len(SITES)] for number, item in enumerate(firsts)}
    home |= {second.id: home[first] for first, second in seconds.items()}

    lag = max(1, round(FOLLOW_UP_SECONDS * options.rate))
    turns: dict[int, list[tuple[str, Item]]] = defaultdict(list)
    for number, item in enumerate(firsts):
        turns[number].append(("publish", item))
        if item.id in copied:
            turns[number + lag].append(("copy", item))
        if item.id in seconds:
            turns[number + lag].append(("publish", seconds[item.id]))

    published = Published()
    began = time.monotonic()
    for turn in range(max(turns) + 1):
        await asyncio.sleep(max(0.0, began + turn / options.rate - time.monotonic()))
        for what, item in turns[turn]:
            if what == "copy":
                published.copy[item.id] = wire.syndicate(published.url[item.id])
            else:
                tags = (TAG,) if home[item.id] == "harbourline" else ()
                handout = replace(item.handout, tags=tags)
                published.url[item.id] = wire.publish(handout, home[item.id], at=item.printed_at)
        if turn % 50 == 0:
            print(f"  published {len(published.url)} and {len(published.copy)} copies", file=sys.stderr)
    return published


# The daemon


def configuration(wire: Newswire, receiver: Receiver, folder: Path) -> dict[str, Any]:
    """Return what the daemon runs with: every alert to the webhook; copies too, but to a file apart."""
    event_types = ["new", "corrected", "updated", "revised", "withdrawn"]
    return {
        "catalog": False,
        "data_dir": str(folder / "data"),
        "web": {"port": 0},
        "polling": {"interval": "2s", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "alerts": {"first_poll": "alert", "max_age": "off"},
        "watches": {
            "everything": {"channels": ["intake"]},
            "copies-too": {"channels": ["audit"], "events": [*event_types, "syndicated"]},
            "tag": {"tags": [TAG], "channels": ["audit"], "events": ["source"]},
        },
        "channels": {
            "intake": {"type": "webhook", "url": receiver.url, "secret": SECRET},
            "audit": {"type": "file", "path": str(folder / "audit.jsonl")},
        },
        "sources": sources(wire, interval="2s", pace="0.02s"),
    }


async def settled(receiver: Receiver, seconds: float) -> None:
    """Return when nothing was delivered for so long."""
    while True:
        count = len(receiver.deliveries)
        await asyncio.sleep(seconds)
        if len(receiver.deliveries) == count:
            return


# What came of it


@dataclass(slots=True, kw_only=True)
class Verdict:
    """The figures, and the promises that were broken, in words."""

    figures: list[tuple[str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        """Add a figure."""
        self.figures.append((name, str(value)))


def judge(corpus: Corpus, published: Published, alerted: list[dict[str, Any]], audit: list[dict[str, Any]]) -> Verdict:
    """Compare guarantees and results; ``alerted`` is what the webhook received, ``audit`` includes copies."""
    verdict = Verdict()
    by_url = _by_url(alerted)
    everything = _by_url(audit)
    items = {item.id: item for item in corpus.items}
    seconds = {pair.second.id for pair in corpus.pairs if pair.label != "template"}

    _judge_releases([items[id_] for id_ in published.url if id_ not in seconds], published, by_url, verdict)
    copies = {item_id: by_url.get(_key(url), []) for item_id, url in published.copy.items()}
    alerted_copies = [url for url, events in copies.items() if events]
    verdict.add("copies published", len(copies))
    verdict.add("copies alerted", len(alerted_copies))
    verdict.broken += [
        f"copy alerted as {_types(copies[id_])}: {items[id_].handout.headline[:80]} ({id_})" for id_ in alerted_copies
    ]
    for label, marked in (("correction", True), ("correction", False), ("update", True), ("update", False)):
        pairs = [pair for pair in corpus.pairs if (pair.label, pair.marked) == (label, marked)]
        unlinked = [pair for pair in pairs if not _linked(pair, published, by_url, everything)]
        if not pairs:
            continue
        name = f"{label} pairs, {'marked in the headline' if marked else 'silent'}, linked"
        verdict.add(name, f"{len(pairs) - len(unlinked)} of {len(pairs)}")
        words = [
            f"{label} not linked ({_types(everything.get(_key(published.url[pair.second.id]), []))}): "
            f"{pair.second.handout.headline[:80]} ({pair.first.id}, {pair.second.id})"
            for pair in unlinked
        ]
        # The promise is about corrections; an update that says so nowhere may be a story of its own.
        if label == "correction" or marked:
            verdict.broken += words
    look_alikes = [pair for pair in corpus.pairs if pair.label == "template"]
    apart = [pair for pair in look_alikes if not _same_story(pair, published, everything)]
    verdict.add("look-alike pairs kept apart", f"{len(apart)} of {len(look_alikes)}")
    verdict.add("what second releases of labelled pairs alerted as", dict(_second_types(corpus, published, by_url)))
    return verdict


def _judge_releases(
    items: list[Item], published: Published, by_url: dict[str, list[dict[str, Any]]], verdict: Verdict
) -> None:
    found = {item.id: by_url.get(_key(published.url[item.id]), []) for item in items}
    once = [item for item in items if [event["type"] for event in found[item.id]] == ["release.new"]]
    missed = [item for item in items if not found[item.id]]
    twice = [item for item in items if len(found[item.id]) > 1]
    otherwise = [item for item in items if len(found[item.id]) == 1 and found[item.id][0]["type"] != "release.new"]
    verdict.add("releases published", len(items))
    verdict.add("alerted once, as new", len(once))
    for name, some in (("missed", missed), ("alerted twice", twice), ("alerted once, but not as new", otherwise)):
        verdict.add(name, len(some))
        verdict.broken += [
            f"{name} ({_types(found[item.id])}): {item.handout.headline[:80]} ({item.id}) {published.url[item.id]}"
            for item in some
        ]


def _linked(
    pair: Pair,
    published: Published,
    alerted: dict[str, list[dict[str, Any]]],
    everything: dict[str, list[dict[str, Any]]],
) -> bool:
    """A marked one alerts and names its original; a silent one joins its original's story and is not new."""
    url = _key(published.url[pair.second.id])
    if not pair.marked:
        return _same_story(pair, published, everything) and "release.new" not in _types(alerted.get(url, []))
    original = _key(published.url[pair.first.id])
    return any(
        event["type"] in ("release.corrected", "release.updated")
        and event["data"]["replaces"] is not None
        and _key(event["data"]["replaces"]["url"]) == original
        for event in alerted.get(url, [])
    )


def _same_story(pair: Pair, published: Published, everything: dict[str, list[dict[str, Any]]]) -> bool:
    stories = [
        {event["data"]["story"]["id"] for event in everything.get(_key(published.url[item.id]), [])}
        for item in (pair.first, pair.second)
    ]
    return bool(stories[0] & stories[1])


def _second_types(
    corpus: Corpus, published: Published, by_url: dict[str, list[dict[str, Any]]]
) -> Counter[tuple[str, str]]:
    return Counter((pair.label, _types(by_url.get(_key(published.url[pair.second.id]), []))) for pair in corpus.pairs)


def _types(events: list[dict[str, Any]]) -> str:
    return "+".join(event["type"] for event in events) or "nothing"


def _by_url(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        if "release" in event["data"]:
            found[_key(event["data"]["release"]["url"])][event["id"]] = event
    return {url: list(events.values()) for url, events in found.items()}


def _key(url: str) -> str:
    return url_digest(canonical_url(url))


def delays(wire: Newswire, receiver: Receiver) -> list[float]:
    """Return, for every release that was alerted, the seconds from the first listing that named it to the webhook."""
    listed = {
        _key(site.base + page.path): page.first_listed
        for site in wire.sites.values()
        for page in site.pages.values()
        if page.first_listed is not None
    }
    arrived: dict[str, float] = {}
    for delivery in receiver.accepted:
        release = delivery.json["data"].get("release")
        if release is not None:
            arrived.setdefault(_key(release["url"]), delivery.at)
    return sorted(at - listed[url].timestamp() for url, at in arrived.items() if url in listed)


# The run


async def run(options: Options) -> int:
    """Replay, print the figures, and return the exit status."""
    corpus = choose(options.data / "releases", options.releases, options.look_alikes, options.seed)
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-replay-"))
    try:
        async with serve() as wire, serve_receiver() as receiver:
            for site in wire.sites.values():
                site.by_entry, site.depth = True, LISTING_ENTRIES  # printed times are the archive's, years apart
            async with running(configuration(wire, receiver, folder), folder, options.command) as daemon:
                await daemon.ready(lambda: len(_polled(wire)) == len(wire.sites))
                began = time.monotonic()
                published = await publish(wire, corpus, options)
                await settled(receiver, options.settle)
                took = timedelta(seconds=round(time.monotonic() - began))
                stopping_since = time.monotonic()
                ended = await daemon.stop(), time.monotonic() - stopping_since
            audit = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
            verdict = judge(corpus, published, receiver.events, audit)
            _add_run_figures(verdict, wire, receiver, took, ended)
    except (DaemonFailed, FileNotFoundError) as error:
        print(f"the daemon: {error}", file=sys.stderr)
        return 1
    finally:
        if options.keep:
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for name, value in verdict.figures:
        print(f"{name:52} {value}")
    for words in verdict.broken:
        print(f"BROKEN  {words}")
    return 1 if verdict.broken else 0


def _add_run_figures(
    verdict: Verdict, wire: Newswire, receiver: Receiver, took: timedelta, ended: tuple[int, float]
) -> None:
    unsigned = sum(not delivery.signed for delivery in receiver.deliveries)
    verdict.add("deliveries, repeats of one id among them",
                f"{len(receiver.deliveries)}, {len(receiver.accepted) - len(receiver.events)}")  # fmt: skip
    if unsigned:
        verdict.broken.append(f"{unsigned} deliveries without a true signature")
    seconds = delays(wire, receiver)
    if len(seconds) > 1:
        cuts = statistics.quantiles(seconds, n=100)
        verdict.add("listing to webhook, p50 / p95 / most",
                    f"{cuts[49]:.2f} s / {cuts[94]:.2f} s / {seconds[-1]:.2f} s")  # fmt: skip
    statuses = Counter(request.status for request in wire.requests)
    verdict.add("requests to the newswire, by status", dict(sorted(statuses.items())))
    verdict.add("time", took)
    status, seconds_to_stop = ended
    verdict.add("the daemon's end", f"exit status {status}, {seconds_to_stop:.1f} s after SIGTERM")
    if status != 0 or seconds_to_stop > STOP_TIMEOUT_SECONDS:
        verdict.broken.append(f"the daemon did not end cleanly within {STOP_TIMEOUT_SECONDS:.0f} s")


def _polled(wire: Newswire) -> set[str]:
    return {request.site for request in wire.requests if request.path != "/robots.txt"}


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=500, help="unrelated releases (500)")
    parser.add_argument(
        "--look-alikes", type=int, default=20, help="at most: pairs of different stories in one template (20)"
    )
    parser.add_argument("--rate", type=float, default=4.0, help="releases a second, over all sites (4)")
    parser.add_argument("--settle", type=float, default=15.0, help="seconds without a delivery that end it (15)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="keep the folder with configuration, log and data")
    parser.add_argument("--command", nargs="+", default=list(COMMAND))
    arguments = parser.parse_args()
    data = Path(os.environ.get("WIREWATCH_DATA") or ROOT.parent / "shared" / "data")
    if not (data / "releases" / "releases.jsonl.xz").exists():
        print(f"no releases to replay: {data} has no releases/releases.jsonl.xz (set WIREWATCH_DATA)", file=sys.stderr)
        return 2
    return asyncio.run(run(Options(data=data, **vars(arguments))))


if __name__ == "__main__":
    sys.exit(main())
