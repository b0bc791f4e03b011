"""Three workers and two clocks, each in a network namespace of its own, that are killed, stopped and cut off.

    python benchmarks/scaleout.py rounds [60] [seed]     # nothing lost, nothing polled twice, pace, takeover
    python benchmarks/scaleout.py throughput [0 1 2 3]   # so many workers on pages whose reading costs 30 ms
    python benchmarks/scaleout.py overhead               # a poll through the engine, and by the daemon itself
    python benchmarks/scaleout.py handing-out            # what a poll costs the clock that hands it out

Needs root (namespaces, see ``scaleout_rooms``) and some minutes. A round publishes releases while one worker is killed
with SIGKILL and, in turn, the clock or another worker is killed, stopped (SIGSTOP), unplugged or cut off from Redis.
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
from scaleout_rooms import can_have_rooms, until
from scaleout_stage import Stage, stage
from scaleout_wire import alerts, most_in, of_each_host, polls

INTERVAL = 12  # seconds between two polls of a listing: twice the lease, so that a double is seen as one
PACE = 0.1  # seconds between two requests to a host
OF_A_ROUND = 8  # releases
TAKEOVER = 30.0  # seconds that a round waits for the clock to be taken; 10 are asked for
SETTLING = 240.0  # seconds in which all must have been told after the last round
CUTS = ("kill", "stop", "link", "redis")
STANDING_BY = "has the clock; standing by"  # in the log


async def rounds(count: int, seed: int) -> bool:
    """Run the rounds, print what came of them, and return whether all was as promised."""
    draw, takeovers, done = random.Random(seed), list[tuple[float, float, str]](), Counter[str]()
    names = ["clock1", "clock2", "worker1", "worker2", "worker3"]
    async with stage(names, listings=10, interval=INTERVAL, between=PACE) as on:
        for name in names:
            await on.start(name)
        workers = [on.rooms[name] for name in names[2:]]
        await until(lambda: all(one.says("wirewatch works") for one in workers) and len(on.ticks) > 1, 120)
        began = time.monotonic()
        print(f"{count} rounds, seed {seed}; {len(on.wire.paths())} listings every {INTERVAL} s", flush=True)
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
                told = len({url for _, _, url in on.wire.told})
                so_far = f"{told} of {len(on.wire.published)} told"
                print(f"  {number + 1} rounds, {time.monotonic() - began:.0f} s: {so_far}", flush=True)
        ended = time.monotonic()
        with contextlib.suppress(TimeoutError):
            await until(lambda: not alerts(on.wire)[0], SETTLING)
        await asyncio.sleep(2 * INTERVAL)  # polls that would come too often come now
        return _report(on, began, ended, takeovers, done)


async def _publish(on: Stage, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(OF_A_ROUND):
        on.wire.publish(*draw.choice(on.wire.paths()))
        await asyncio.sleep(draw.uniform(0.3, 1.0))


async def _hurt(on: Stage, name: str, how: str, seconds: float) -> None:
    """Take a process out for some seconds."""
    room, began = on.rooms[name], time.monotonic()
    if how == "kill":
        await room.kill()
        await asyncio.sleep(seconds)
        await on.start(name)
        with contextlib.suppress(TimeoutError):
            await until(lambda: room.says("wirewatch works"), 60)
    else:
        room.cut(how)
        await asyncio.sleep(seconds)
        room.join(how)
    room.hurt.append((began, time.monotonic(), how))


async def _depose(on: Stage, holder: str, how: str) -> tuple[float, float, str]:
    """Take the clock's holder out; return the seconds until another had the clock, until it ticked, and how."""
    room, began, term = on.rooms[holder], time.monotonic(), on.terms[-1][1]
    stood_by = 0 if how == "kill" else room.says(STANDING_BY)
    if how == "kill":
        await room.kill()
    else:
        room.cut(how)
    with contextlib.suppress(TimeoutError):
        await until(lambda: on.terms[-1][1] > term, TAKEOVER)
    taken = on.terms[-1][0] if on.terms[-1][1] > term else began + TAKEOVER
    ticks = len(on.ticks)
    with contextlib.suppress(TimeoutError):
        await until(lambda: len(on.ticks) > ticks, TAKEOVER)
    ticked = on.ticks[-1][0]
    if how == "kill":
        await on.start(holder)
    else:
        await asyncio.sleep(0.5)
        room.join(how)
    with contextlib.suppress(TimeoutError):  # it is there to take over when its turn comes
        await until(lambda: room.says(STANDING_BY) > stood_by, 60)
    room.hurt.append((began, time.monotonic(), how))
    return taken - began, ticked - began, how


def _report(
    on: Stage, began: float, ended: float, takeovers: list[tuple[float, float, str]], done: Counter[str]
) -> bool:
    wire = on.wire
    lost, repeats, two = alerts(wire)
    first = {url: at for at, _, url in reversed(wire.told)}
    delays = sorted(first[url] - at for url, at in wire.published.items() if url in first)
    pairs = polls(wire, began)
    apart = [other.at - one.at for one, other in pairs]
    close = [pair for pair, seconds in zip(pairs, apart, strict=True) if seconds < 0.8 * INTERVAL]
    why = Counter(on.rooms[one.room].was_hurt(one.at - 1, other.at) or "nothing" for one, other in close)
    print(f"{ended - began:.0f} s of rounds: {', '.join(f'{what} {times}' for what, times in sorted(done.items()))}")
    print(f"{len(wire.published)} releases: {len(lost)} lost, {repeats} alerts repeated, {len(two)} told under two ids")
    print(f"published to told: {_spread(delays)}")
    print(f"{len(pairs)} polls, after the one before of the same listing: {_spread(apart)}")
    print(f"{len(close)} of them too soon; what befell who asked before: {dict(why)}")
    for one, other in close[:20]:
        later = f"{other.room} {other.at - one.at:.1f} s later"
        print(f"    {one.host}{one.path}: {one.room} at {one.at - began:.1f} s, {later}")
    for host, asked in sorted(of_each_host(wire, began).items()):
        early = [pair for pair in pairwise(asked) if pair[1].at - pair[0].at < 0.5 * PACE]
        hurt = sum(any(on.rooms[one.room].was_hurt(one.at - 2, one.at) for one in pair) for pair in early)
        crowds = f"at the most {most_in(1, asked)} in a second and {most_in(10, asked)} in ten"
        print(f"{host}: {len(asked)} requests, {crowds}; {len(early)} within half of the pace, {hurt} of the hurt")
    taken, ticked = [one[0] for one in takeovers], [one[1] for one in takeovers]
    print(f"{len(takeovers)} takeovers: lease taken {_spread(taken)}; clock ticks {_spread(ticked)}")
    logs = [log.read_text(errors="replace") for log in on.configuration.parent.glob("*.log")]
    refused, overtaken = (sum(log.count(words) for log in logs) for words in ("DEPOSED", "poll not noted: another was"))
    print(f"refused: {refused} writes of a deposed clock, {overtaken} polls that another had overtaken")
    return not lost and not two and max(ticked) < TAKEOVER


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
        asyncio.run(scaleout_costs.throughput([int(one) for one in given] or range(4)))
    elif part == "overhead":
        asyncio.run(scaleout_costs.overhead())
    elif part == "handing-out":
        asyncio.run(scaleout_costs.handing_out())
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
