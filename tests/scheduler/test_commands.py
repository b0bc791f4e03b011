"""The commands that show what is stored, and those that read a page: what they print, and how they end."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest
import typer.main
from typer.testing import CliRunner

from config.python_faults import interpreter_faults
from scheduler.cli.app import app
from scheduler.demo import stories
from stories.crawl_state.page_observations import PageObservations, PageStates, VolatilePlace
from stories.db import keys
from stories.model.urls import canonical_url

HOSTILE = replace(
    stories.QUARTER,
    headline="Saltmarsh \x1b[31;5mOptics\x1b[0m [bold red]Reports[/bold red] \x9b2J\u202esredrO :yad\x07 {0} %s",
    body=(
        *stories.QUARTER.body[:2],
        "It \x1b]0;owned\x07sets the title of the window, and \x9b31m colours.",
    ),
)
CONTROLS = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e]")
STYLES = re.compile(r"\x1b\[[0-9;?]*[mKAhl]")  # what Rich itself sends


async def test_what_is_stored_is_listed_filtered_and_shown(program, table, newswire, receiver):
    market = newswire.publish(stories.NIGHT_MARKET)
    batteries = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    assert (await program("crawl", "harbourline", "meridian")).status == 0
    newswire.correct(batteries, stories.TRAM_BATTERIES_CORRECTED)
    assert (await program("crawl", "meridian")).status == 0
    table["channels"]["hook"]["url"] = receiver.base + "/other"

    filters = {
        "all": [],
        "json": ["--format", "json"],
        "newest": ["--limit", "1"],
        "tag": ["--tag", "#harbourpark"],
        "watch": ["--watch", "all"],
        "source": ["--source", "meridian"],
        "kind": ["--kind", "correction"],
        "recent": ["--since", "1h"],
        "table": ["--format", "table"],
    }
    listed = dict(
        zip(filters, await program.all_within(*(["releases", *given] for given in filters.values())), strict=True)
    )
    assert {ended.status for ended in listed.values()} == {0}
    everything = listed["all"].rows
    correction, *_ = everything
    assert [row["kind"] for row in everything].count("correction") == 1
    assert {row["url"] for row in everything} >= {canonical_url(market), canonical_url(batteries)}
    assert len(everything) == 3
    assert json.loads(listed["json"].out) == everything == listed["recent"].rows
    assert listed["newest"].rows == [correction] == listed["kind"].rows
    assert [row["url"] for row in listed["tag"].rows] == [canonical_url(market)]
    assert listed["tag"].rows == listed["watch"].rows
    assert {row["source"] for row in listed["source"].rows} == {"meridian"}
    assert re.search(rf"(?m)correction +meridian +{correction['id']}", listed["table"].out), listed["table"].said

    events = {event["type"]: event for event in receiver.events}
    by_story, by_release, by_event, people, nothing, watched, alerts, failed = await program.all_within(
        ["show", correction["story"]],
        ["show", correction["id"]],
        ["show", events["release.corrected"]["id"]],
        ["show", correction["id"], "--format", "table"],
        ["show", "rel_nothing"],
        ["watches", "test", "all"],
        ["alerts"],
        ["alerts", "--failed"],
    )
    (story,) = by_story.rows
    assert [story] == by_release.rows == by_event.rows
    assert [part["kind"] for part in story["releases"]] == ["new", "correction"]
    assert story["releases"][1]["replaces"] == story["releases"][0]["release"]["id"]
    assert any("206 packs" in (change["after"] or "") for change in story["releases"][1]["changes"])
    assert re.search(r"\+ .*206 packs in two lots", people.out), people.said
    assert (nothing.status, nothing.out) == (1, "")
    assert "no story, release or event has the id 'rel_nothing'" in nothing.err
    assert [row["url"] for row in watched.rows] == [canonical_url(market)]
    assert [row["state"] for row in alerts.rows] == ["sent"] * 3
    assert failed.out == ""


async def test_alerts_are_tried_again_and_channels_are_tested(program, table, newswire, receiver):
    table["channels"]["hook"]["retry"] = []
    table["channels"]["dead"] = {
        "type": "webhook",
        "url": "http://127.0.0.1:1/",
        "secret": table["channels"]["hook"]["secret"],
    }
    table["watches"]["rest"]["channels"] = ["hook"]
    receiver.fail(400, times=1)
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    await program("crawl", "meridian")
    failed = await program.within("alerts", "--failed")
    (row,) = failed.rows
    assert (row["state"], "400" in row["error"]) == ("failed", True)
    tables = await program.all_within(
        ["alerts", "--format", "table", "--watch", "rest", "--since", "1h"],
        ["alerts", "--watch", "all"],
        ["alerts", "--state", "sent"],
        ["alerts", "channels"],
        ["alerts", "--watch", "nobody"],
        ["alerts", "--failed", "--state", "sent"],
    )
    assert re.search(r"(?m)^hook +0 +– +1 +0 ", tables[0].out), tables[0].said
    assert row["id"] in tables[0].out
    assert [table.rows for table in tables[1:3]] == [[], []]
    hook, dead = tables[3].rows
    assert (hook["channel"], hook["failed"], hook["off"], dead["waiting"]) == ("hook", 1, None, 0)
    assert [table.status for table in tables] == [0, 0, 0, 0, 2, 2]
    again, everything, unknown, well, dead = await program.all_within(
        ["alerts", "retry", row["id"]],
        ["alerts", "retry", "--all"],
        ["alerts", "retry", "evt_nothing:hook"],
        ["alerts", "test", "hook"],
        ["alerts", "test", "dead"],
    )
    assert (again.status, everything.status) == (0, 0), again.said + everything.said
    assert "it is due again; the daemon sends it" in again.out
    assert (unknown.status, "alert 'evt_nothing:hook' does not exist" in unknown.err) == (1, True), unknown.said
    assert (well.status, "the test alert arrived at 'hook'" in well.out) == (0, True), well.said
    assert (dead.status, "did not arrive at 'dead'" in dead.err) == (1, True), dead.said
    assert [event["type"] for event in receiver.events if event["type"] == "release.new"] == ["release.new"]


async def test_a_page_is_printed_as_json_text_or_markdown_without_redis(tmp_path, program, table, newswire):
    table["redis_url"] = "redis://127.0.0.1:1/0"  # nobody listens there
    url = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    fetched = await program("extract", url)
    assert fetched.status == 0, fetched.said
    release = json.loads(fetched.out)
    assert (release["headline"], release["source"]) == (stories.TRAM_BATTERIES.headline, "meridian")

    (tmp_path / "page.html").write_text(
        "<html><body><article><h1>Copper Kettle Works Opens a Second Foundry</h1>"
        "<p>HONG KONG SAR - Media OutReach Newswire - 11 February 2026 - Copper Kettle Works has opened a second "
        "foundry at the harbour, in which sixty people will cast bells and valves for ships.</p>"
        "<p>It casts small bells. \x1b[31mVisitors\x1b[0m are welcome on every first Sunday of the month.</p>"
        "<p>The old furnace will be kept as a museum, said the company, which was founded by three brothers.</p>"
        "</article></body></html>"
    )
    (tmp_path / "none.html").write_text("<html><body><p>Not here.</p></body></html>")
    page = ["extract", "page.html", "--url", "https://wire.example/news/1"]
    text, explained, markdown, none, missing, folder, nowhere = await program.all_within(
        [*page, "--format", "text"],
        [*page, "--explain"],
        [*page, "--format", "markdown"],
        ["extract", "none.html"],
        ["extract", "nothing.html"],
        ["extract", str(tmp_path)],
        ["extract", "page.html", "--url", "wire.example/news/1"],
    )
    lines = text.out.splitlines()
    assert lines[0].startswith("HONG KONG SAR"), text.said
    assert "Copper Kettle Works Opens a Second Foundry" not in text.out
    assert len(lines) == 3
    assert "0 dropped    Copper Kettle Works Opens a Second Foundry  [the headline" in explained.out, explained.said
    assert 'headline = "Copper Kettle Works Opens a Second Foundry"' in explained.out
    assert "\x1b" not in explained.out + text.out + markdown.out
    assert markdown.out.startswith("# Copper Kettle Works Opens a Second Foundry\n\n"), markdown.said
    assert (none.status, none.err.startswith("wirewatch: none.html is no release: ")) == (1, True), none.said
    assert (missing.status, "nothing.html: No such file" in missing.err) == (1, True)
    assert (folder.status, "Is a directory" in folder.err) == (1, True)
    assert (nowhere.status, "'wire.example/news/1' is not a web address" in nowhere.err) == (2, True)


async def test_show_names_what_a_page_says_by_chance(program, newswire, redis):
    newswire.publish(stories.NIGHT_MARKET)
    assert (await program("crawl", "harbourline")).status == 0
    (row,) = (await program.within("releases")).rows
    price = VolatilePlace(field="body", above="", is_volatile=True, text="LSE: SALT £12.01")
    edited = VolatilePlace(field="body", above="", text="")
    states = PageStates(is_unstable=True, places=(price, edited))
    await PageObservations(redis).put_page_states(row["id"], states)
    data, people = await program.all_within(["show", row["id"]], ["show", row["id"], "--format", "table"])
    (release,) = data.rows[0]["releases"]
    assert release["volatile"] == [{"field": "body", "text": "LSE: SALT £12.01"}]
    assert release["unstable"] is True
    assert "volatile, not alerted: body: LSE: SALT £12.01" in people.out
    assert "unstable: the page returns to earlier states" in people.out


async def test_hostile_words_never_command_the_terminal(program, newswire):
    newswire.publish(HOSTILE, "meridian")
    shown = [
        await program.on_terminal("sources", "test", "meridian"),
        await program.on_terminal("crawl", "meridian"),
        await program.on_terminal("releases"),
        await program.on_terminal("releases", "--format", "jsonl"),
    ]
    (row,) = (await program.within("releases")).rows
    shown.append(await program.on_terminal("show", row["id"]))
    for ended in shown:
        assert ended.status == 0, ended.said
        left = STYLES.sub("", ended.out)
        assert "[bold red]Reports[/bold red]" in left, repr(ended.out)
        assert not CONTROLS.search(left), repr(ended.out)
        assert "\x1b" not in left, repr(ended.out)
        assert "\x1b[31;5m" not in ended.out


WRONG = {
    "an unknown watch": (["releases", "--watch", "nope"], "watch 'nope' does not exist; allowed are all, rest"),
    "a time that is none": (["releases", "--since", "soon"], "'soon' is not a duration"),
    "an unknown kind": (["releases", "--kind", "nope"], "kind 'nope' does not exist; allowed are "),
    "too few": (["releases", "--limit", "0"], "--limit"),
    "an unknown source": (["sources", "test", "nope"], "source 'nope' does not exist; allowed are harbourline, "),
    "an unknown channel": (["alerts", "test", "nope"], "channel 'nope' does not exist; allowed are hook"),
    "nothing to try again": (["alerts", "retry"], "give the ID of one alert, or --all"),
    "an unknown form": (["watches", "--format", "xml"], "'xml'"),
    "an unknown command": (["crwal"], "crwal"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_usage_ends_with_2_and_says_what_is_allowed(program, wrong):
    given, words = WRONG[wrong]
    ended = program.within_now(*given)
    assert ended.status == 2, ended.said
    assert words in ended.err
    assert ended.out == ""


def commands(command, path=()):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_help_has_an_example_on_a_line_of_its_own(path):
    ended = CliRunner().invoke(app, [*path, "--help"])
    assert ended.exit_code == 0
    if path[:1] != ("healthcheck",):
        assert re.search(rf"(?m)^ *(Begin with: )?wirewatch [^\n]*{path[-1] if path else 'demo'}", ended.output), (
            ended.output
        )


async def test_the_version_and_the_schema_are_printed_without_a_configuration(program, table):
    table["unknown"] = True
    version, schema, checked = await program.all_within(["--version"], ["check", "--schema"], ["check"])
    assert re.fullmatch(r"wirewatch \d+\.\d+\.\d+\n", version.out), version.said
    assert (schema.status, json.loads(schema.out)["type"]) == (0, "object"), schema.said
    assert checked.status == 2


async def test_check_says_what_it_found_and_what_is_wrong_with_redis(program, table):
    well = await program.within("check")
    assert well.status == 0, well.said
    assert "2 watch(es), 1 channel(s), 4 of 4 source(s) enabled: no errors" in well.out
    for fault in interpreter_faults(sys.version_info[:3]):
        assert f"warning: {fault}" in well.err
    table["redis_url"] = "redis://user:canary-81cc@127.0.0.1:1/0"
    away = await program.within("check")
    assert (away.status, "Redis at 127.0.0.1:1/0 is not reachable" in away.err) == (1, True), away.said
    assert "canary-81cc" not in away.said


async def test_testing_a_channel_that_was_switched_off_turns_it_on_again_if_it_works(program, receiver, redis):
    await redis.hset(keys.channel("hook").name, mapping={"off": "410 from hooks.example", "off_at": "1770778800000"})
    receiver.fail(410, times=1)
    still, works, unneeded = await program.all_within(*[["alerts", "test", "hook"]] * 3)
    assert (still.status, "410 from" in still.err) == (1, True), still.said
    assert (works.status, "channel 'hook' is on again" in works.out) == (0, True), works.said
    assert (unneeded.status, "on again" in unneeded.out) == (0, False), unneeded.said
