"""A private Onsale for the browser's tests: servers, gateway and worker by scripts/stack, an S3 server, a mail server."""

import http.client
import json
import os
import re
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
WORK = Path(os.environ["ONSALE_WEB_TESTS"])


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# How long anything is waited for: tests wait for signals, so this is only met where something is wrong.
PATIENCE = 60


def eventually(what, check, within=PATIENCE, every=0.1):
    """Waits for a signal and gives it; says what was waited for when it does not come."""
    end = time.monotonic() + within
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(every)


class Mailbox:
    """As much of SMTP (RFC 5321) as the worker speaks, and the mails that came by it."""

    def __init__(self):
        self.mails = []
        box = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self):
                self.wfile.write(b"220 tests\r\n")
                while line := self.rfile.readline():
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        lines = []
                        while (part := self.rfile.readline()) != b".\r\n":
                            lines.append(part[1:] if part.startswith(b"..") else part)
                        box.mails.append(message_from_bytes(b"".join(lines)))
                        self.wfile.write(b"250 taken\r\n")
                    elif verb == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    else:
                        self.wfile.write(b"250 tests\r\n" if verb != b"EHLO" else b"250-tests\r\n250 8BITMIME\r\n")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Session)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def to(self, address, containing):
        """The text of the newest mail to somebody that has these words; undefined until it has come."""
        for mail in reversed(self.mails):
            if address in (mail["To"] or ""):
                for part in mail.walk():
                    if part.get_content_type() == "text/plain":
                        text = part.get_payload(decode=True).decode()
                        if containing in text:
                            return text
        return None


