"""WordCount in plain Python: collections.Counter in two processes.

    python wordcount_python.py DIRECTORY
"""

import wordcount_report as wc

import collections
import heapq
import multiprocessing

PROCESSES = 2


def count(paths):
    """The words of some files."""
    words = collections.Counter()
    for path in paths:
        words.update(lower_words(path))
    return words


def lower_words(path):
    """A file's words. Lower case is taken of each word by itself: a capital sigma looks at its word's end."""
    text = path.read_bytes().decode()
    return [word.lower() for word in text.split()] if "Σ" in text else text.lower().split()


def divide(paths, parts):
    """Lists of files of about equal size: the largest file goes to the smallest list."""
    lists = [(0, part, []) for part in range(parts)]
    for path in sorted(paths, key=lambda path: path.stat().st_size, reverse=True):
        size, part, own = heapq.heappop(lists)
        own.append(path)
        heapq.heappush(lists, (size + path.stat().st_size, part, own))
    return [own for _, _, own in lists]


def main():
    with multiprocessing.Pool(PROCESSES) as pool:
        total = collections.Counter()
        for counts in pool.imap_unordered(count, divide(wc.files(), PROCESSES)):
            total.update(counts)
    wc.report("Python, Counter, 2 processes", sum(total.values()), len(total), wc.top(total.items()))


if __name__ == "__main__":
    main()
