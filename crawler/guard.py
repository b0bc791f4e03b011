"""Keeps the crawler on public addresses: judged when a name has been resolved, so redirects and rebinding meet it too.

Scrapy connects through Twisted's ``HostnameEndpoint``, which asks the reactor's name resolver for every host, literal
addresses and their odd spellings included. A resolver that gives only permitted addresses is thus the one gate.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from config.addresses import AddressPolicy, BlockedAddress
from stories.urls import has_userinfo, without_userinfo

REMEMBERED = 1_000  # hosts whose refusal is explained; the latest


class Guard:
    """The policy, and why a host was refused last: the connection itself only fails as "not found"."""

    def __init__(self, policy: AddressPolicy) -> None:
        self.policy = policy
        self._refused: OrderedDict[str, str] = OrderedDict()

    def refused(self, host: str) -> str | None:
        """Return why no address of the host may be reached, if that is what happened."""
        return self._refused.get(host.casefold())

    def permits(self, address: str, host: str) -> bool:
        """Judge one resolved address of a host."""
        try:
            self.policy.check(address, host)
        except BlockedAddress as refusal:
            self._refused[host.casefold()] = str(refusal)
            while len(self._refused) > REMEMBERED:
                self._refused.popitem(last=False)
            return False
        self._refused.pop(host.casefold(), None)
        return True


@implementer(IResolutionReceiver)
class _Sieve:
    """Passes on the permitted addresses of one resolution."""

    def __init__(self, receiver: Any, guard: Guard, host: str) -> None:
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

    def __init__(self, resolver: Any, guard: Guard) -> None:
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
        sieve = _Sieve(resolutionReceiver, self._guard, hostName)
        resolution: IHostResolution = self._resolver.resolveHostName(
            sieve, hostName, portNumber, addressTypes, transportSemantics
        )
        return resolution


class GuardMiddleware:
    """Lets only http and https through, without user name or password, after every redirect too."""

    def process_request(self, request: Request) -> None:
        if not request.url.startswith(("http://", "https://")):
            raise IgnoreRequest(f"refused: {without_userinfo(request.url)[:100]} is no web address")
        if has_userinfo(request.url):
            raise IgnoreRequest(f"refused: {without_userinfo(request.url)[:100]} holds a user name or password")
