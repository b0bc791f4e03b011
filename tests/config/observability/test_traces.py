"""Log lines and traces of one release have its id, in every process."""

from __future__ import annotations

import io
import json
import logging

import pytest
import sentry_sdk
import structlog

from config.observability import sentry
from config.observability.logging import configure_logging
from config.observability.sentry import configure_sentry, traced
from stories.model.ids import release_id, release_id_bytes
from stories.model.urls import url_digest

URL = "https://harbour.example/news/7"
RELEASE = release_id(url_digest(URL))


@pytest.fixture
def lines():
    """``lines()``: the log lines, decoded."""
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level
    configure_logging(False, stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = before[0], before[1]
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_that_names_a_page_names_its_release(lines):
    log = structlog.get_logger("test")
    log.warning("page not read", url=URL + "?utm_source=mail#top")
    log.info("kept", url=URL, release="rel_other")
    log.info("elsewhere", url="/news/7")
    assert [line.get("release") for line in lines()] == [RELEASE, "rel_other", None]


@pytest.fixture
def sent(monkeypatch):
    """``sent(rate)``: start tracing and return the list of transactions that would be sent."""
    transactions = []

    class Transport(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope):
            transactions.extend(item.payload.json for item in envelope.items if item.type == "transaction")

    real = sentry_sdk.init
    monkeypatch.setattr(sentry_sdk, "init", lambda **given: real(transport=Transport, **given))

    def configure(rate):
        assert configure_sentry("test", "1", variables={"SENTRY_DSN": "http://key@127.0.0.1:1/1",
                                                        "SENTRY_TRACES_SAMPLE_RATE": rate})  # fmt: skip
        return transactions

    yield configure
    monkeypatch.setattr(sentry, "_trace_sample_rate", 0.0)
    sentry_sdk.get_global_scope().set_client(None)


def test_the_stops_of_a_release_are_one_trace_wherever_they_happen(sent):
    transactions = sent("1")
    for stop in ("list", "read", "keep", "deliver"):
        with traced(stop, RELEASE, source="harbour"):
            pass
    traces = {item["contexts"]["trace"]["trace_id"] for item in transactions}
    assert traces == {release_id_bytes(RELEASE).hex()}
    assert [(item["transaction"], item["tags"]["release_id"]) for item in transactions] == [
        (stop, RELEASE) for stop in ("list", "read", "keep", "deliver")
    ]


@pytest.mark.parametrize("rate", ["", "0", "much", "-1"])
def test_nothing_is_traced_unless_it_is_enabled(sent, rate):
    transactions = sent(rate)
    with traced("read", RELEASE):
        pass
    assert transactions == []


def test_of_a_release_all_stops_are_traced_or_none(sent):
    transactions = sent("0.5")
    names = [release_id(str(number)) for number in range(200)]
    for stop in ("read", "keep"):
        for name in names:
            with traced(stop, name):
                pass
    found = [item["tags"]["release_id"] for item in transactions]
    assert 50 < len(set(found)) < 150
    assert len(found) == 2 * len(set(found))
