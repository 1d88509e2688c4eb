#!/usr/bin/env python3
"""The proof at a glance, as a Markdown table: each optimizer, the libraries whose trajectories it is held to,
the largest deviation from any of them, and what a step costs.

  BUILD=.build/release tests/golden/table.py          after `make unit` and `make .build/release/bench/kernels`

The deviation is relative to the largest size that a coordinate has in its file; the largest over all files of
a library is shown with the tolerance where that is not 1e-12. Time: `kernels all`, ns per parameter at a million.
"""
import collections, json, os, re, subprocess

BUILD = os.environ.get("BUILD", ".build/release")


def deviations():
    """{optimizer: {library: [files, worst deviation, largest tolerance]}}"""
    run = subprocess.run([f"{BUILD}/unit/math/golden"], env={**os.environ, "GOLDEN_VERBOSE": "1"},
                         capture_output=True, text=True, check=True)
    found = collections.defaultdict(dict)
    for path, share, tolerance in re.findall(r"^(tests/golden/\S+\.json) +(\S+) of (\S+)$", run.stderr, re.M):
        with open(path) as file:
            golden = json.load(file)
        library = golden["source"].split()[0]
        library = {"the": "50 digits", "worked": "by hand"}.get(library, library)
        library += " " + golden["dtype"] if "dtype" in golden else ""
        row = found[golden["optimizer"]["name"]].setdefault(library, [0, 0.0, 0.0])
        row[0] += 1
        row[1] = max(row[1], float(share) * float(tolerance))
        row[2] = max(row[2], float(tolerance))
    return found


def times():
    run = subprocess.run([f"{BUILD}/bench/kernels", "all"], capture_output=True, text=True, check=True)
    return {line.split()[0]: float(line.split()[1]) for line in run.stdout.splitlines()}


def main():
    took = times()
    print("| optimizer | proven against (files, largest deviation) | ns per parameter |\n|---|---|---|")
    for name, libraries in sorted(deviations().items()):
        proof = "; ".join(f"{library} {files}, {worst:.0e}" + (f" (of {tolerance:.0e})" if tolerance > 1e-12 else "")
                          for library, (files, worst, tolerance) in sorted(libraries.items()))
        print(f"| {name} | {proof} | {took[name]:.2f} |" if name in took else f"| {name} | {proof} | – |")


if __name__ == "__main__":
    main()
