"""Loading a configuration as its writer sees it: where it is found, and every fault at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from config.loader import ConfigurationError, Fault, Loaded, check, find_configuration, load
from config.settings import ChannelSettings


class Hook(ChannelSettings):
    url: str
    secret: SecretStr | None = None


KINDS: dict[str, type[ChannelSettings]] = {"console": ChannelSettings, "webhook": Hook}
Read = Callable[..., Loaded]
Faults = Callable[..., list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wirewatch.toml"


@pytest.fixture
def read(file: Path) -> Read:
    """Return what a configuration of this text, in this environment, is loaded as."""

    def read(text: str | bytes = "", environment: Mapping[str, str] | None = None) -> Loaded:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(file, KINDS, environment or {})

    return read


@pytest.fixture
def faults(read: Read, file: Path) -> Faults:
    """Return the faults of a configuration, a line each, the file's name shortened to ``wirewatch.toml``."""

    def faults(text: str | bytes = "", environment: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigurationError) as raised:
            read(text, environment)
        return [str(fault).replace(str(file), file.name) for fault in raised.value.faults]

    return faults


class TestWhereItIsFound:
    def test_the_named_file_comes_first(self, file: Path, tmp_path: Path) -> None:
        file.touch()
        assert find_configuration(file, {"WIREWATCH_CONFIG": str(tmp_path / "other.toml")}) == file

    def test_then_the_variable_then_the_folder_one_is_in(
        self, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file.touch()
        other = tmp_path / "other.toml"
        other.touch()
        monkeypatch.chdir(tmp_path)
        assert find_configuration(None, {"WIREWATCH_CONFIG": str(other)}) == other
        assert find_configuration(None, {}) == Path("wirewatch.toml")

    def test_then_the_users_own_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path / "wirewatch"))
        mine = tmp_path / "wirewatch" / "wirewatch.toml"
        mine.parent.mkdir()
        mine.touch()
        assert find_configuration(None, {}) == mine

    @pytest.mark.parametrize(("given", "by"), [(True, "--config"), (False, "$WIREWATCH_CONFIG")])
    def test_a_file_that_was_named_but_is_not_there_is_a_fault(self, file: Path, given: bool, by: str) -> None:
        with pytest.raises(ConfigurationError) as raised:
            load(file if given else None, KINDS, {"WIREWATCH_CONFIG": str(file)})
        assert str(raised.value) == f"{file}: no such file (given by {by})"


class TestBrokenFiles:
    def test_broken_toml_is_told_with_line_and_column(self, faults: Faults) -> None:
        (fault,) = faults('data_dir = "/tmp"\n[web]\nport = = 80\n')
        assert fault.startswith("wirewatch.toml: not TOML: ")
        assert fault.endswith("(at line 3, column 8)")

    def test_a_key_given_twice_is_told_with_its_line(self, faults: Faults) -> None:
        (fault,) = faults("[web]\nport = 80\nport = 81\n")
        assert "line 3" in fault

    def test_another_charset_is_told(self, faults: Faults) -> None:
        (fault,) = faults('[watches.a]\ntitle = "Café"'.encode("latin-1"))
        assert fault.startswith("wirewatch.toml: not UTF-8: ")

    def test_a_byte_order_mark_does_no_harm(self, read: Read) -> None:
        assert read("\ufeff[web]\nport = 80\n").settings.web.port == 80

    def test_nesting_without_end_is_told(self, faults: Faults) -> None:
        assert faults("a = " + "[" * 100_000) == ["wirewatch.toml: not TOML: nested too deeply"]

    def test_a_folder_or_a_file_nobody_may_read_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="no such file"):
            load(tmp_path, KINDS, {})


class TestUnknownKeys:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("intervall = 1", "intervall: unknown key; allowed are alerts, catalog, channels, data_dir, memory, pol"),
            ("[polling]\nintervl = '5m'", "polling.intervl: unknown key; allowed are adaptive, interval, private_add"),
            ("[watches.a]\ntag = ['x']", "watches.a.tag: unknown key; allowed are channels, events, query, sources, t"),
            (
                "[sources.x]\nlistings = [{ url = 'https://x/', uri = '' }]",
                "sources.x.listings.0.uri: unknown key; allowed are entry, headline, interval, kind, link, next, pages",
            ),
            (
                "[sources.x]\nlistings = [{ url = 'https://x/' }]\nrelease = { urls = '' }",
                "sources.x.release.urls: unknown key; allowed are body, drop, encoding, full_text, headline, issuer, p",
            ),
            (
                "[channels.c]\ntype = 'webhook'\nurl = ''\nsecrt = ''",
                "channels.c.secrt: unknown key; allowed are secret, type, url",
            ),
        ],
    )
    def test_an_unknown_key_is_told_with_the_allowed_ones(self, faults: Faults, text: str, fault: str) -> None:
        (found,) = faults(text)
        assert found.startswith(f"wirewatch.toml: {fault}")


