"""Delivers from a Redis to a webhook until somebody kills it: ``python deliver_until_killed.py REDIS_URL HOOK_URL``.

Leases and timeouts are short, so that a test sees in seconds what takes minutes in a newsroom.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from ipaddress import ip_network

from redis.asyncio import Redis

from alerts import channel_worker
from alerts.channels import channel_types, open_channel, webhook
from alerts.delivery import Delivery
from config.address_policy import AddressPolicy


async def deliver(redis_url: str, hook_url: str) -> None:
    channel_worker.LEASE_MARGIN = timedelta(milliseconds=300)
    channel_worker.PROBE_DELAYS_SECONDS = (0.05,)
    webhook.TIMEOUT = timedelta(milliseconds=400)
    webhook.WebhookChannel.timeout = timedelta(milliseconds=500)
    settings = {"type": "webhook", "url": hook_url, "retry": ["0.02s"] * 60}
    policy = AddressPolicy(allowed=(ip_network("127.0.0.1/32"),))
    channel = open_channel("intake", channel_types()["webhook"].model_validate(settings), policy)
    async with Redis.from_url(redis_url) as redis:
        await Delivery(redis, {"intake": channel}).run()


asyncio.run(deliver(*sys.argv[1:]))
