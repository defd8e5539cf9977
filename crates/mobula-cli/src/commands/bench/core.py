"""The same as `core.rs` measures, by a Python driver: reads `what n`, prints seconds."""

import sys
import time

import ray

ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")


@ray.remote
def nothing():
    pass


def at_once(n):
    ray.get([nothing.remote() for _ in range(n)])


def one_by_one(n):
    for _ in range(n):
        ray.get(nothing.remote())


for line in sys.stdin:
    what, n = line.split()
    start = time.perf_counter()
    globals()[what](int(n))
    print(time.perf_counter() - start, flush=True)
