#!/usr/bin/env python3
"""A client that leaves ends the work that was for it: whoever asks next is answered at once, and so
is whoever waited in line. Comparisons, sweeps and demos have one thread, and may take half a minute.
"""

import http.client
import json
import re
import socket
import time

from stepd import QUICK, Server, Tally, check

SOON = 10 if QUICK else 3  # the work that is left takes eight seconds, and thirty
SWEEP = {"objective": "square", "steps": 60000, "max_seconds": 30, "optimizer": "adam", "grid": {"lr": [i / 1e6 for i in range(1, 257)]}}
RACE = {"objective": {"name": "rastrigin", "dimension": 8}, "steps": 100000, "max_seconds": 30, "optimizers": [{"name": "adam", "lr": 1e-5}] * 16}
SMALL = {"objective": "square", "steps": 3, "optimizers": ["gd"]}


def send(server, path, body):
    """A connection on which such a request is under way."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    return connection


def soon(server, why):
    begin = time.monotonic()
    answer = server.request("POST", "/v1/compare", SMALL)
    took = time.monotonic() - begin
    check(answer.status == 200 and took < SOON, f"{why}: answered {answer.status} after {took:.1f} s")


def busy(server):
    """What the tests rest on: while such work goes on, the next request waits."""
    first = send(server, "/v1/sweeps", SWEEP)
    time.sleep(0.2)
    second = send(server, "/v1/compare", SMALL)
    second.sock.settimeout(2)
    try:
        second.getresponse()
        check(False, "the work is too short to test with")
    except TimeoutError:
        pass
    first.close()
    second.close()


def leaves(server, path, body):
    connection = send(server, path, body)
    time.sleep(0.3)
    connection.close()
    soon(server, path)


def resets(server):
    """A connection that breaks off, rather than ends."""
    connection = send(server, "/v1/sweeps", SWEEP)
    time.sleep(0.3)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    soon(server, "reset")


def crowd(server):
    """Of twenty that come and leave, none is worked for, in line or at its turn."""
    for connection in [send(server, "/v1/sweeps", SWEEP) for _ in range(20)]:
        connection.close()
    soon(server, "twenty")


def waits(server):
    """Until a sweep is under way: a small request has to wait for it."""
    begin = time.monotonic()
    while time.monotonic() - begin < 20:
        small = send(server, "/v1/compare", SMALL)
        small.sock.settimeout(0.5)
        try:
            small.getresponse()
        except TimeoutError:
            return
        finally:
            small.close()
    check(False, "no sweep is under way")


def stopped(server):
    """What a server that stops has of a sweep is answered, and says so."""
    other = Server()
    connection = send(other, "/v1/sweeps", SWEEP)
    waits(other)
    other.process.terminate()
    runs = json.loads(connection.getresponse().read())["runs"]
    ends = [r["stopped_by"] for r in runs]
    first = ends.index("cancelled") if "cancelled" in ends else None
    check(first is not None and set(ends[first:]) == {"cancelled"}, ends)
    check(not any(r["steps_done"] for r in runs[first + 1:]), runs[first:])
    connection.close()
    other.stop()


def stays(server):
    """One that stays, and sends ahead on the same connection, is worked for to the end."""
    text = json.dumps({**RACE, "steps": 20000})
    one = f"POST /v1/compare HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        s.sendall((one + "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").encode())
        data = b""
        while more := s.recv(65536):
            data += more
    check(len(re.findall(rb"HTTP/1.1 200", data)) == 2 and data.count(b'"stopped_by":"steps"') == 16, data[-300:])


def main():
    tally = Tally()
    with Server() as server:
        tally.test("busy", busy, server)
        tally.test("a sweep", leaves, server, "/v1/sweeps", SWEEP)
        tally.test("a race", leaves, server, "/v1/compare", RACE)
        for test in (resets, crowd, stopped, stays):
            tally.test(test.__name__, test, server)
    tally.end()


if __name__ == "__main__":
    main()