class TestImpossibleValues:
    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            (
                "[polling]\ninterval = '5 minutes'",
                "polling.interval: '5 minutes' is not a duration; allowed is a number",
            ),
            ("[polling]\ninterval = 5", "polling.interval: 5 is not a duration; allowed is a number with a unit"),
            ("[polling]\ninterval = '0s'", "polling.interval: 0s is too short; allowed is 1s or more"),
            (
                "[polling]\nrevisit = ['1h 3d']",
                "polling.revisit.0: '1h 3d' is not a step of the revisit ladder; allowed is \"15m f",
            ),
            ("[polling]\nuser_agent = ''", "polling.user_agent: must not be empty"),
            (
                "[polling]\nprivate_addresses = ['home']",
                "polling.private_addresses.0: 'home' is not a network; allowed is C",
            ),
            ("[alerts]\nfirst_poll = 'skip'", "alerts.first_poll: is unknown; allowed are 'seed' or 'alert'"),
            ("[alerts]\nmax_age = 'never'", "alerts.max_age: 'never' is not a duration"),
            ("[web]\nport = 99999", "web.port: is too large; allowed is 65535 or less"),
            ("[web]\nhost = '0.0.0.0'", "web.token: is required when web.host is not loopback (it is '0.0.0.0')"),
            ("[web]\ntoken = ''", "web.token: is empty; allowed are 8 and more"),
            ("[web]\ntoken = 'x'", "web.token: has 1 characters; allowed are 8 and more, 5 of them different"),
            ("[web]\ntoken = 'letters'", "web.token: has 7 characters; allowed are 8 and more"),
            ("[web]\ntoken = 'abababababababab'", "web.token: has only 2 different characters; allowed are 8"),
            ("web = 3", "web: must be a table"),
            ("watches = 3", "watches: must be a table"),
            ("sources = 3", "sources: must be a table"),
            ("channels = 3", "channels: must be a table: [channels.NAME]"),
            ("data_dir = '~no-such-user-here/x'", "data_dir: '~no-such-user-here/x': Could not determine home"),
            ("[watches.a]\ntags = 'HKSTP'", 'watches.a.tags: must be a list: ["…"]'),
            ("[watches.a]\ntags = ['#']", "watches.a.tags.0: '#' is not a hashtag; allowed are words such as"),
            ("[watches.a]\nevents = ['old']", "watches.a.events.0: is unknown; allowed are 'new', 'corrected'"),
            ("[watches.'HK 1']", "watches.HK 1: 'HK 1' is not a valid name; allowed are small letters, digits"),
            (
                "[channels.'HK 1']\ntype = 'console'",
                "channels.HK 1: 'HK 1' is not a valid name; allowed are small letters",
            ),
            ("[channels.a]\nurl = ''", "channels.a.type: is missing; allowed are console, webhook"),
            ("[channels.a]\ntype = 'fax'", "channels.a.type: 'fax' is unknown; allowed are console, webhook"),
            ("[channels.a]\ntype = 'webhook'", "channels.a.url: is missing"),
        ],
    )
    def test_it_is_told_at_its_key_with_what_is_allowed(self, faults: Faults, text: str, fault: str) -> None:
        (found,) = faults(text)
        assert found.startswith(f"wirewatch.toml: {fault}")

    def test_a_bad_query_is_told_with_a_caret_under_the_place(self, faults: Faults) -> None:
        (fault,) = faults("[watches.parks]\nquery = '\"science park\" AND (golf OR'")
        assert fault.splitlines() == [
            "wirewatch.toml: watches.parks.query: the query ends too early (column 28)",
            '  "science park" AND (golf OR',
            "                             ^",
        ]

    def test_a_password_in_a_wrong_address_of_redis_is_not_repeated(self, faults: Faults) -> None:
        (fault,) = faults("redis_url = 'http://:hunter2@localhost'")
        allowed = "redis://…, rediss://…, redis+sentinel://…, rediss+sentinel://… and unix://…"
        assert fault == f"wirewatch.toml: redis_url: allowed are {allowed}"


