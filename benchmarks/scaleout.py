"""Kills, stops and disconnects three workers and two daemons, each in its own network namespace.

    python benchmarks/scaleout.py rounds [60] [seed]     # no loss, no double poll, rate limit, takeover
    python benchmarks/scaleout.py throughput [0 1 2 3]   # so many workers on pages whose reading costs 30 ms
    python benchmarks/scaleout.py overhead               # a poll through docket, and by the daemon itself
    python benchmarks/scaleout.py handing-out            # the leader's cost of dispatching a poll

Needs root (namespaces, see ``scaleout_namespaces``) and some minutes. A round publishes releases while one worker is
killed with SIGKILL and, in turn, the leader or another worker is killed, stopped (SIGSTOP), or disconnected from the
network or from Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from itertools import pairwise
from statistics import median

import scaleout_costs
from scaleout_namespaces import can_have_rooms, until
from scaleout_stage import Stage, stage
from scaleout_wire import alerts, most_in, of_each_host, polls

INTERVAL_SECONDS = 12  # seconds between two polls of a listing: twice the lease, so that a double is seen as one
PACE_SECONDS = 0.1  # seconds between two requests to a host
RELEASES_PER_ROUND = 8  # releases
TAKEOVER_TIMEOUT_SECONDS = 30.0  # seconds that a round waits for the takeover; 10 are required
SETTLE_SECONDS = 240.0  # seconds in which all must be alerted after the last round
CUTS = ("kill", "stop", "link", "redis")
STANDBY_LOG_TEXT = "has the clock; standing by"  # in the log


async def rounds(count: int, seed: int) -> bool:
    """Run the rounds, print what came of them, and return whether all was as promised."""
    draw, takeovers, done = random.Random(seed), list[tuple[float, float, str]](), Counter[str]()
    names = ["clock1", "clock2", "worker1", "worker2", "worker3"]
    async with stage(names, listings=10, interval=INTERVAL_SECONDS, between=PACE_SECONDS) as on:
        for name in names:
            await on.start(name)
        workers = [on.namespaces[name] for name in names[2:]]
        await until(lambda: all(worker.says("wirewatch works") for worker in workers) and len(on.ticks) > 1, 120)
        began = time.monotonic()
        print(f"{count} rounds, seed {seed}; {len(on.wire.paths())} listings every {INTERVAL_SECONDS} s", flush=True)
        for number in range(count):
            publishing = asyncio.create_task(_publish(on, draw.getrandbits(32)))
            victim = draw.choice(names[2:])
            hurting = [asyncio.create_task(_hurt(on, victim, "kill", draw.uniform(0.5, 3)))]
            done["worker kill"] += 1
            if number % 2:
                how, holder = CUTS[number // 2 % 4], await on.holder()
                if holder is not None:
                    done[f"clock {how}"] += 1
                    takeovers.append(await _depose(on, holder, how))
            else:
                other = draw.choice([name for name in names[2:] if name != victim])
                how = CUTS[1 + number // 2 % 3]
                done[f"worker {how}"] += 1
                hurting.append(asyncio.create_task(_hurt(on, other, how, draw.uniform(4, 9))))
            await asyncio.gather(publishing, *hurting)
            if number % 10 == 9:
                alerted = len({url for _, _, url in on.wire.alerted})
                so_far = f"{alerted} of {len(on.wire.published)} alerted"
                print(f"  {number + 1} rounds, {time.monotonic() - began:.0f} s: {so_far}", flush=True)
        ended = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await until(lambda: not alerts(on.wire)[0], SETTLE_SECONDS)
        await asyncio.sleep(2 * INTERVAL_SECONDS)  # polls that would come too often come now
        return _report(on, began, ended, takeovers, done)


async def _publish(on: Stage, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(RELEASES_PER_ROUND):
        on.wire.publish(*draw.choice(on.wire.paths()))
        await asyncio.sleep(draw.uniform(0.3, 1.0))


async def _hurt(on: Stage, name: str, how: str, seconds: float) -> None:
    """Take a process out for some seconds."""
    namespace, began = on.namespaces[name], time.monotonic()
    if how == "kill":
        await namespace.kill()
        await asyncio.sleep(seconds)
        await on.start(name)
        with contextlib.suppress(TimeoutError):
            await until(lambda: namespace.says("wirewatch works"), 60)
    else:
        namespace.cut(how)
        await asyncio.sleep(seconds)
        namespace.join(how)
    namespace.hurt.append((began, time.monotonic(), how))


async def _depose(on: Stage, holder: str, how: str) -> tuple[float, float, str]:
    """Take the clock's holder out; return the seconds until another had the clock, until it ticked, and how."""
    namespace, began, term = on.namespaces[holder], time.monotonic(), on.terms[-1][1]
    stood_by = 0 if how == "kill" else namespace.says(STANDBY_LOG_TEXT)
    if how == "kill":
        await namespace.kill()
    else:
        namespace.cut(how)
    with contextlib.suppress(TimeoutError):
        await until(lambda: on.terms[-1][1] > term, TAKEOVER_TIMEOUT_SECONDS)
    taken = on.terms[-1][0] if on.terms[-1][1] > term else began + TAKEOVER_TIMEOUT_SECONDS
    ticks = len(on.ticks)
    with contextlib.suppress(TimeoutError):
        await until(lambda: len(on.ticks) > ticks, TAKEOVER_TIMEOUT_SECONDS)
    ticked = on.ticks[-1][0]
    if how == "kill":
        await on.start(holder)
    else:
        await asyncio.sleep(0.5)
        namespace.join(how)
    with contextlib.suppress(TimeoutError):  # it is there to take over when its turn comes
        await until(lambda: namespace.says(STANDBY_LOG_TEXT) > stood_by, 60)
    namespace.hurt.append((began, time.monotonic(), how))
    return taken - began, ticked - began, how


