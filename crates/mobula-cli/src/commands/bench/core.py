"""The same as `core.rs` measures, by a Python driver: reads `what n`, prints seconds."""

import sys
import time

import ray

ray.init(address=sys.argv[1], logging_level="ERROR")

if sys.argv[2:] == ["first"]:
    start = time.time()

    @ray.remote(scheduling_strategy="SPREAD")
    def first():
        pass

    ray.get([first.remote() for _ in range(2)])
    print(time.time() - start, flush=True)
    sys.exit()


@ray.remote
def nothing():
    pass


def at_once(n):
    ray.get([nothing.remote() for _ in range(n)])


def one_by_one(n):
    for _ in range(n):
        ray.get(nothing.remote())


@ray.remote
class Echo:
    def nothing(self):
        pass


ECHO = Echo.remote()


def calls_one_by_one(n):
    for _ in range(n):
        ray.get(ECHO.nothing.remote())


def calls_at_once(n):
    ray.get([ECHO.nothing.remote() for _ in range(n)])


@ray.remote
def spin(seed):
    for _ in range(10):
        seed = seed * 3 + 1
    return seed


def spins(n):
    ray.get([spin.remote(i) for i in range(n)])


def put(size):
    value = b"\7" * size  # of zeros, all pages would be one

    def run(n):
        for _ in range(n):
            ray.put(value)

    return run


def get(size):
    stored = []

    def run(n):
        if not stored:
            stored.append(ray.put(b"\7" * size))
        for _ in range(n):
            ray.get(stored[0])

    return run


put_1k, put_1m, put_100m = put(1 << 10), put(1 << 20), put(100 << 20)
get_1k, get_1m, get_100m = get(1 << 10), get(1 << 20), get(100 << 20)

for line in sys.stdin:
    what, n = line.split()
    start = time.perf_counter()
    globals()[what](int(n))
    print(time.perf_counter() - start, flush=True)