class TestSources:
    @pytest.mark.parametrize("body", ["title = 'Example'", "listings = []"])
    def test_a_source_without_listings_is_told_how_one_looks(self, faults: Faults, body: str) -> None:
        assert faults(f"[sources.example]\n{body}") == [
            "wirewatch.toml: sources.example.listings: a source needs at least one listing: "
            'listings = [{ url = "https://…" }]'
        ]

    def test_a_bundled_source_without_a_known_listing_needs_one_to_be_turned_on(
        self, faults: Faults, read: Read
    ) -> None:
        (fault,) = faults("[sources.newmediawire]\nenabled = true")
        assert "sources.newmediawire.listings: a source needs at least one listing" in fault
        mine = "[sources.newmediawire]\nenabled = true\nlistings = [{ url = 'https://wire.example/' }]"
        assert read(mine).settings.sources["newmediawire"].release.url

    @pytest.mark.parametrize(
        "url", ["ftp://x/", "wire.example/rss", "https://", "https://x:99999/", "https://[::1/", "https://x/a b", ""]
    )
    def test_a_listing_that_is_no_web_address_is_told(self, faults: Faults, url: str) -> None:
        (fault,) = faults(f"[sources.x]\nlistings = [{{ url = '{url}' }}]")
        assert f"sources.x.listings.0.url: {url!r} is not a web address; allowed is http://… or https://…" in fault

    @pytest.mark.parametrize(
        "url", ["https://user:pa55word@x/", "https://user@x/", "https://a:pa55@word@x/{tag}", "ftp://a:pa55word@x/"]
    )
    def test_a_listing_with_a_user_name_or_password_is_refused_and_not_shown(self, faults: Faults, url: str) -> None:
        (fault,) = faults(f"[sources.x]\nlistings = [{{ url = '{url}' }}]")
        assert "sources.x.listings.0.url: " in fault
        assert "contains a user name or password" in fault
        assert "pa55" not in fault

    def test_a_public_url_with_a_password_is_refused_and_not_shown(self, faults: Faults) -> None:
        (fault,) = faults("[web]\npublic_url = 'https://user:pa55word@desk.example'")
        assert "web.public_url: " in fault
        assert "pa55" not in fault

    def test_a_placeholder_other_than_tag_is_told(self, faults: Faults) -> None:
        (fault,) = faults("[sources.x]\nlistings = [{ url = 'https://x/{country}/{tag}' }]")
        assert "{country} is unknown; allowed is {tag}" in fault

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("body", "div..x", "'div..x' is not a CSS selector"),
            ("drop", ["aside", "["], "'[' is not a CSS selector"),
            ("url", "(", "'(' is not a regular expression"),
            ("url", "a{99999999999}", "is not a regular expression"),
            ("url", "/news/(?!tag)", "look-ahead, look-behind and back-references are not allowed"),
            ("url", "(?<=news)/a", "look-ahead, look-behind and back-references are not allowed"),
            ("timezone", "Hong Kong", "'Hong Kong' is not a time zone; allowed are IANA names such as Asia/Hong_Kong"),
            ("timezone", "../../etc/passwd", "is not a time zone"),
            ("encoding", "utf-99", "'utf-99' is not a charset; allowed are names such as utf-8"),
        ],
    )
    def test_a_hint_that_cannot_work_is_told(self, faults: Faults, key: str, value: object, message: str) -> None:
        (fault,) = faults(f"[sources.x]\nlistings = [{{ url = 'https://x/' }}]\nrelease = {{ {key} = {value!r} }}")
        assert f"sources.x.release.{key}" in fault
        assert message in fault

    def test_a_declared_source_with_a_bundled_name_changes_only_the_keys_that_it_gives(self, read: Read) -> None:
        before = read().settings.sources["media-outreach"]
        text = "[sources.media-outreach]\ninterval = '2m'\nrelease = { body = 'div.text' }"
        after = read(text).settings.sources["media-outreach"]
        assert after.interval == timedelta(minutes=2)
        assert after.release.body == "div.text"
        assert after.release.url == before.release.url
        assert (after.title, after.listings, after.timezone) == (before.title, before.listings, before.timezone)

    def test_its_listings_can_be_replaced(self, read: Read) -> None:
        text = "[sources.media-outreach]\nlistings = [{ url = 'http://127.0.0.1:8000/tag/{tag}' }]"
        source = read(text).settings.sources["media-outreach"]
        assert source.enabled
        assert [listing.per_tag for listing in source.listings] == [True]

    @pytest.mark.parametrize("text", ["catalog = false", "catalog = 'false'", "catalog = 0"])
    def test_without_the_catalog_there_are_only_the_declared_ones(self, read: Read, text: str) -> None:
        assert set(read(f"{text}\n[sources.x]\nlistings = [{{ url = 'https://x/' }}]").settings.sources) == {"x"}


