"""Access control: host names, authentication, CSRF protection, body limits and security headers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.settings import LOOPBACK, WebSettings
from web.problems import problem, wants_page
from web.security.head_limits import COOKIES
from web.security.login_throttle import LoginThrottle
from web.templating import page

MAX_BODY_BYTES = 64 << 10  # the longest legitimate body is one address
BODY_TIMEOUT_SECONDS = 10.0  # for a whole body to arrive
MAX_CONCURRENT_REQUESTS = 24  # further requests wait, because crawling and delivery share the connections to Redis
COOKIE_DAYS = 30
PATHS_WITHOUT_TOKEN = ("/healthz",)  # probes have no token
PROBES = ("/healthz", "/readyz", "/metrics")  # they never wait for other requests
LOGIN = "/login"
LOGIN_STYLE = "/static/page.css"  # the login form's style, which is public
FEED = re.compile(r"/feeds/([a-z0-9_-]{1,64})\.(?:atom|json)")
OWN_ADDRESS = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII without a backslash
MAX_ADDRESS_CHARACTERS = 2_000  # characters
FORM = "application/x-www-form-urlencoded"  # sent by the pages; each form has a CSRF token too (web.security.csrf)
IS_HEAD_REQUEST = "wirewatch.head_alone"  # key in the ASGI scope: the request was HEAD, so the body is not needed
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-cache",
}


FORM_HEADERS = {"Referrer-Policy": "same-origin"}
"""For pages with a form: under ``no-referrer`` a browser sends ``Origin: null`` with the form (Fetch, "append a request
Origin header"), and over plain HTTP outside loopback it sends no ``Sec-Fetch-Site`` either."""


def host_of(header: str) -> str:
    """Return the lower-case host of a Host header without its port; empty for an invalid header."""
    try:
        return urlsplit(f"//{header.strip()}").hostname or ""
    except ValueError:
        return ""


def allowed_hosts(settings: WebSettings) -> frozenset[str] | None:
    """Return the allowed host names of a request; None for any.

    On loopback, an unknown host name means DNS rebinding: another site reads this server's pages. The host of
    ``public_url`` is allowed. On other addresses the token protects the pages, and their names are not known here.
    """
    if settings.host not in LOOPBACK:
        return None
    own = urlsplit(settings.public_url or "").hostname
    return frozenset(LOOPBACK) | ({own} if own else frozenset())


def same_origin(headers: Headers) -> bool | None:
    """Return whether a request comes from a page of this server; None if no browser header shows it.

    Fetch Metadata first (``Sec-Fetch-Site``), else ``Origin`` against ``Host``.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is None:
        return None
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False


class AccessControl:
    """ASGI middleware: refuses unauthorized requests, limits bodies, and adds security headers to every answer."""

    def __init__(self, app: ASGIApp, *, settings: WebSettings) -> None:
        self._app = app
        self._hosts = allowed_hosts(settings)
        self._token = settings.token.get_secret_value() if settings.token else None
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        started = working = False

        async def answer(message: Message) -> None:
            nonlocal started, working
            if message["type"] == "http.response.start":
                started = True
                if working:  # a response that streams for hours must not hold a slot
                    working = False
                    self._slots.release()
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        # Read the body before taking a slot, so a slow client does not hold one.
        body = await _body(receive, str(scope["path"]))
        if isinstance(body, Response):
            await body(scope, receive, answer)
            return
        if scope["method"] == "HEAD":  # as GET; the server omits the body (RFC 9110 section 9.3.2)
            scope = {**scope, "method": "GET", IS_HEAD_REQUEST: True}
        if scope["path"] not in PROBES:
            await self._slots.acquire()
            working = True
        try:
            await self._app(scope, _replay(body, receive), answer)
        except Exception:
            if not started:
                detail = "internal error in wirewatch; the log has the traceback"
                await problem(500, detail, scope["path"])(scope, receive, answer)
            raise
        finally:
            if working:
                self._slots.release()

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), str(scope["path"])
        if self._hosts is not None and host_of(headers.get("host", "")) not in self._hosts:
            allowed = ", ".join(sorted(self._hosts))
            return problem(
                421, f"unknown host name; this server listens on loopback only, and its names are: {allowed}", path
            )
        if path in PATHS_WITHOUT_TOKEN:
            return None
        has_token_header = False
        if self._token is not None:
            wait, known, has_token_header = self._authenticate(scope, headers, self._token)
            if not known and path not in (LOGIN, LOGIN_STYLE):
                return self._unauthorized(scope, headers, wait)
        if scope["method"] in SAFE_METHODS:
            return None
        return self._refused_change(str(scope["method"]), path, headers, has_token_header)

    @staticmethod
    def _authenticate(scope: Scope, headers: Headers, token: str) -> tuple[int, bool, bool]:
        """Check the credentials of a request: token header, cookie or feed key.

        Cookies and feed keys are derived from the token, so each wrong one counts as a wrong token.

        Returns:
            Seconds for which the address is blocked (then nothing is compared), whether the request is authenticated,
            and whether it is by the token header.
        """
        given = [headers.get("authorization", ""), *scope.get(COOKIES, ()), _feed_key(scope)]
        if not any(given):
            return 0, False, False
        throttle: LoginThrottle = scope["app"].state.login_throttle
        who = str((scope.get("client") or ("",))[0])
        wait = throttle.wait(who)
        if wait:
            return wait, False, False
        has_token_header = _bearer(headers, token)
        known = has_token_header or _cookie(scope, token) or _by_feed_key(scope, token)
        if known:
            throttle.succeeded(who)
        else:
            for credential in filter(None, given):
                throttle.failed(who, credential)
        return 0, known, has_token_header

    def _refused_change(self, method: str, path: str, headers: Headers, has_token_header: bool) -> Response | None:
        """Return a refusal of a cross-site or malformed change; None if the change is allowed.

        A change needs the token header or a page of this server. A cookie alone is no proof, because browsers send it
        with cross-site requests. Without a configured token, a request without browser headers comes from a program on
        this machine.
        """
        ours = same_origin(headers)
        form = not path.startswith("/api/")
        if not has_token_header and (ours is False or (ours is None and (self._token is not None or form))):
            return problem(403, "cross-site request, or missing token", path)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:12]) > MAX_BODY_BYTES:
            return problem(413, f"a body has at most {MAX_BODY_BYTES} bytes", path)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = FORM if form else "application/json"
        if kind != wanted and method == "POST":  # no other method changes anything: 405
            return problem(415, f"the content type must be {wanted}", path)
        return None

    @staticmethod
    def _unauthorized(scope: Scope, headers: Headers, wait: int) -> Response:
        asks, path = {"WWW-Authenticate": 'Bearer realm="wirewatch"'}, str(scope["path"])
        if wants_page(path, headers.get("accept", "")):
            # A link from another site sends no strict cookie. The login page reloads itself, which sends it.
            again = scope["method"] == "GET" and headers.get("sec-fetch-site") in ("cross-site", "same-site")
            return page(
                "login.html", status=401, headers=asks | FORM_HEADERS, wrong=None, onward=_address(scope), again=again
            )
        if wait:
            said = f"too many wrong tokens from this address; try again in {wait} s"
            return problem(429, said, path, headers={"Retry-After": str(wait)})
        return problem(401, "send the token: Authorization: Bearer …", path, headers=asks)


def _address(scope: Scope) -> str:
    """Return the requested address, to go there after login; the first page if the request was not GET."""
    if scope["method"] != "GET":
        return "/"
    query = scope["query_string"].decode("latin-1")
    return own_address(quote(str(scope["path"])) + (f"?{query}" if query else ""))


def own_address(given: str) -> str:
    """Return an address if it is on this server, else that of the first page (open redirect protection).

    ``//host`` and ``/\\host`` lead to other sites, and browsers ignore tabs and line ends in addresses.
    """
    return given if OWN_ADDRESS.fullmatch(given) and len(given) <= MAX_ADDRESS_CHARACTERS else "/"


def cookie_value(token: str) -> str:
    """Return the cookie's value. It is derived from the token, and invalid when the token changes."""
    return hmac.new(token.encode(), b"wirewatch cookie 1", hashlib.sha256).hexdigest()


def feed_key(token: str, watch: str) -> str:
    """Return the key of a watch's feeds, derived from the token and invalid when the token changes.

    A feed reader cannot send the token, and its address is stored in files and proxy logs. So the key opens only the
    feeds of one watch and does not reveal the token.
    """
    return hmac.new(token.encode(), f"wirewatch feed 1 {watch}".encode(), hashlib.sha256).hexdigest()[:32]


def constant_time_equal(given: str, wanted: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def _bearer(headers: Headers, token: str) -> bool:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    # Headers are decoded as Latin-1; the token may contain any character.
    sent = given.strip().encode("latin-1").decode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and constant_time_equal(sent, token)


def _feed_key(scope: Scope) -> str:
    """Return the feed key in a request; empty without one."""
    if FEED.fullmatch(scope["path"]) is None or scope["method"] not in SAFE_METHODS:
        return ""
    try:
        fields = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
    except ValueError:  # too many fields
        return ""
    return str(fields.get("key", [""])[0])


def _by_feed_key(scope: Scope, token: str) -> bool:
    feed, given = FEED.fullmatch(scope["path"]), _feed_key(scope)
    return feed is not None and given != "" and constant_time_equal(given, feed_key(token, feed[1]))


def _cookie(scope: Scope, token: str) -> bool:
    wanted = cookie_value(token)
    return any(constant_time_equal(value, wanted) for value in scope.get(COOKIES, ()))


async def _body(receive: Receive, path: str) -> bytes | Response:
    """Return the body of a request, or a refusal if it is too long or too slow."""
    parts, taken = [], 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":  # a truncated body may mean something else
                    return problem(400, "the body is incomplete", path)
                part = message.get("body", b"")
                taken += len(part)
                if taken > MAX_BODY_BYTES:
                    return problem(413, f"a body has at most {MAX_BODY_BYTES} bytes", path)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        return problem(408, f"the body did not arrive within {BODY_TIMEOUT_SECONDS:.0f} s", path)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the body that was read, and then the messages of the connection."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
