"""A small OpenID provider on a loopback port: everybody who comes is let in at once. What it says can be made wrong."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

CLIENT_ID, CLIENT_SECRET = "timebank", "a secret"


class Provider:
    """What the provider knows and says, and what it was asked."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = {"first": new_key()}
        self.behave()

    def behave(self) -> None:
        """Be good from now on, and forget what was."""
        self.subject = f"somebody {secrets.token_hex(8)}"
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._granted: dict[str, dict[str, str]] = {}

    def signed(self, claims: dict[str, Any], key_id: str = "first") -> str:
        """An ID token."""
        key = self.keys.get(key_id) or new_key()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": key_id})

    def answer(self, path: str, said: dict[str, str], login: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        self.asked.append((path, said))
        if path in self.answers:
            return self.answers[path]
        if path == "/authorize":
            code = secrets.token_hex()
            self._granted[code] = said
            back = urlencode({"code": code, "state": said["state"]})
            return 302, {"Location": f"{said['redirect_uri']}?{back}"}, b""
        found = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": self._public_keys,
            "/token": lambda: self._token(said, login),
        }[path]()
        return 200 if "error" not in found else 400, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def _discovery(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in names.items()}

    def _public_keys(self) -> dict[str, Any]:
        public = {name: RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) for name, key in self.keys.items()}
        others = [{"kty": "oct", "k": "AAAA", "kid": "other"}, {"kty": "unheard-of"}]
        return {"keys": others + [{**key, "kid": name, "use": "sig"} for name, key in public.items()]}

    def _token(self, said: dict[str, str], login: str) -> dict[str, Any]:
        is_known = login == "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if not is_known and (said.get("client_id"), said.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "invalid_client"}
        granted = self._granted.pop(said["code"], None)
        digest = hashlib.sha256(said.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        wanted = {"code_challenge": challenge, "code_challenge_method": "S256", "redirect_uri": said["redirect_uri"]}
        if not granted or {name: granted[name] for name in wanted} != wanted or granted["client_id"] != CLIENT_ID:
            return {"error": "invalid_grant"}
        now = int(time.time())
        times = {"iat": now, "exp": now + 300}
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT_ID, "nonce": granted["nonce"], **times}
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return {"access_token": "for nothing", "token_type": "Bearer", "id_token": self.sign(claims)}


def new_key() -> RSAPrivateKey:
    """A key to sign with."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def provider_running() -> Iterator[Provider]:
    """A provider that answers, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._send(parts.path, dict(parse_qsl(parts.query)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(self.path, dict(parse_qsl(body)))

        def _send(self, path: str, said: dict[str, str]) -> None:
            status, headers, body = provider.answer(path, said, self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