def _report(
    on: Stage, began: float, ended: float, takeovers: list[tuple[float, float, str]], done: Counter[str]
) -> bool:
    wire = on.wire
    lost, repeats, two = alerts(wire)
    first = {url: at for at, _, url in reversed(wire.alerted)}
    delays = sorted(first[url] - at for url, at in wire.published.items() if url in first)
    pairs = polls(wire, began)
    apart = [other.at - earlier.at for earlier, other in pairs]
    close = [pair for pair, seconds in zip(pairs, apart, strict=True) if seconds < 0.8 * INTERVAL_SECONDS]
    why = Counter(
        on.namespaces[earlier.namespace].was_hurt(earlier.at - 1, other.at) or "nothing" for earlier, other in close
    )
    print(f"{ended - began:.0f} s of rounds: {', '.join(f'{what} {times}' for what, times in sorted(done.items()))}")
    print(f"{len(wire.published)} releases: {len(lost)} lost, {repeats} alerts repeated, {len(two)} under two ids")
    print(f"published to alerted: {_spread(delays)}")
    print(f"{len(pairs)} polls, after the one before of the same listing: {_spread(apart)}")
    print(f"{len(close)} of them too soon; state of the previous process: {dict(why)}")
    for earlier, other in close[:20]:
        later = f"{other.namespace} {other.at - earlier.at:.1f} s later"
        print(f"    {earlier.host}{earlier.path}: {earlier.namespace} at {earlier.at - began:.1f} s, {later}")
    for host, requests in sorted(of_each_host(wire, began).items()):
        early = [pair for pair in pairwise(requests) if pair[1].at - pair[0].at < 0.5 * PACE_SECONDS]
        hurt = sum(
            any(on.namespaces[request.namespace].was_hurt(request.at - 2, request.at) for request in pair)
            for pair in early
        )
        crowds = f"at most {most_in(1, requests)} in a second and {most_in(10, requests)} in ten"
        print(f"{host}: {len(requests)} requests, {crowds}; {len(early)} within half of the pace, {hurt} of the hurt")
    taken, ticked = [takeover[0] for takeover in takeovers], [takeover[1] for takeover in takeovers]
    print(f"{len(takeovers)} takeovers: lease taken {_spread(taken)}; clock ticks {_spread(ticked)}")
    logs = [log.read_text(errors="replace") for log in on.configuration.parent.glob("*.log")]
    refused, overtaken = (sum(log.count(words) for log in logs) for words in ("DEPOSED", "poll not noted: another was"))
    print(f"refused: {refused} writes of a deposed clock, {overtaken} polls that another had overtaken")
    return not lost and not two and max(ticked) < TAKEOVER_TIMEOUT_SECONDS


def _spread(seconds: list[float]) -> str:
    found = sorted(seconds)
    return f"p50 {median(found):.1f} s, p95 {found[int(0.95 * len(found))]:.1f} s, max {found[-1]:.1f} s"


def main() -> None:
    """Run the part that is named."""
    if not can_have_rooms():
        raise SystemExit("network namespaces need root and ip (iproute2)")
    part, *given = [*sys.argv[1:]] or ["rounds"]
    if part == "rounds":
        count, seed = int(given[0]) if given else 60, int(given[1]) if len(given) > 1 else 8
        raise SystemExit(0 if asyncio.run(rounds(count, seed)) else 1)
    if part == "throughput":
        asyncio.run(scaleout_costs.throughput([int(number) for number in given] or range(4)))
    elif part == "overhead":
        asyncio.run(scaleout_costs.overhead())
    elif part == "handing-out":
        asyncio.run(scaleout_costs.handing_out())
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
