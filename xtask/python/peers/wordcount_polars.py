"""WordCount in Polars, on its streaming engine.

Its white space is Unicode's, without U+001C..U+001F.

    python wordcount_polars.py DIRECTORY
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import wordcount_report as wc

import polars as pl


def main():
    # Lines of text as rows of a CSV with one column: no quotes, and a separator that no text has.
    lines = pl.scan_csv(
        wc.files(), has_header=False, new_columns=["line"], separator="\x01", quote_char=None, schema={"line": pl.String}
    )
    words = lines.select(pl.col("line").str.to_lowercase().str.extract_all(r"\S+").alias("word")).explode("word")
    counts = words.drop_nulls().group_by("word").agg(pl.len().alias("count")).collect(engine="streaming")
    best = counts.top_k(1000, by="count").rows()
    wc.report("Polars, streaming", int(counts["count"].sum()), counts.height, wc.top(best))


if __name__ == "__main__":
    main()