class ObjectStorage:
    """SeaweedFS, which scripts/test-web installs; everybody may read the bucket."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="onsale-storage-")
        folder = Path(self.folder.name)
        identities = folder / "identities.json"
        identities.write_text(json.dumps({"identities": [
            {"name": "anonymous", "actions": ["Read:images"]},
            {"name": "onsale", "actions": ["Admin", "Read", "Write", "List"],
             "credentials": [{"accessKey": "onsale", "secretKey": "a secret key of the tests"}]}]}))
        self.port, filer = free_port(), free_port()
        ports = [f"-{name}={free_port()}" for name in (
            "master.port", "volume.port", "master.port.grpc", "volume.port.grpc", "filer.port.grpc", "s3.port.grpc")]
        self.process = subprocess.Popen(
            ["weed", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-filer.port={filer}", *ports,
             "-s3.port.iceberg=0", "-s3.port.lance=0", "-volume.max=8", "-master.volumeSizeLimitMB=64", "-s3",
             f"-s3.port={self.port}", f"-s3.config={identities}"],
            stdout=open(WORK / "storage.log", "wb"), stderr=subprocess.STDOUT)
        self.origin = f"http://127.0.0.1:{self.port}"
        eventually("the S3 server has its bucket", lambda: self._has_bucket(filer))

    def _has_bucket(self, filer):
        if self.process.poll() is not None:
            raise AssertionError("SeaweedFS has ended; see storage.log")
        try:
            urllib.request.urlopen(urllib.request.Request(
                f"http://127.0.0.1:{filer}/buckets/images/", method="POST"), timeout=5)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                return False
        except OSError:
            return False
        try:
            urllib.request.urlopen(f"{self.origin}/images/nothing", timeout=5)
        except urllib.error.HTTPError as error:
            return error.code == 404
        except OSError:
            return False
        return False

    def stop(self):
        # It takes half a minute to end by itself, and nothing of it is kept.
        self.process.kill()
        self.process.wait(20)
        self.folder.cleanup()


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status} {problem}")
        self.status = status
        self.code = problem.get("code")


class Service:
    """One for all tests of a run."""

    def __init__(self):
        self.mailbox = Mailbox()
        self.storage = ObjectStorage()
        self.environment = dict(
            os.environ,
            # Hashing passwords is not what is looked at here, and the tests register many from one address.
            PASSWORD_SCRYPT_LN="10", PASSWORD_SCRYPT_P="1", REGISTER_LIMIT_ADDRESS="off", LOGIN_LIMIT_ADDRESS="off",
            RESET_LIMIT_ADDRESS="off", MAIL_PROVIDER="smtp", SMTP_HOST="127.0.0.1", SMTP_PORT=str(self.mailbox.port),
            SMTP_TLS="none", MAIL_FROM="Onsale <tickets@onsale.example>", MAIL_PUBLIC_URL="http://127.0.0.1",
            S3_ENDPOINT=self.storage.origin, S3_BUCKET="images", S3_ACCESS_KEY_ID="onsale",
            S3_SECRET_ACCESS_KEY="a secret key of the tests")
        self._stack("up")
        self._read()
        self.admin = self.login(self.settings["ONSALE_ADMIN_EMAIL"], self.settings["ONSALE_ADMIN_PASSWORD"])

    def _stack(self, *arguments):
        done = subprocess.run(
            [ROOT / "scripts/stack", *arguments], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True)
        if done.returncode != 0:
            raise AssertionError(f"scripts/stack {' '.join(arguments)}:\n{done.stdout}{done.stderr}")

    def _read(self):
        text = Path(os.environ["STACK_DIR"], "stack.env").read_text()
        self.settings = {
            name: value.strip("'") for name, value in (line.split("=", 1) for line in text.splitlines() if line)}
        self.url = self.settings["ONSALE_URL"]

    def stop(self):
        self._stack("down")
        self.storage.stop()
        self.mailbox.server.shutdown()

    # Parts that come and go.

    def stop_gateway(self):
        self._stack("stop", "gateway")

    def start_gateway(self):
        self._stack("start", "gateway")
        self._read()

    def freeze_worker(self):
        """Orders are accepted and stay in line."""
        os.kill(int(self.settings["WORKER_PID"]), signal.SIGSTOP)

    def thaw_worker(self):
        os.kill(int(self.settings["WORKER_PID"]), signal.SIGCONT)

    # The API, as the tests use it to prepare what the browser then sees.

    def call(self, method, path, body=None, token=None):
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            self.url + path, method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read() or b"{}")) from None
        return json.loads(text) if text else None

    def login(self, email, password):
        return self.call("POST", "/api/auth/login", {"email": email, "password": password})["token"]

    def buyer(self, name=None):
        """A new account: its address, its password and a token."""
        email = f"buyer-{uuid.uuid4().hex[:10]}@onsale.example"
        body = {"email": email, "password": "a buyer's password"} | ({"name": name} if name else {})
        return email, body["password"], self.call("POST", "/api/auth/register", body)["token"]

    def event(self, **change):
        """An event that is on sale, loaded into the fast gate."""
        opens_in = change.pop("opens_in", None)
        state = change.pop("state", "scheduled" if opens_in is not None else "open")
        now = datetime.now(timezone.utc)
        body = {
            "title": "Nocturne", "description": "Strings in the dark.\n\nDoors open at seven.", "venue": "Old Foundry",
            "eventDate": (now + timedelta(days=40)).isoformat(), "ticketPrice": {"amount": 4500, "currency": "EUR"},
            "totalTickets": 100, "limitPerBuyer": 4, "saleState": state} | change
        if opens_in is not None:
            body["saleOpensAt"] = (now + timedelta(seconds=opens_in)).isoformat()
        event = self.call("POST", "/api/events", body, self.admin)
        eventually("the stock is loaded", lambda: self.ledger(event["id"]).get("redis"))
        return event

    def move_opening(self, event, seconds):
        opens = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        return self.call("PATCH", f"/api/events/{event}", {"saleOpensAt": opens.isoformat()}, self.admin)

    def ledger(self, event):
        return self.call("GET", f"/api/admin/events/{event}/ledger", token=self.admin)

    def sale(self, event, state):
        self.call("POST", f"/api/admin/events/{event}/sale", {"state": state}, self.admin)

    def buy(self, event, token, quantity=1):
        """Buys and waits for the end."""
        order = self.call("POST", "/api/tickets/purchase", {"eventId": event, "quantity": quantity}, token)["orderId"]
        return eventually("the order has ended", lambda: self._ended(order, token))

    def _ended(self, order, token):
        now = self.call("GET", f"/api/orders/{order}?wait=5", token=token)
        return now if now["status"] in ("confirmed", "cancelled", "refunded") else None

    def sql(self, statement):
        """What Postgres says: rows of columns, as text."""
        done = subprocess.run(
            ["psql", self.settings["DATABASE_URL"], "--tuples-only", "--no-align", "--field-separator=\t", "-c", statement],
            capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        return [line.split("\t") for line in done.stdout.splitlines() if line]

    def orders_of(self, email, event):
        return self.sql(
            "SELECT o.id, o.status, o.quantity FROM ticket_orders o JOIN users u ON u.id = o.user_id "
            f"WHERE u.email = '{email}' AND o.event_id = '{event}'")

    def load(self, event, buyers, *arguments):
        """Simulated buyers, while the test looks on."""
        programs = os.environ.get("ONSALE_BIN_DIR", str(ROOT / ".build/release"))
        return subprocess.Popen(
            [f"{programs}/loadtest", "onsale", "--event", event, "--buyers", str(buyers), *arguments],
            env=dict(self.environment, **self.settings), stdin=subprocess.DEVNULL,
            stdout=open(WORK / "load.log", "wb"), stderr=subprocess.STDOUT)


def reset_token(text):
    return re.search(r"#token=(\S+)", text).group(1)


def send_raw(url, method, path, body, headers):
    """A request with exactly these headers; gives the status and the headers of the answer."""
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, dict(answer.getheaders())


# A picture of two bands, 320 by 200 pixels.
def picture():
    import struct
    import zlib

    rows = b"".join(
        b"\x00" + b"".join(bytes((20 + y // 2, 90 + (x * 140) // 320, 120 + (y * 80) // 200)) for x in range(320))
        for y in range(200))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 320, 200, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def picture_file():
    path = WORK / "picture.png"
    path.write_bytes(picture())
    return str(path)


__all__ = [
    "PATIENCE", "ROOT", "Refused", "Service", "WORK", "eventually", "free_port", "picture_file", "reset_token", "send_raw"]
