#!/usr/bin/env python3
"""Streams of events: every step once and in order, at most 20 frames a second, resumed where a
client was, told what is left out, ended by a stop, and never in anybody's way.
"""

import json
import os
import re
import signal
import socket
import threading
import time

from openapi import Contract
from stepd import QUICK, Server, Tally, check

MEMBERS = {
    "step": ["session", "step", "loss", "lr", "gradient_norm", "update_norm", "time"],
    "created": ["session", "step", "revision"],
    "update": ["session", "step", "revision"],
    "nonfinite": ["session", "step", "count", "on_nonfinite"],
    "run": ["session", "run", "step", "steps_done", "stopped_by", "reason", "seconds"],
    "deleted": ["session"],
    "gap": ["session", "from", "to"],
    "bye": [],
}


class Event:
    def __init__(self, kind, number, data):
        self.kind = kind
        self.id = number
        self.data = data
        self.at = time.monotonic()

    def __repr__(self):
        return f"<{self.kind} {self.id} {str(self.data)[:200]}>"


class Stream:
    """A stream over a plain socket, so that a test decides when it is read. A thread of its own may
    read it (`follow`); otherwise `take` does."""

    def __init__(self, server, path, headers=None, receive_bytes=None):
        self.lines = "ndjson" in (headers or {}).get("Accept", "")
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", server.port))
        more = "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items())
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode())
        self.raw = b""
        self.text = b""
        self.ended = False
        self.comments = 0
        self.retry = None
        self.events = []
        self._read_head()

    def _receive(self):
        got = self.socket.recv(1 << 16)
        self.ended |= not got
        self.raw += got

    def _read_head(self):
        while b"\r\n\r\n" not in self.raw:
            self._receive()
            check(not self.ended, f"the stream ended in its head: {self.raw!r}")
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        check(self.status == 200, head)
        check(self.headers["transfer-encoding"] == "chunked", head)

    def _unchunk(self):
        """Whole chunks of the raw bytes become text."""
        while (end := self.raw.find(b"\r\n")) >= 0:
            size = int(self.raw[:end], 16)
            if len(self.raw) < end + 4 + size:
                return
            self.ended |= size == 0
            self.text += self.raw[end + 2:end + 2 + size]
            self.raw = self.raw[end + 4 + size:]

    def _parse(self):
        mark = b"\n" if self.lines else b"\n\n"
        while (end := self.text.find(mark)) >= 0:
            frame, self.text = self.text[:end].decode(), self.text[end + len(mark):]
            event = self._line(frame) if self.lines else self._frame(frame)
            if event:
                more = ["hyperparameters"] if "hyperparameters" in event.data else []
                check(list(event.data) == MEMBERS[event.kind] + more, event)
                self.events.append(event)

    def _line(self, text):
        value = json.loads(text)
        kind = value.pop("event")
        if kind == "heartbeat":
            self.comments += 1
            return None
        return Event(kind, value.pop("id", None), value)

    def _frame(self, text):
        fields = dict(line.split(": ", 1) for line in text.split("\n") if not line.startswith(":"))
        self.comments += text.startswith(":")
        if "retry" in fields:
            self.retry = fields["retry"]
        if "event" not in fields:
            return None
        return Event(fields["event"], fields.get("id"), json.loads(fields["data"]))

    def read(self, seconds):
        """Reads for so long, or to the end."""
        until = time.monotonic() + seconds
        self._unchunk()
        self._parse()
        while not self.ended and (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self._receive()
            except TimeoutError:
                break
            self._unchunk()
            self._parse()
        return self.events

    def until(self, holds, seconds=30):
        """Reads until `holds(events)`."""
        begin = time.monotonic()
        while not holds(self.events):
            check(time.monotonic() - begin < seconds and not self.ended,
                  f"waited for an event in vain: {self.events[-5:]}")
            self.read(0.05)
        return self.events

    def close(self):
        self.socket.close()


def make(server, name, **more):
    answer = server.request("PUT", f"/v1/sessions/{name}", {"optimizer": {"name": "gd", "lr": 0.5}, "parameters": [8], **more})
    check(answer.status == 201, answer)
    return answer.json["id"]


def steps(client, name, count, gradient=0.001):
    answer = client.request("POST", f"/v1/sessions/{name}/steps", {"steps": [{"gradient": [gradient], "loss": 1}] * count})
    check(answer.status == 200, answer)
    return answer.json["step"]


def told(events, session, start=0):
    """Goes over step and gap events of a session: each step once, in order, from start + 1 on.
    Returns (step reached, steps in gaps)."""
    at, missed = start, 0
    for event in events:
        if event.data.get("session") != session:
            continue
        if event.kind == "step":
            columns = [event.data[name] for name in MEMBERS["step"][1:]]
            check(len({len(c) for c in columns}) == 1, "columns of different lengths:", event)
            for step in event.data["step"]:
                check(step == at + 1, f"step {step} after {at}")
                at = step
        elif event.kind == "gap":
            check(event.data["from"] == at + 1 and event.data["to"] > at, f"{event} after {at}")
            missed += event.data["to"] - at
            at = event.data["to"]
        if event.id and "," not in event.id:
            check(int(event.id) == at, f"{event} at step {at}")
    return at, missed


# ---- what a stream says ---------------------------------------------------------------------

def head_of_a_stream(server):
    make(server, "head")
    with_origin = Stream(server, "/v1/sessions/head/events", {"Origin": "http://localhost:1"})
    wanted = {"content-type": "text/event-stream", "x-accel-buffering": "no", "cache-control": "no-store",
              "access-control-allow-origin": "http://localhost:1", "x-content-type-options": "nosniff"}
    for name, value in wanted.items():
        check(with_origin.headers.get(name) == value, f"{name}: {with_origin.headers}")
    with_origin.until(lambda _: with_origin.retry)
    check(with_origin.retry == "2000", with_origin.retry)
    with_origin.close()
    answer = server.request("OPTIONS", "/v1/sessions/head/events",
                            headers={"Origin": "http://localhost:1", "Access-Control-Request-Method": "GET"})
    check("Last-Event-ID" in answer.headers["access-control-allow-headers"], answer)
    for path in ("/v1/sessions/head/events", "/v1/events"):
        answer = server.request("HEAD", path)
        check(answer.status == 200 and answer.media_type == "text/event-stream", answer)
    check(server.request("HEAD", "/v1/sessions/none/events").status == 404, "HEAD of no session")


def each_step_once(server):
    """Single steps and batches while it is followed, in at most 20 frames a second."""
    session = make(server, "once")
    stream = Stream(server, "/v1/sessions/once/events")
    begin, done = time.monotonic(), 0
    while time.monotonic() - begin < 1.5:
        done = steps(server, "once", 1 + done % 7)
    stream.until(lambda events: told(events, session)[0] == done)
    seconds = time.monotonic() - begin
    check(told(stream.events, session) == (done, 0), f"{told(stream.events, session)}, {done} steps")
    frames = len(stream.events)
    check(frames <= 20 * seconds + 2, f"{frames} frames in {seconds:.2f} s")
    check(frames >= 3, f"{frames} frames in {seconds:.2f} s: it is no live stream")
    stream.close()


def first_event_at_once(server):
    """A stream that was silent tells of a step within its pace."""
    make(server, "quick")
    stream = Stream(server, "/v1/sessions/quick/events")
    stream.read(0.2)
    begin = time.monotonic()
    steps(server, "quick", 1)
    stream.until(lambda events: events)
    late = time.monotonic() - begin
    check(late < (2 if QUICK else 0.5), f"it took {late:.3f} s")
    stream.close()


def every_kind(server):
    stream = Stream(server, "/v1/events", {"Accept": "application/x-ndjson"})
    session = make(server, "kinds")
    steps(server, "kinds", 2)
    tiny = make(server, "kinds32", dtype="float32", on_nonfinite="reject")
    answer = server.request("POST", "/v1/sessions/kinds32/steps", {"gradient": [3e38]})
    check(answer.status == 200, answer)
    answer = server.request("POST", "/v1/sessions/kinds32/steps", {"steps": [{"gradient": [1]}, {"gradient": [3e38]}, {"gradient": [3e38]}]})
    check(answer.status == 422, answer)
    server.request("PATCH", "/v1/sessions/kinds32", {"on_nonfinite": "skip"})
    answer = server.request("POST", "/v1/sessions/kinds32/steps", {"steps": [{"gradient": [3e38]}] * 3})
    check(answer.status == 200, answer)
    skipped = answer.json
    server.request("PUT", "/v1/sessions/kinds/parameters", [1])
    check(server.request("DELETE", "/v1/sessions/kinds").status == 204, "DELETE")
    stream.until(lambda events: any(e.kind == "deleted" for e in events))
    stream.read(0.3)
    kinds = [e.kind for e in stream.events if e.data["session"] == session]
    check(kinds == ["created", "step", "update", "deleted"], kinds)
    bad = [e.data for e in stream.events if e.kind == "nonfinite"]
    check([b["on_nonfinite"] for b in bad] == ["reject", "skip"], bad)
    check(all(b["session"] == tiny for b in bad), bad)
    check(bad[0]["step"] == 4 and bad[0]["count"] == 1, bad[0])
    check(skipped["step"] + bad[1]["count"] == 4, bad[1], skipped)
    check(all(e.id is None for e in stream.events), "ids where all sessions are followed")
    stream.close()


def runs(server):
    """A run is told of from its begin to its end, and why it ended, as the run itself says."""
    wild = {"optimizer": {"name": "gd", "lr": 1.1}, "objective": {"name": "quadratic", "matrix": [[2, 0], [0, 3]]}}
    session = server.request("PUT", "/v1/sessions/wild", wild).json["id"]
    stream = Stream(server, "/v1/sessions/wild/events")
    run = server.request("POST", "/v1/sessions/wild/runs?wait=30", {"steps": 5000}).json
    stream.until(lambda events: any(e.kind == "run" and e.data["stopped_by"] for e in events))
    told_of = [e.data for e in stream.events if e.kind == "run"]
    check(all(t["session"] == session and t["run"] == run["id"] for t in told_of), told_of)
    check([t["steps_done"] for t in told_of] == sorted(t["steps_done"] for t in told_of), told_of)
    end = told_of[-1]
    check(run["status"] == "failed" and "stability limit 2/3" in run["reason"], run)
    for name in ("stopped_by", "reason", "steps_done", "step", "seconds"):
        check(end[name] == run[name], f"{name}: {end}, the run says {run}")
    server.request("PATCH", "/v1/sessions/wild", {"optimizer": {"lr": 0.1}})
    server.request("PUT", "/v1/sessions/wild/parameters", [1, 1])
    fine = server.request("POST", "/v1/sessions/wild/runs?wait=30", {"steps": 3}).json
    stream.until(lambda events: any(e.kind == "run" and e.data["run"] == fine["id"] and e.data["stopped_by"] for e in events))
    end = [e.data for e in stream.events if e.kind == "run"][-1]
    check(end["stopped_by"] == "steps" and end["reason"] is None and end["seconds"] == fine["seconds"], end)
    stream.close()


def end_of_the_session(server):
    """The stream ends with the last of its sessions, and a client that comes back meets 404."""
    make(server, "end1"), make(server, "end2")
    stream = Stream(server, "/v1/events?session=end1,end2")
    check(server.request("DELETE", "/v1/sessions/end1").status == 204, "DELETE")
    steps(server, "end2", 1)
    stream.until(lambda events: len(events) >= 2)
    check(not stream.ended, "it ended with the first of two")
    check(server.request("DELETE", "/v1/sessions/end2").status == 204, "DELETE")
    stream.read(5)
    check(stream.ended and stream.events[-1].kind == "deleted", stream.events)
    check(server.request("GET", "/v1/sessions/end2/events").status == 404, "it is gone")


def several_sessions(server):
    names = [f"many{i}" for i in range(20)]
    ids = [make(server, name) for name in names]
    stream = Stream(server, f"/v1/events?session={','.join(names[:10])}")
    clients = [server.connect() for _ in range(4)]

    def run(part):
        for i in range(30):
            for name in names[part::4]:
                steps(clients[part], name, 1 + i % 3)
    threads = [threading.Thread(target=run, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    stream.until(lambda events: all(told(events, i)[0] == 60 for i in ids[:10]), 60)
    for thread in threads:
        thread.join()
    check(all(e.data["session"] in ids[:10] for e in stream.events), "an event of another session")
    check(all(told(stream.events, i) == (60, 0) for i in ids[:10]), "steps were left out")
    check(stream.events[-1].id == ",".join(["60"] * 10), stream.events[-1].id)
    stream.close()


def what_schedules_gave(server):
    """Live and from the past alike, also where a schedule comes later; of lr alone there is nothing."""
    momentum, decay = ({"name": "exponential", "gamma": gamma} for gamma in (0.9, 0.5))
    make(server, "gave", optimizer={"name": "sgd", "lr": 0.5, "momentum": 0.5, "weight_decay": 0.25},
         schedule={"lr": "constant", "momentum": momentum})
    stream = Stream(server, "/v1/sessions/gave/events")
    told_by_steps = []
    for batch in range(3):
        if batch == 2:
            answer = server.request("PATCH", "/v1/sessions/gave", {"schedule": {"weight_decay": decay}})
            check(answer.status == 200, answer)
        answer = server.request("POST", "/v1/sessions/gave/steps",
                                {"steps": [{"gradient": [0.1]}] * 4, "return": "metrics"})
        told_by_steps += [x["metrics"]["hyperparameters"] for x in answer.json["steps"]]
    stream.until(lambda events: any(e.kind == "step" and e.data["step"][-1] == 12 for e in events))
    past = Stream(server, "/v1/sessions/gave/events", {"Last-Event-ID": "0"})
    past.until(lambda events: events)
    for source in (stream, past):
        columns = {"momentum": [], "weight_decay": []}
        for event in source.events:
            if event.kind == "step":
                check("lr" not in event.data["hyperparameters"], event)
                for name, column in columns.items():
                    column += event.data["hyperparameters"].get(name, [None] * len(event.data["step"]))
        for name, column in columns.items():
            want = [x.get(name) for x in told_by_steps]
            check(column == want, f"{name}: {column}, the steps were answered {want}")
        source.close()
    make(server, "rate", schedule="constant")
    stream = Stream(server, "/v1/sessions/rate/events")
    steps(server, "rate", 2)
    stream.until(lambda events: events)
    check(list(stream.events[0].data) == MEMBERS["step"], stream.events)
    stream.close()


# ---- coming back ----------------------------------------------------------------------------

def resumed(server):
    """A client that loses its stream again and again misses nothing."""
    session = make(server, "resumed")
    stop = threading.Event()
    client = server.connect()

    def run():
        while not stop.is_set():
            steps(client, "resumed", 3)
    thread = threading.Thread(target=run)
    thread.start()
    events, last = [], None
    for _ in range(8):
        stream = Stream(server, "/v1/sessions/resumed/events", {"Last-Event-ID": last} if last else {"Last-Event-ID": "0"})
        stream.until(lambda got: got and got[-1].id != last)
        stream.close()
        events += stream.events
        last = events[-1].id
    stop.set()
    thread.join()
    at, missed = told(events, session)
    check(at == int(last) and missed == 0, f"at {at}, {missed} left out")


def resumed_after_a_restart(server):
    session = make(server, "again"), make(server, "again2")
    steps(server, "again", 5)
    stream = Stream(server, "/v1/events?session=again,again2&after=0,0")
    stream.until(lambda events: events and events[-1].id == "5,0")
    server.stop()
    stream.read(5)
    check(stream.ended and stream.events[-1].kind == "bye", stream.events)
    server.start()
    steps(server, "again", 5)
    steps(server, "again2", 2)
    stream = Stream(server, "/v1/events?session=again,again2&after=0,0", {"Last-Event-ID": "5,0"})
    stream.until(lambda events: len(events) >= 2)
    check(told(stream.events, session[0], 5) == (10, 0) and told(stream.events, session[1]) == (2, 0), stream.events)
    stream.close()


def resumed_from_long_ago(server):
    """Of very many steps the newest come one by one; the others are told as a gap."""
    session = make(server, "long")
    for _ in range(2):
        steps(server, "long", 5000)
    stream = Stream(server, "/v1/sessions/long/events?after=10")
    stream.until(lambda events: told(events, session, 10)[0] == 10000)
    check(told(stream.events, session, 10) == (10000, 10000 - 10 - 4096), told(stream.events, session, 10))
    check(stream.events[0].kind == "gap" and len(stream.events) == 2, stream.events)
    stream.close()
    stream = Stream(server, "/v1/sessions/long/events?after=20000")
    stream.read(0.2)
    check(not stream.events, "a position beyond the end: only what comes", stream.events)
    stream.close()


def a_long_batch(server):
    session = make(server, "batch")
    stream = Stream(server, "/v1/sessions/batch/events")
    done = steps(server, "batch", 10000)
    stream.until(lambda events: told(events, session)[0] == done)
    check(told(stream.events, session)[1] == 10000 - 1024, told(stream.events, session))
    stream.close()


# ---- in nobody's way ------------------------------------------------------------------------

def slow_reader(server):
    """A client that does not read holds up nobody; when it reads again, it is told what it missed."""
    session = make(server, "slow")
    stream = Stream(server, "/v1/sessions/slow/events", receive_bytes=4096)
    longest, done = 0, 0
    count = 60 if QUICK else 100
    for _ in range(count):
        begin = time.monotonic()
        done = steps(server, "slow", 2000)
        longest = max(longest, time.monotonic() - begin)
    check(done == 2000 * count, done)
    check(longest < (10 if QUICK else 1), f"a step took {longest:.2f} s")
    stream.until(lambda events: told(events, session)[0] == done, 60)
    check(told(stream.events, session)[1] > 0, "nothing was left out: it was not slow")
    done = steps(server, "slow", 1)
    stream.until(lambda events: told(events, session)[0] == done)
    stream.close()


def gauge(server):
    return int(re.search(r"^stepd_event_streams ([0-9]+)$", server.request("GET", "/metrics").body.decode(), re.M).group(1))


def wait_for_none(server):
    until = time.monotonic() + (20 if QUICK else 6)
    while gauge(server) and time.monotonic() < until:
        time.sleep(0.1)
    check(gauge(server) == 0, f"{gauge(server)} streams are left")


def gone_clients(server):
    """Clients that go away are noticed, though their connections are suspended."""
    make(server, "gone")
    wait_for_none(server)
    streams = [Stream(server, "/v1/sessions/gone/events" if i % 2 else "/v1/events") for i in range(30)]
    check(gauge(server) == 30, gauge(server))
    for i, stream in enumerate(streams):
        if i % 3 == 0:  # a reset in place of an orderly end
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream.close()
    wait_for_none(server)


def left_before_the_answer():
    """Who broke off before the answer was ready leaves no reader behind in a server that stops: the
    leak checker of the address sanitizer would tell, at the end of this one."""
    with Server() as server:
        make(server, "left")
        for i in range(200):
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
                path = "/v1/events" if i % 2 else "/v1/sessions/left/events"
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def coming_and_going(server):
    """Streams that open and close while sessions step and vanish."""
    make(server, "busy")
    stop, wrong = threading.Event(), []

    def guard(work):
        def run():
            client = server.connect()
            try:
                while not stop.is_set():
                    work(client)
            except Exception as why:
                wrong.append(why)
            client.close()
        return run

    def look(client):
        stream = Stream(server, "/v1/events" if time.monotonic_ns() % 2 else "/v1/sessions/busy/events?after=0")
        stream.read(0.02)
        stream.close()

    def vanish(client):
        name = f"brief{threading.get_ident()}"
        check(client.request("PUT", f"/v1/sessions/{name}", {"optimizer": "gd", "parameters": [1]}).status == 201, name)
        stream = Stream(server, f"/v1/sessions/{name}/events")
        steps(client, name, 2)
        check(client.request("DELETE", f"/v1/sessions/{name}").status == 204, name)
        stream.read(10)
        check(stream.ended, "the stream of a session that is gone goes on")
        stream.close()

    work = [look] * 6 + [vanish] * 3 + [lambda client: steps(client, "busy", 2)] * 3
    threads = [threading.Thread(target=guard(w)) for w in work]
    for thread in threads:
        thread.start()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join()
    check(not wrong, wrong)


def heartbeat(stream, begin):
    """Of a session that nobody stepped since `begin`: a sign of life every 15 s."""
    stream.read(max(1, begin + 17 - time.monotonic()))
    seconds = time.monotonic() - begin
    check(seconds / 15 - 2 < stream.comments <= seconds / 15, f"{stream.comments} signs in {seconds:.1f} s")
    check(not stream.events, stream.events)
    stream.close()


# ---- the end --------------------------------------------------------------------------------

def stop_with_streams(load):
    """SIGTERM with open streams: each reader is told, also under load; nobody holds up the end."""
    with Server() as server:
        make(server, "s")
        streams = [Stream(server, path) for path in ["/v1/events", "/v1/sessions/s/events", "/v1/events?session=s"] * 10]
        deaf = Stream(server, "/v1/sessions/s/events", receive_bytes=4096)
        for _ in range(30):
            steps(server, "s", 300)
        threads = [threading.Thread(target=press, args=(server,)) for _ in range(4 if load else 0)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        seconds = server.stop()
        for thread in threads:
            thread.join()
        check(seconds < (20 if QUICK else 5), f"it took {seconds:.2f} s")
        for stream in streams:
            stream.read(5)
            check(stream.ended and stream.events[-1].kind == "bye", stream.events[-3:])
            check([e.kind for e in stream.events].count("bye") == 1, "bye came twice")
        deaf.close()
        server.start()


def press(server):
    client = server.connect()
    try:
        while client.request("POST", "/v1/sessions/s/steps", {"gradient": [0.001]}).status == 200:
            pass
    except Exception:
        pass
    client.close()


def too_many(server):
    """No more streams than the limit, which then is free again."""
    limit = server.request("GET", "/v1/limits").json["event_streams"]
    make(server, "limit")
    streams = []
    while len(streams) < limit:
        streams.append(Stream(server, "/v1/sessions/limit/events"))
    answer = server.request("GET", "/v1/events")
    check(answer.status == 503 and "retry-after" in answer.headers, answer)
    steps(server, "limit", 1)
    for stream in streams[:20]:
        stream.until(lambda events: events)
    for stream in streams:
        stream.close()
    wait_for_none(server)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def given_back(server, before, seconds=20):
    """Clients that have hung up leave nothing open, once the server has got round to them."""
    begin = time.monotonic()
    while descriptors(server) > before + 5:
        check(time.monotonic() - begin < seconds, f"{descriptors(server)} open, {before} before")
        time.sleep(0.05)


def main():
    tally = Tally()
    contract = Contract()
    check(("GET", "/v1/events") in contract.operations, "the contract has no /v1/events")
    with Server() as server:
        make(server, "still")
        begin = time.monotonic()
        silent = [Stream(server, "/v1/sessions/still/events", headers) for headers in ({}, {"Accept": "application/x-ndjson"})]
        for test in (head_of_a_stream, each_step_once, first_event_at_once, every_kind, runs, what_schedules_gave,
                     end_of_the_session, several_sessions, resumed, resumed_from_long_ago, a_long_batch, slow_reader,
                     coming_and_going):
            tally.test(test.__name__, test, server)
        for stream, name in zip(silent, ("comment", "line")):
            tally.test(f"heartbeat as a {name}", heartbeat, stream, begin)
        tally.test("gone_clients", gone_clients, server)
        tally.test("resumed_after_a_restart", resumed_after_a_restart, server)
    with Server() as server:
        before = descriptors(server)
        tally.test("too_many", too_many, server)
        tally.test("descriptors are given back", given_back, server, before)
    tally.test("left_before_the_answer", left_before_the_answer)
    for load in (False, True):
        tally.test(f"stop_with_streams, load: {load}", stop_with_streams, load)
    tally.end()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    main()
