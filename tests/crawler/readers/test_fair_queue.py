"""The queue before the reader processes is fair: whatever loud sources queue, a quiet one is read soon."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.readers.fair_queue import (
    AGING_SECONDS,
    HEAVY_BYTES,
    HEAVY_SECONDS,
    HOUR,
    USAGE_HALF_LIFE,
    FairQueue,
    ReadPriority,
    Running,
    Usage,
    Waiting,
    choose,
)

SLOWEST = 10.0  # seconds; no item takes longer, since the reader ends it
LISTING, NEW, BACKLOG = ReadPriority


def waiting(number, source="wire", priority=NEW, size=1000, since=0.0):
    return Waiting(id=number, source=source, priority=priority, size=size, since=since)


def running(source="wire", size=1000, started=0.0):
    return Running(source=source, size=size, started=started)


def used(now=0.0, **sources):
    usage = Usage()
    for source, seconds in sources.items():
        usage.add(source, seconds, now)
    return usage


class Pool:
    """Workers in a world of their own time: what is put is read, each item for as long as it costs."""

    def __init__(self, workers):
        self.workers, self.now = workers, 0.0
        self.queue, self.usage = FairQueue(), Usage()
        self.running, self.cost, self.begun, self.done = {}, {}, {}, {}
        self.numbers = itertools.count()

    def put(self, source, cost, priority=NEW, size=1000):
        item = waiting(next(self.numbers), source, priority, size, self.now)
        self.cost[item.id] = cost
        self.queue.put(item)
        return item

    def dispatch(self):
        while True:
            busy = [Running(source=item.source, size=item.size, started=at) for item, at in self.running.values()]
            chosen = choose(self.queue.heads(), busy, self.usage, self.now, self.workers)
            if chosen is None:
                break
            check(chosen, list(self.queue.heads()), busy, self.workers)
            self.queue.remove(chosen)
            self.usage.start(chosen.source, self.now)
            self.running[chosen.id] = chosen, self.now
            self.begun[chosen.id] = self.now
        assert self.running or not len(self.queue), "work waits, and all workers are free"

    def run_until(self, end):
        """Let the time pass."""
        self.dispatch()
        while self.running:
            at, number = min((begun + self.cost[number], number) for number, (_, begun) in self.running.items())
            if at > end:
                break
            self.now = at
            item, begun = self.running.pop(number)
            self.usage.add(item.source, at - begun, at)
            self.done[number] = at
            self.dispatch()
        self.now = end


def check(chosen, heads, busy, workers):
    """What holds at every choice."""
    sources = [poll.source for poll in busy]
    if chosen.source in sources:
        assert all(head.source in sources for head in heads), "a second worker while another source waits"
        assert workers == 1 or len({*sources}) > 1 or len(busy) < workers - 1, "one source has all workers"


def test_listings_come_before_new_pages_and_those_before_the_backlog():
    items = [waiting(1, "a", BACKLOG), waiting(2, "b", NEW), waiting(3, "c", LISTING)]
    usage = used(b=1, c=2)  # what a source used decides within a class only

    order = []
    while items:
        items.remove(chosen := choose(items, [], usage, 0.0, 2))
        order.append(chosen.priority)

    assert order == [LISTING, NEW, BACKLOG]


def test_within_a_class_the_source_that_used_least_lately_is_first():
    items = [waiting(1, "loud"), waiting(2, "quiet"), waiting(3, "unknown")]

    assert choose(items, [], used(loud=3, quiet=1), 0.0, 2).source == "unknown"
    assert choose(items[:2], [], used(loud=3, quiet=1), 0.0, 2).source == "quiet"


def test_what_was_used_long_ago_is_forgotten():
    usage = used(loud=8)
    usage.add("quiet", 1, 6 * USAGE_HALF_LIFE)

    now = 6 * USAGE_HALF_LIFE
    assert choose([waiting(1, "loud", since=now), waiting(2, "quiet", since=now)], [], usage, now, 2).source == "loud"


def test_a_source_that_got_no_worker_for_long_is_first_though_it_used_most():
    usage = used(200.0, loud=4)
    fresh = waiting(2, "fresh", LISTING, since=200.0)

    assert choose([waiting(1, "loud", LISTING, since=195.0), fresh], [], usage, 200.0, 2) == fresh
    assert choose([waiting(1, "loud", LISTING, since=20.0), fresh], [], usage, 200.0, 2).source == "loud"
    usage.start("loud", 199.0)  # it got one a moment ago, and its next item waited as long
    assert choose([waiting(1, "loud", LISTING, since=20.0), fresh], [], usage, 200.0, 2) == fresh


@pytest.mark.parametrize(
    ("seconds", "other", "is_first"),
    [
        (AGING_SECONDS - 1, NEW, False),
        (AGING_SECONDS + 1, NEW, True),
        (AGING_SECONDS + 1, LISTING, False),
        (2 * AGING_SECONDS + 1, LISTING, True),
    ],
)
def test_what_got_no_worker_for_long_rises_by_a_class(seconds, other, is_first):
    old, fresh = waiting(1, "a", BACKLOG), waiting(2, "b", other, since=seconds)

    assert (choose([old, fresh], [], Usage(), seconds, 2) == old) is is_first


def test_what_is_being_read_counts_as_used():
    items = [waiting(1, "a", since=4.0), waiting(2, "b", since=4.0)]

    assert choose(items, [running("a", started=0.0), running("b", started=3.0)], Usage(), 4.0, 4).source == "b"


def test_within_a_source_the_first_that_came_is_first():
    queue = FairQueue()
    for number in range(5):
        queue.put(waiting(number, since=float(number)))

    assert [read(queue).id for _ in range(5)] == [0, 1, 2, 3, 4]


def test_what_is_put_back_is_next_of_its_source():
    queue = FairQueue()
    for number in range(3):
        queue.put(waiting(number, since=float(number)))
    lost = read(queue)
    queue.put(lost, first=True)

    assert read(queue) == lost


def test_what_nobody_waits_for_any_more_is_gone():
    queue = FairQueue()
    items = [waiting(number, since=float(number)) for number in range(3)]
    for item in items:
        queue.put(item)

    assert queue.remove(items[1])
    assert not queue.remove(items[1])
    assert [read(queue).id for _ in range(2)] == [0, 2]
    assert len(queue) == 0
    assert list(queue.heads()) == []


def read(queue):
    chosen = choose(queue.heads(), [], Usage(), 10.0, 1)
    queue.remove(chosen)
    return chosen


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_no_source_takes_all_workers_though_it_is_alone(workers):
    busy = []
    while (chosen := choose([waiting(1)], busy, Usage(), 0.0, workers)) is not None:
        busy.append(running(chosen.source))

    assert len(busy) == workers - 1


def test_of_a_source_one_heavy_item_is_read_at_a_time():
    large = waiting(1, size=HEAVY_BYTES + 1)
    small = waiting(2)

    assert choose([large], [running(size=HEAVY_BYTES + 1)], Usage(), 0.0, 8) is None
    assert choose([small], [running(size=HEAVY_BYTES + 1)], Usage(), 0.0, 8) == small
    assert choose([small], [running()], used(wire=HEAVY_SECONDS + 1), 0.0, 8) is None


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_heavy_sources_together_leave_a_worker_for_the_others(workers):
    heavy = {f"heavy{number}": HEAVY_SECONDS + 1 for number in range(workers + 1)}
    busy = [running(source) for source in heavy][: workers - 1]
    last = waiting(1, f"heavy{workers}")

    assert choose([last], busy, used(**heavy), 0.0, workers) is None
    assert choose([last, waiting(2, "light")], busy, used(**heavy), 0.0, workers).source == "light"
    assert choose([last], busy[1:], used(**heavy), 0.0, workers) == last


def test_a_single_worker_reads_everything():
    assert choose([waiting(1, size=HEAVY_BYTES + 1)], [], used(wire=100), 0.0, 1) is not None
    assert choose([waiting(1)], [running("other")], Usage(), 0.0, 1) is None


def test_the_use_of_the_last_hour_is_known_and_forgotten():
    usage = Usage()
    usage.add("wire", 5, 100.0)
    usage.add("wire", 7, 200.0)

    assert usage.last_hour("wire", 200.0) == 12
    assert usage.last_hour("wire", 100.0 + HOUR + 61) == 7
    assert usage.last_hour("wire", 300.0 + HOUR + 61) == 0
    assert usage.last_hour("other", 200.0) == 0


def test_sources_that_were_not_read_for_an_hour_take_no_memory():
    usage = Usage()
    for number in range(100):
        usage.start(f"source {number}", 0.0)
        usage.add(f"source {number}", 1, 0.0)
    usage.add("wire", 1, HOUR + 120)

    assert usage._used.keys() == {"wire"}


costs = st.floats(0.01, SLOWEST)
loud = st.lists(
    st.tuples(st.integers(0, 5), costs, st.sampled_from(list(ReadPriority)), st.integers(0, 2 * HEAVY_BYTES)),
    min_size=1, max_size=150,
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(loud=loud, workers=st.integers(2, 5), at=st.floats(2 * SLOWEST, 300))
def test_a_quiet_source_waits_for_a_bounded_time_whatever_loud_ones_queue(loud, workers, at):
    pool = Pool(workers)
    for source, cost, priority, size in loud:
        pool.put(f"loud {source}", cost, priority, size)
    pool.run_until(at)
    quiet = pool.put("quiet", 0.05, NEW)
    pool.run_until(at + 100 * SLOWEST)

    # One item of each loud source may stand before it: one that is owed a worker, or a listing.
    assert pool.begun[quiet.id] - at <= 6 * SLOWEST / max(1, workers - 1) + SLOWEST


@settings(deadline=None, max_examples=150)
@given(
    heavy=st.lists(st.tuples(st.integers(0, 5), st.floats(6, SLOWEST)), min_size=20, max_size=100),
    workers=st.integers(2, 5),
)
def test_a_quiet_source_does_not_wait_for_sources_that_are_known_to_be_slow(heavy, workers):
    pool = Pool(workers)
    for source, cost in heavy:
        pool.put(f"slow {source}", cost)
    pool.run_until(3 * SLOWEST)
    begun = [pool.put("quiet", 0.05, NEW)]
    pool.run_until(3 * SLOWEST + 0.5)

    slow = {item.source for item, _ in pool.running.values()}
    if all(pool.usage.recent(source, pool.now) > HEAVY_SECONDS for source in slow):
        assert pool.begun[begun[0].id] - 3 * SLOWEST <= 0.1


@settings(deadline=None, max_examples=100)
@given(loud=loud, workers=st.integers(1, 5))
def test_everything_is_read_in_the_end_while_others_go_on_coming(loud, workers):
    pool = Pool(workers)
    items = [pool.put(f"loud {source}", cost, priority, size) for source, cost, priority, size in loud]
    step = 0
    while any(item.id not in pool.done for item in items):
        step += 1
        assert step * 5 < (sum(cost for _, cost, _, _ in loud) + AGING_SECONDS + USAGE_HALF_LIFE) * 12
        for fresh in range(workers):  # listings and pages of sources that come anew take most of what there is
            pool.put(f"fresh {step} {fresh}", 1.0, LISTING)
            pool.put(f"fresh {step} {fresh} page", 1.0, NEW)
        pool.run_until(pool.now + 5)
