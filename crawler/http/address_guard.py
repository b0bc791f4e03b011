"""The SSRF guard: the crawler connects only to public or allowed addresses, checked after name resolution.

Which private networks may be reached depends on the source too: a link or a redirect leads into one that the operator
allows only if a configured listing of the same source is on that network. So a public site cannot have pages of an
intranet read that another source is read from.

Scrapy connects through Twisted's ``HostnameEndpoint``, which asks the reactor's name resolver for every host, literal
addresses and their odd spellings included. A resolver that gives only permitted addresses is thus the one gate.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from time import monotonic
from typing import Any, Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from config.address_policy import AddressPolicy, BlockedAddressError
from config.settings import Settings
from crawler.http.size_limits import ResponseLimitError
from stories.model.urls import URL_MAX, has_userinfo, without_userinfo

SOURCE_META = "wirewatch_source"
"""The key in a request's ``meta`` of the source that it is made for; redirects and retries keep it."""
RESOLUTION_SECONDS = 60.0  # seconds for which the addresses of a host are remembered, where there are private networks
MAX_REMEMBERED_HOSTS = 1_000  # hosts whose refusal is explained, and whose addresses are known; the latest

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Scope:
    """The private networks that one request may reach, of those that the operator allows."""

    source: str
    networks: frozenset[Network]

    def reason(self, host: str, address: str) -> str:
        """Return why an address is out of it."""
        return (
            f"{host} resolves to {address}, a private address; a link or redirect leads there only if a listing of "
            f"the same source ({self.source or 'none'}) is on that network"
        )


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)
"""Of the request that is being sent: Twisted resolves a name in the call that sends it."""


class AddressGuard:
    """The policy, and why a host was refused last: the connection itself only fails as "not found"."""

    def __init__(self, policy: AddressPolicy, listing_hosts: Mapping[str, frozenset[str]] | None = None) -> None:
        """``listing_hosts``: the hosts of the configured listings of each source."""
        self.policy = policy
        self._listing_hosts = listing_hosts or {}
        self._refused: OrderedDict[str, str] = OrderedDict()
        self._resolved: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    async def scope_of(self, request: Request) -> Scope | None:
        """Return the private networks that a request may reach; None where the operator allows none at all.

        They are those of the configured listings of its source. What belongs to no configured source, a page that a
        user requested, may reach those of the first requested address.
        """
        if not self.policy.allowed:
            return None
        source = str(request.meta.get(SOURCE_META, ""))
        first = (request.meta.get("redirect_urls") or [request.url])[0]
        hosts = self._listing_hosts.get(source) or {urlsplit(first).hostname or ""}
        networks: set[Network] = set()
        for host in hosts:
            for address in await self._addresses(host):
                networks |= self.policy.networks_of(address)
        return Scope(source, frozenset(networks))

    async def check(self, request: Request) -> None:
        """Raise ``IgnoreRequest`` for a request to a host all of whose addresses are out of its scope."""
        scope = await self.scope_of(request)
        host = urlsplit(request.url).hostname or ""
        if scope is None or not (addresses := await self._addresses(host)):
            return
        networks = [self.policy.networks_of(address) for address in addresses]
        is_open = any(map(self.policy.is_public, addresses)) or any(scope.networks & reached for reached in networks)
        if not is_open and any(networks):  # without any the resolver says why
            raise IgnoreRequest(f"refused: {scope.reason(host, addresses[0])}")

    @contextmanager
    def sending(self, scope: Scope | None) -> Iterator[None]:
        """Judge the names that are resolved inside the block by a scope too."""
        token = _scope.set(scope)
        try:
            yield
        finally:
            _scope.reset(token)

    async def _addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of a host; none when it has none now."""
        try:
            return (str(ip_address(host)),)
        except ValueError:
            pass
        until, found = self._resolved.get(host, (0.0, ()))
        if until > monotonic():
            return found
        try:
            answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = tuple(sorted({str(answer[4][0]) for answer in answers}))
        except (OSError, UnicodeError):
            found = ()
        self._resolved[host] = (monotonic() + RESOLUTION_SECONDS, found)
        while len(self._resolved) > MAX_REMEMBERED_HOSTS:
            self._resolved.popitem(last=False)
        return found

    def refused(self, host: str) -> str | None:
        """Return why no address of the host may be reached, if that is what happened."""
        return self._refused.get(host.casefold())

    def permits(self, address: str, host: str) -> bool:
        """Judge one resolved address of a host."""
        scope = _scope.get()
        try:
            self.policy.check(address, host)
            if scope and not (self.policy.is_public(address) or scope.networks & self.policy.networks_of(address)):
                raise BlockedAddressError(scope.reason(host, address))
        except BlockedAddressError as refusal:
            self._refused[host.casefold()] = str(refusal)
            while len(self._refused) > MAX_REMEMBERED_HOSTS:
                self._refused.popitem(last=False)
            return False
        self._refused.pop(host.casefold(), None)
        return True


@implementer(IResolutionReceiver)
class _FilteringReceiver:
    """Passes on the permitted addresses of one resolution."""

    def __init__(self, receiver: Any, guard: AddressGuard, host: str) -> None:
        self._receiver = receiver
        self._guard = guard
        self._host = host

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802 (Twisted's name)
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        if self._guard.permits(str(getattr(address, "host", "")), self._host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class GuardedResolver:
    """The reactor's resolver with a sieve behind it; install it with ``reactor.installNameResolver``."""

    def __init__(self, resolver: Any, guard: AddressGuard) -> None:
        self._resolver = resolver
        self._guard = guard

    def resolveHostName(  # noqa: N802
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        sieve = _FilteringReceiver(resolutionReceiver, self._guard, hostName)
        resolution: IHostResolution = self._resolver.resolveHostName(
            sieve, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution


def guard_of(settings: Settings) -> AddressGuard:
    """Return the guard for a configuration."""
    hosts = {
        name: frozenset(host for listing in source.listings if (host := urlsplit(listing.url).hostname))
        for name, source in settings.sources.items()
    }
    return AddressGuard(AddressPolicy(settings.polling.private_addresses), hosts)


class GuardMiddleware:
    """Lets only http and https through, without user name or password, and into private networks only by right.

    It sees every request, after redirects and of scripts too, and before robots.txt is requested.
    """

    def __init__(self, crawler: Crawler | None = None) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware of a crawler."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Raise ``IgnoreRequest`` for a request that must not be made."""
        if not request.url.startswith(("http://", "https://")):
            raise IgnoreRequest(f"refused: {without_userinfo(request.url)[:100]} is no web address")
        if len(request.url) > URL_MAX:
            shown = without_userinfo(request.url)[:60]
            raise ResponseLimitError(f"URL longer than {URL_MAX >> 10} kB: {shown}…", "url")
        if has_userinfo(request.url):
            raise IgnoreRequest(f"refused: {without_userinfo(request.url)[:100]} holds a user name or password")
        if self._crawler is not None and self._crawler.spider is not None:
            await self._crawler.spider.services.address_guard.check(request)  # type: ignore[attr-defined]