class TestWatches:
    def test_a_watch_that_names_an_unknown_channel_is_told_with_the_known_ones(self, faults: Faults) -> None:
        assert faults("[channels.desk]\ntype = 'console'\n[watches.a]\nchannels = ['dask', 'desk']") == [
            "wirewatch.toml: watches.a.channels: there is no channel 'dask' (did you mean 'desk'?); there are desk"
        ]

    def test_a_watch_that_names_an_unknown_source_is_told_the_closest(self, faults: Faults) -> None:
        (fault,) = faults("[watches.a]\nsources = ['media-outreech']")
        assert "watches.a.sources: there is no source 'media-outreech' (did you mean 'media-outreach'?)" in fault

    def test_a_watch_of_a_faulty_channel_is_not_told_twice(self, faults: Faults) -> None:
        assert faults("[channels.c]\ntype = 'webhook'\n[watches.a]\nchannels = ['c']") == [
            "wirewatch.toml: channels.c.url: is missing"
        ]

    def test_the_contracts_sample_loads(self, read: Read) -> None:
        loaded = read(
            """
            [watches.hkstp]
            title    = "HKSTP"
            tags     = ["HKSTP"]
            query    = '"science park" AND NOT golf'
            sources  = ["media-outreach"]
            events   = ["new", "corrected", "updated", "revised", "withdrawn"]
            channels = ["intake"]
            [channels.intake]
            type   = "webhook"
            url    = "https://intake.example/wirewatch"
            secret = "whsec_c2VjcmV0"
            """
        )
        assert isinstance(loaded.settings.channels["intake"], Hook)
        assert "whsec" not in repr(loaded)


def test_a_channel_that_has_a_fault_of_its_own_is_still_named_among_those_there_are(faults: Faults) -> None:
    told = faults("[watches.a]\ntags = ['x']\nchannels = ['log']\n[channels.hook]\ntype = 'webhook'\n")
    assert "wirewatch.toml: watches.a.channels: there is no channel 'log'; there are hook" in told
    assert any(event.startswith("wirewatch.toml: channels.hook.url: ") for event in told)


def test_all_faults_are_told_at_once(faults: Faults) -> None:
    text = """
    colour = "red"
    [polling]
    interval = "5 minutes"
    [web]
    host = "0.0.0.0"
    port = 99999
    [watches.a]
    query = "a AND"
    channels = ["nowhere"]
    [channels.b]
    type = "fax"
    [sources.x]
    interval = "0s"
    listings = [{ url = "ftp://x", interval = "0s", kind = "pdf" }]
    """
    assert [fault.split(": ")[1] for fault in sorted(faults(text))] == [
        "channels.b.type",
        "colour",
        "polling.interval",
        "sources.x.interval",
        "sources.x.listings.0.interval",
        "sources.x.listings.0.kind",
        "sources.x.listings.0.url",
        "watches.a.channels",
        "watches.a.query",
        "web.port",
        "web.token",
    ]


