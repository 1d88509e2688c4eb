#!/usr/bin/env python3
"""One step of Adam in stepd and in torch (fused, one thread), taking turns in one run.

  PYTHON tests/bench/torch_fused.py [rounds]

PYTHON is one that has torch (`make bench` takes the one that STEPD_PEER_PYTHON names, else python3, and
leaves this out where it has no torch). stepd's time is that of `kernels step`: kernel, norms and finite
check. Columns: dtype, n, ns per parameter in stepd and in torch, and how many times as long torch takes
(to reach: at least 1 at every size; medians, with the least and the largest ratio of a round).
Both compute in the dtype they store.
"""
import os, statistics, subprocess, sys, time
import torch

BUILD = os.environ.get("BUILD", ".build/release")
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7


class Stepd:
    def __init__(self, dtype, n):
        self.process = subprocess.Popen([f"{BUILD}/bench/kernels", "step", "adam", dtype, str(n)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ns(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Torch:
    def __init__(self, dtype, n):
        self.n = n
        w = torch.zeros(n, dtype=getattr(torch, dtype), requires_grad=True)
        w.grad = torch.linspace(-1, 1, n, dtype=w.dtype)
        self.adam = torch.optim.Adam([w], fused=True)

    def ns(self):
        times = 1 if self.n >= 10**7 else 4000000 // (self.n + 20000) + 1
        begun = time.perf_counter_ns()
        for _ in range(times):
            self.adam.step()
        return (time.perf_counter_ns() - begun) / times / self.n


def measure(dtype, n):
    ours, theirs = Stepd(dtype, n), Torch(dtype, n)
    rounds = [(ours.ns(), theirs.ns()) for _ in range(ROUNDS + 1)][1:]  # the first warms up
    ours.close()
    ratios = [b / a for a, b in rounds]
    ratio = statistics.median(ratios)
    print(f"{dtype:8} {n:9} {statistics.median(a for a, _ in rounds):9.3f} "
          f"{statistics.median(b for _, b in rounds):9.3f} {ratio:9.2f}  ({min(ratios):.2f} to {max(ratios):.2f})",
          flush=True)
    return ratio >= 1


def main():
    torch.set_num_threads(1)
    print(f"{'dtype':8} {'n':>9} {'stepd':>9} {'torch':>9} {'times':>9}  torch {torch.__version__}")
    reached = [measure(dtype, n) for dtype in ("float64", "float32") for n in (16, 10**3, 10**6, 10**7)]
    print("never slower than torch: " + ("ok" if all(reached) else "NOT REACHED"))
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
