"""A stepd server for tests, and a plain HTTP client for it.

    with Server() as server:                     # its own folder, its own port
        answer = server.request("POST", "/v1/sessions", {"optimizer": "gd", "parameters": [1]})
        assert answer.status == 201, answer
    # left: SIGTERM, and the exit status has to be 0

The program is $BUILD/stepd (BUILD is .build/release if not set). Only Python's own library is used
here. A Server belongs to one thread at a time, except `connect`, which any thread may call; a
Client belongs to one thread.
"""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", ".build/release"))
PROGRAM = os.path.join(BUILD, "stepd")
QUICK = bool(os.environ.get("STEPD_QUICK"))  # fewer repetitions, for slow builds

BANNER_SECONDS = 30
IDLE_SECONDS = 30
STOP_SECONDS = 30
SILENCE_SECONDS = 3 if QUICK else 0.7


class Failure(Exception):
    """A test that did not hold."""


def check(holds, *text):
    if not holds:
        raise Failure(" ".join(str(t) for t in text))


class Answer:
    """What a request was answered. `headers` has lower-case names; `json` parses the body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def media_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:400]!r}>"


class Client:
    """One connection that is kept open. A broken one raises OSError or http.client.HTTPException
    and the next request opens a fresh one; nothing is ever sent twice by itself. One that was idle
    for long is not used again: the server may close it just then."""

    def __init__(self, port, timeout=60):
        self.port = port
        self.timeout = timeout
        self.http = None
        self.used = 0.0

    def request(self, method, path, body=None, headers=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None and not any(h.lower() == "content-type" for h in headers):
            headers["Content-Type"] = "application/json"
        if self.http and time.monotonic() - self.used > IDLE_SECONDS:
            self.close()
        if self.http is None:
            self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
        try:
            self.http.request(method, path, body, headers)
            answer = self.http.getresponse()
            data = self._read_stream(answer) if answer.chunked else answer.read()
        except BaseException:
            self.close()
            raise
        self.used = time.monotonic()
        if answer.will_close:
            self.close()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, data)

    def _read_stream(self, answer):
        """What a stream says until it is silent for a while; only streams are chunked. The connection
        is of no use afterwards."""
        data = b""
        self.http.sock.settimeout(SILENCE_SECONDS)
        try:
            while more := answer.read1(65536):
                data += more
        except TimeoutError:
            pass
        self.close()
        return data

    def close(self):
        if self.http:
            self.http.close()
            self.http = None


class Server:
    """A running `stepd serve`. `folder` holds its store and log; one that is made here is removed
    again at the end, where nothing failed."""

    def __init__(self, arguments=(), folder=None, store=None, environment=None):
        self.made = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="stepd-test-")
        self.store = store or "sqlite:" + os.path.join(self.folder, "x.db")
        self.arguments = list(arguments)
        self.environment = environment
        self.process = None
        self.client = None
        self.start()

    # ---- life ----
    def start(self):
        """Starts it and waits for the banner, which names the URL."""
        if not os.access(PROGRAM, os.X_OK):
            raise Failure(f"{PROGRAM} is not built (make)")
        self.log_path = os.path.join(self.folder, "stepd.log")
        self.log = open(self.log_path, "ab")
        begin = self.log.tell()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--store", self.store, *self.arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, cwd=self.folder,
            env=None if self.environment is None else {**os.environ, **self.environment})
        self.port = self._wait_for_banner(begin)
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.port)

    def _wait_for_banner(self, begin):
        until = time.monotonic() + BANNER_SECONDS
        while time.monotonic() < until:
            with open(self.log_path, "rb") as log:
                log.seek(begin)
                found = re.search(rb"http://127\.0\.0\.1:([1-9][0-9]*)", log.read())
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                raise Failure(f"stepd ended with status {self.process.returncode}:\n{self.tail()}")
            time.sleep(0.002)
        self.process.kill()
        raise Failure(f"stepd printed no URL in {BANNER_SECONDS} s:\n{self.tail()}")

    def stop(self):
        """SIGTERM; the exit status has to be 0. Returns the seconds that it took."""
        self.client.close()
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self._wait(STOP_SECONDS)
        check(status == 0, f"stepd ended with status {status} after SIGTERM:\n{self.tail()}")
        return time.monotonic() - begin

    def kill(self):
        """SIGKILL: as if the power of this process went out."""
        self.client.close()
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _wait(self, seconds):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure(f"stepd did not end within {seconds} s of SIGTERM:\n{self.tail()}")
        finally:
            self.log.close()
        return status

    def tail(self, lines=20):
        with open(self.log_path, "rb") as log:
            return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if self.process.poll() is not None:
                if kind is None:
                    raise Failure(f"stepd ended by itself, status {self.process.returncode}:\n{self.tail()}")
            elif kind is None:
                self.stop()
            else:
                self.kill()
        finally:
            if self.made:
                shutil.rmtree(self.folder, ignore_errors=True)
        return False

    # ---- requests ----
    def request(self, method, path, body=None, headers=None):
        return self.client.request(method, path, body, headers)

    def connect(self, timeout=60):
        return Client(self.port, timeout)

    def wait_ready(self, seconds=30):
        """Asks /readyz until it answers 200; returns the seconds that it took."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            try:
                if self.request("GET", "/readyz").status == 200:
                    return time.monotonic() - begin
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.002)
        raise Failure(f"/readyz did not answer 200 within {seconds} s:\n{self.tail()}")


class Tally:
    """Counts tests by name, prints those that failed, and ends the program as tests/run wants."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def test(self, name, function, *arguments):
        """Runs one test; returns whether it held."""
        try:
            function(*arguments)
        except (Failure, OSError, http.client.HTTPException, ValueError) as why:
            self.fail(name, why)
            return False
        self.passed += 1
        return True

    def fail(self, name, why):
        self.failed += 1
        print(f"FAILED {name}\n    " + str(why).replace("\n", "\n    "), flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
