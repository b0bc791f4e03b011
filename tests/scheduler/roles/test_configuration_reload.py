"""SIGHUP while the configuration is being read: the file as it was at the last signal is what is reported."""

from __future__ import annotations

import asyncio
import threading

from config.loader import Loaded
from config.settings import Settings
from scheduler.roles.configuration_reload import ConfigurationReload


async def test_a_signal_during_a_reading_leads_to_another_reading(until):
    files = [Settings(), Settings.model_validate({"polling": {"interval": "7s"}})]
    readings, gate = [], threading.Event()

    def load() -> Loaded:
        file = files[0]
        gate.wait(10)
        readings.append(file.polling.interval)
        return Loaded(settings=file, file=None)

    reread = ConfigurationReload(Loaded(settings=files[0], file=None), load)
    reread()
    await asyncio.sleep(0)
    reread()  # while the first reading waits
    files.pop(0)
    gate.set()
    await until(lambda: len(readings) == 2)
    assert readings[1].total_seconds() == 7
