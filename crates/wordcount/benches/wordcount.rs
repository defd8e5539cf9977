//! The parts of a job, on a synthetic text, beside the plain version: `cargo bench -p mobula-wordcount`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros make public functions; a benchmark may panic"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mobula_wordcount::{Bucket, Counter, corpus::Corpus, merge, naive, write};

const BYTES: usize = 16 << 20;

fn text(seed: u64) -> Vec<u8> {
    let mut text = Vec::new();
    Corpus::new().write(seed, BYTES, &mut text);
    text
}

fn buckets(seed: u64) -> Vec<Bucket> {
    let mut counter = Counter::new();
    counter.feed(&text(seed)).unwrap();
    counter.into_buckets(2)
}

fn map(criterion: &mut Criterion) {
    let text = text(1);
    let mut group = criterion.benchmark_group("map");
    group.throughput(Throughput::Bytes(BYTES as u64)).sample_size(10);
    group.bench_function("count and bucket", |bencher| {
        bencher.iter(|| {
            let mut counter = Counter::new();
            counter.feed(&text).unwrap();
            counter.into_buckets(2)
        });
    });
    group.bench_function("count again what is known", |bencher| {
        let mut counter = Counter::new();
        bencher.iter(|| counter.feed(&text).unwrap());
    });
    group.bench_function("HashMap<String, u64>", |bencher| {
        bencher.iter(|| {
            let mut counts = naive::Counts::new();
            naive::count(std::str::from_utf8(&text).unwrap(), &mut counts);
            counts
        });
    });
    group.finish();
}

fn reduce(criterion: &mut Criterion) {
    let (first, second) = (buckets(1), buckets(2));
    let both = [&first[0], &second[0]];
    let counts = merge(&both).unwrap();
    let ranked: Vec<_> = (0..2).map(|at| merge(&[&first[at], &second[at]]).unwrap().rank()).collect();
    let mut group = criterion.benchmark_group("reduce");
    group.throughput(Throughput::Elements(counts.distinct())).sample_size(20);
    group.bench_function("merge", |bencher| bencher.iter(|| merge(&both).unwrap()));
    group.bench_function("top 20", |bencher| bencher.iter(|| counts.top(20)));
    group.bench_function("rank", |bencher| bencher.iter(|| counts.rank()));
    group.bench_function("write both", |bencher| {
        bencher.iter_batched_ref(
            || Vec::with_capacity(32 << 20),
            |to| write(&ranked, to).unwrap(),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn corpus(criterion: &mut Criterion) {
    let corpus = Corpus::new();
    let mut group = criterion.benchmark_group("corpus");
    group.throughput(Throughput::Bytes(BYTES as u64)).sample_size(10);
    let mut to = Vec::new();
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            to.clear();
            corpus.write(1, BYTES, &mut to);
        });
    });
    group.finish();
}

criterion_group!(benches, map, reduce, corpus);
criterion_main!(benches);
