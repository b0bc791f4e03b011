"""The record in Redis: releases, stories, events, with its layout, migrations and backups."""