class TestEnvironment:
    def test_a_variable_is_a_key_nested_by_two_underscores(self, read: Read) -> None:
        environment = {"WIREWATCH_WEB__PORT": "9000", "WIREWATCH_REDIS_URL": "redis://127.0.0.1/1"}
        settings = read(environment=environment).settings
        assert settings.web.port == 9000
        assert settings.redis_url == SecretStr("redis://127.0.0.1/1")

    def test_it_overrides_the_file_key_by_key(self, read: Read) -> None:
        settings = read("[web]\nport = 1\nhost = '::1'", {"WIREWATCH_WEB__PORT": "9000"}).settings
        assert (settings.web.host, settings.web.port) == ("::1", 9000)

    def test_lists_and_tables_are_json_and_the_closer_variable_wins(self, read: Read) -> None:
        environment = {
            "WIREWATCH_WEB__PORT": "9000",
            "WIREWATCH_WEB": '{"port": 1, "host": "::1"}',
            "WIREWATCH_POLLING__REVISIT": '["15m for 3h"]',
        }
        settings = read(environment=environment).settings
        assert (settings.web.host, settings.web.port) == ("::1", 9000)
        assert settings.polling.revisit == ("15m for 3h",)

    @pytest.mark.parametrize(("value", "bundled"), [("false", False), ("0", False), ("true", True), ("1", True)])
    def test_the_catalog_can_be_switched(self, read: Read, value: str, bundled: bool) -> None:
        assert ("media-outreach" in read(environment={"WIREWATCH_CATALOG": value}).settings.sources) is bundled

    def test_a_secret_is_read_from_the_file_its_twin_names(self, read: Read, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("redis://:hunter2@127.0.0.1/1\n")
        hook = tmp_path / "hook"
        hook.write_text("whsec_x\n")
        text = "[channels.c]\ntype = 'webhook'\nurl = 'https://x/'"
        names = {"WIREWATCH_REDIS_URL_FILE": str(secret), "WIREWATCH_CHANNELS__C__SECRET_FILE": str(hook)}
        settings = read(text, names).settings
        assert settings.redis_url == SecretStr("redis://:hunter2@127.0.0.1/1")
        assert settings.channels["c"].secret == SecretStr("whsec_x")

    def test_a_secret_file_that_cannot_be_read_is_told_by_its_variable(self, faults: Faults, tmp_path: Path) -> None:
        (fault,) = faults(environment={"WIREWATCH_WEB__TOKEN_FILE": str(tmp_path / "none")})
        assert fault.startswith("$WIREWATCH_WEB__TOKEN_FILE: cannot be read: ")

    def test_an_empty_token_file_is_no_token(self, faults: Faults, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("\n")
        (fault,) = faults(environment={"WIREWATCH_WEB__TOKEN_FILE": str(tmp_path / "token")})
        assert fault.startswith("$WIREWATCH_WEB__TOKEN_FILE: web.token: is empty; ")

    def test_a_variable_and_its_twin_together_are_told(self, faults: Faults, tmp_path: Path) -> None:
        environment = {"WIREWATCH_REDIS_URL": "redis://x", "WIREWATCH_REDIS_URL_FILE": str(tmp_path)}
        assert faults(environment=environment) == [
            "$WIREWATCH_REDIS_URL_FILE: $WIREWATCH_REDIS_URL is set too; set only one of them"
        ]

    @pytest.mark.parametrize(
        ("name", "value", "fault"),
        [
            ("WIREWATCH_WEB__PORT", "99999", "web.port: is too large; allowed is 65535 or less"),
            ("WIREWATCH_WAB__PORT", "1", "wab: unknown key; allowed are alerts, catalog"),
            ("WIREWATCH_WEB__PROT", "1", "web.prot: unknown key; allowed are host, port, public_url, token"),
            ("WIREWATCH_POLLING__INTERVAL", "5", "polling.interval: '5' is not a duration"),
            ("WIREWATCH_WEB", "{", "web: must be a table"),
        ],
    )
    def test_a_fault_of_a_variable_names_the_variable(self, faults: Faults, name: str, value: str, fault: str) -> None:
        (found,) = faults(environment={name: value})
        assert found.startswith(f"${name}: {fault}")

    def test_a_variable_does_not_hide_a_fault_of_the_file(self, faults: Faults) -> None:
        assert faults("web = 3", {"WIREWATCH_WEB__PORT": "80"}) == ["wirewatch.toml: web: must be a table"]

    def test_other_variables_are_none_of_our_business(self, read: Read) -> None:
        environment = {"PATH": "/bin", "SENTRY_DSN": "x", "WIREWATCH_DATA": "/data", "WIREWATCHER": "1"}
        assert read(environment=environment).settings == read().settings


KEYS = st.sampled_from(["web", "polling", "watches", "sources", "channels", "alerts", "catalog", "interval", "a", "x"])
SIMPLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("5m")
TREES = st.dictionaries(
    KEYS,
    st.recursive(SIMPLE, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=3)),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(TREES)
def test_whatever_shape_a_configuration_has_the_answer_is_settings_or_faults(tree: dict[str, object]) -> None:
    found: list[Fault] = []
    checked = check(tree, KINDS, "wirewatch.toml", found)
    assert checked is not None or found
