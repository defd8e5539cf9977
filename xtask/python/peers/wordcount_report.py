"""What every peer of WordCount prints: one line of JSON about one run.

Seconds count from the import of this module, which every peer does first, so that the import of its library and the
start of its processes are in them.
"""

import json
import pathlib
import sys
import time

STARTED = time.perf_counter()


def files():
    """The files of the directory named on the command line, by name."""
    return sorted(path for path in pathlib.Path(sys.argv[1]).iterdir() if path.is_file())


def top(counts, k=20):
    """The k most frequent of (word, count) pairs, by count, then by code point."""
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:k]


def report(name, words, distinct, best, **more):
    """Prints the line."""
    seconds = time.perf_counter() - STARTED
    size = sum(path.stat().st_size for path in files())
    line = {
        "name": name,
        "seconds": round(seconds, 4),
        "mb_per_s": round(size / 1e6 / seconds, 1),
        "words": words,
        "distinct": distinct,
        "top": [list(pair) for pair in best],
        **more,
    }
    print(json.dumps(line, ensure_ascii=True), flush=True)
