#!/usr/bin/env python3
"""What a server says of its own life on stderr: variables that look meant for it and are not, where
it serves, that it stops and why, and last that it has stopped; as text, or each line as JSON."""

import json
import tempfile

from stepd import Server, Tally, check


def said(folder, *arguments):
    server = Server(arguments, folder=folder, environment={"STEPD_CACH": "9", "STEPD_QUICK": "1", "STEPD_PORT": "tcp://10.0.0.1:7837",
                                                        "STEPD_SERVICE_HOST": "10.0.0.1", "STEPD_LOG_LEVEL": "info"})
    server.stop()
    with open(server.log_path, encoding="utf-8") as log:
        return log.read().splitlines()


def texts():
    with tempfile.TemporaryDirectory() as folder:
        lines = said(folder)
    check([line for line in lines if " warn " in line and line.endswith("the environment has STEPD_CACH, which stepd does not read; did you mean STEPD_CACHE?")], lines)
    check([line for line in lines if line.endswith("the environment has STEPD_QUICK, which stepd does not read")], lines)
    check(not [line for line in lines if "STEPD_LOG_LEVEL" in line or "STEPD_PORT" in line or "STEPD_SERVICE" in line], lines)
    check("stopping: Terminated" in lines[-2] and lines[-1].endswith(" stopped"), lines[-2:])


def json_lines():
    with tempfile.TemporaryDirectory() as folder:
        lines = [json.loads(line) for line in said(folder, "--log-format", "json")]
    check([line for line in lines if line["level"] == "warn" and "STEPD_CACHE?" in line["message"]], lines)
    check(lines[-1]["message"] == "stopped" and lines[-1]["level"] == "info", lines[-1])


def main():
    tally = Tally()
    tally.test("text", texts)
    tally.test("json", json_lines)
    tally.end()


if __name__ == "__main__":
    main()
