"""The same MapReduce written for Ray in Python: maps read their files themselves and combine, M = 8, N = 4.

Words go to partitions by a hash that is the same in every process; Python's own is not.

    python wordcount_ray.py DIRECTORY
"""

import wordcount_report as wc

import collections
import time
import zlib

import ray

MAPS, REDUCES = 8, 4


@ray.remote(num_returns=REDUCES)
def count(paths):
    """A map task with a combiner: the words of some files, by partition."""
    from wordcount_python import lower_words

    words = collections.Counter()
    for path in paths:
        words.update(lower_words(path))
    partitions = [{} for _ in range(REDUCES)]
    for word, n in words.items():
        partitions[zlib.crc32(word.encode()) % REDUCES][word] = n
    return partitions


@ray.remote
def merge(*partitions):
    """A reduce task: all words of one partition, summed up."""
    total = collections.Counter()
    for words in partitions:
        total.update(words)
    return sum(total.values()), len(total), wc.top(total.items())


def main():
    from wordcount_python import divide

    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    attached = time.perf_counter()
    maps = [count.remote(paths) for paths in divide(wc.files(), MAPS)]
    reduces = ray.get([merge.remote(*(partitions[at] for partitions in maps)) for at in range(REDUCES)])
    job = time.perf_counter() - attached
    best = wc.top([pair for _, _, pairs in reduces for pair in pairs])
    words, distinct = sum(part[0] for part in reduces), sum(part[1] for part in reduces)
    wc.report("Ray in Python, M=8 N=4", words, distinct, best, job_seconds=round(job, 4))


if __name__ == "__main__":
    main()
