#!/usr/bin/env python3
"""The whole server, measured side by side in one run.

  BUILD=.build/release tests/bench/server.py [rounds] [seconds]

Durable steps per second (n = 16, adam, 64 keep-alive connections over 64 sessions) and the same as a share
of the ceiling (libmicrohttpd answering a constant to the same requests), in interleaved rounds; one
connection alone against one fdatasync; sessions of two numbers, whose steps are recorded, against those of 16; a batch of 1,000 steps per request; start-up; idle memory.
With STEPD_PEER_PYTHON naming a Python that has fastapi, uvicorn and torch, that peer runs in the same rounds.
"""
import http.client, json, os, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", ".build/release")
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
GRADIENT = [0.1 * (i - 7.3) for i in range(16)]


class Stepd:
    def __init__(self, folder):
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [f"{BUILD}/stepd", "serve", "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder}/bench.db"],
            stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "http://127.0.0.1:" in line:
                self.port = int(line.split("http://127.0.0.1:")[1].split("/")[0].split()[0])
                break
        while True:
            try:
                request(self.port, "GET", "/healthz")
                break
            except ConnectionError:
                time.sleep(0.001)
        self.startup_ms = (time.perf_counter() - begun) * 1e3
        os.set_blocking(self.process.stderr.fileno(), False)

    def rss_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(l.split()[1]) / 1024 for l in status if l.startswith("VmRSS"))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Ceiling:
    def __init__(self):
        self.process = subprocess.Popen([f"{BUILD}/bench/ceiling"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Peer:
    """FastAPI + torch, as a user would wire it up."""
    def __init__(self, folder):
        python = os.environ["STEPD_PEER_PYTHON"]
        self.port = 7977
        self.process = subprocess.Popen(
            [python, "-m", "uvicorn", "fastapi_torch:app", "--port", str(self.port), "--log-level", "error"],
            cwd=f"{HERE}/peers", env={**os.environ, "PEER_DB": f"{folder}/peer.db", "OMP_NUM_THREADS": "1"})
        for _ in range(600):
            try:
                request(self.port, "GET", "/healthz")
                return
            except ConnectionError:
                time.sleep(0.1)
        raise SystemExit("the peer did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def request(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, json.dumps(body) if body is not None else None,
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, data


def create_sessions(port, name="bench", n=16):
    for k in range(64):
        status, data = request(port, "PUT", f"/v1/sessions/{name}{k}",
                               {"optimizer": {"name": "adam", "lr": 1e-3}, "parameters": [0.5] * n})
        assert status in (200, 201), data


def wrk(port, connections, seconds=SECONDS, sessions="bench"):
    out = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s",
                          "--latency", "-s", f"{HERE}/steps.lua", f"http://127.0.0.1:{port}", "--", sessions],
                         capture_output=True, text=True).stdout
    line = next(l for l in out.splitlines() if l.startswith("RESULT"))
    rate, p50, p99, errors = map(float, line.split()[1:])
    if errors:
        raise SystemExit(f"{errors:.0f} requests failed")
    return rate, p50, p99


def fdatasync_ms(folder):
    with open(f"{folder}/sync", "wb", buffering=0) as f:
        times = []
        for _ in range(300):
            f.write(b"x" * 8192)
            begun = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e3


def batch_us_per_step(port):
    body = {"steps": [{"gradient": GRADIENT, "loss": 0.5}] * 1000}
    text = json.dumps(body)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for _ in range(20):
        begun = time.perf_counter()
        connection.request("POST", "/v1/sessions/bench0/steps", text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e6 / 1000


def main():
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        starts = []
        for _ in range(5):
            server = Stepd(folder)
            starts.append(server.startup_ms)
            server.stop()
        server = Stepd(folder)
        idle = server.rss_mib()
        ceiling = Ceiling()
        peer = Peer(folder) if os.environ.get("STEPD_PEER_PYTHON") else None
        create_sessions(server.port)
        create_sessions(server.port, "small", 2)
        if peer:
            create_sessions(peer.port)
        wrk(server.port, 64, 1)
        wrk(ceiling.port, 64, 1)
        rows, shares, smalls, peers, ones, ones_ceiling = [], [], [], [], [], []
        for _ in range(ROUNDS):
            top = wrk(ceiling.port, 64)
            own = wrk(server.port, 64)
            rows.append(own)
            shares.append(own[0] / top[0])
            smalls.append(wrk(server.port, 64, sessions="small")[0] / own[0])
            ones.append(wrk(server.port, 1, 2)[1])
            ones_ceiling.append(wrk(ceiling.port, 1, 1)[1])
            if peer:
                peers.append(own[0] / wrk(peer.port, 64)[0])
        sync = fdatasync_ms(folder)
        batch = batch_us_per_step(server.port)
        median = statistics.median
        one = median(ones)
        print(f"durable steps/s, 64 connections     {median(r[0] for r in rows):10,.0f}   "
              f"({min(r[0] for r in rows):,.0f} to {max(r[0] for r in rows):,.0f})")
        print(f"share of libmicrohttpd's ceiling    {median(shares):10.2f}   ({min(shares):.2f} to {max(shares):.2f}; "
              "to reach: 0.50)")
        print(f"latency p50 / p99, ms               {median(r[1] for r in rows):5.2f} / {median(r[2] for r in rows):5.2f}   "
              "(to reach: p99 under 8)")
        print(f"recorded sessions (n = 2) to n = 16 {median(smalls):10.2f}   ({min(smalls):.2f} to {max(smalls):.2f})")
        print(f"one connection p50, ms              {one:10.3f}   ({one / sync:.2f} x one 8 KiB fdatasync, "
              f"{one / (sync + median(ones_ceiling)):.2f} x fdatasync + empty request)")
        print(f"batch of 1,000 steps, us per step   {batch:10.2f}")
        print(f"start-up until answering, ms        {median(starts):10.1f}   (to reach: under 50)")
        print(f"idle memory, MiB                    {idle:10.1f}   (to reach: under 16)")
        if peer:
            print(f"ratio to FastAPI + torch            {median(peers):10.1f}   ({min(peers):.1f} to {max(peers):.1f})")
            peer.stop()
        ceiling.stop()
        server.stop()


main()
