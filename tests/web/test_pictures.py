"""From which hosts pictures may come."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from config.address_policy import AddressPolicy
from web.pictures import MAX_HOSTS, picture_host, picture_hosts, pictures_policy
from web.security.access_control import CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Pictures.example/1.jpg", "https://pictures.example"),
        ("http://pictures.example:8080/1.jpg?a=b", "http://pictures.example:8080"),
        ("https://bücher.example/1.jpg", "https://xn--bcher-kva.example"),
        ("https://93.184.216.34/1.jpg", "https://93.184.216.34"),
        ("https://192.168.1.1/reboot", None),
        ("http://127.0.0.1:8787/", None),
        ("http://127.1/", None),
        ("http://2130706433/", None),
        ("http://0x7f.0.0.1/", None),
        ("http://[::1]/", None),
        ("http://[fe80::1]/", None),
        ("http://[2606:4700::1111]:8080/1.jpg", "http://[2606:4700::1111]:8080"),
        ("http://[2606:4700::1111%25; script-src-elem *]/1.jpg", None),
        ("http://[2606:4700::1111%eth0]/1.jpg", None),
        ("http://router/reboot", None),
        ("http://printer.local/", None),
        ("http://localhost/", None),
        ("https://user@pictures.example/", None),
        ("https://a.example; script-src *", None),
        ("https://a.example,b.example/", None),
        ("https://*.example/", None),
        ("https://pictures.example:99999/", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AAAA", None),
        ("//pictures.example/1.jpg", None),
        ("", None),
    ],
)
def test_a_picture_is_loaded_from_the_open_web_alone(url, host):
    assert picture_host(url, AddressPolicy()) == host


def test_what_the_operator_lets_be_reached_may_be_loaded():
    policy = AddressPolicy((ip_network("127.0.0.0/8"),))
    assert picture_host("http://127.0.0.1:8000/1.jpg", policy) == "http://127.0.0.1:8000"


def test_the_policy_names_these_hosts_and_changes_nothing_else():
    urls = [f"https://p{number}.example/1.jpg" for number in range(MAX_HOSTS + 5)] * 2
    made = pictures_policy(picture_hosts(urls, AddressPolicy()))
    assert made.count("https://") == MAX_HOSTS
    assert [part for part in made.split("; ") if "img-src" not in part] == [
        part for part in CONTENT_SECURITY_POLICY.split("; ") if "img-src" not in part
    ]
