"""Scrapy item pipelines: each step is one file and names its stop."""
