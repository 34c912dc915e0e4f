//! Benches of lock, redeem, score, route, encode and commit. Names are stable: baselines are compared by them.

use std::hint::black_box;
use std::sync::Arc;

use causeway_benches::{Bench, lock_quote, shipped_catalogue, shipped_model};
use causeway_core::command::Reply;
use causeway_core::id::Mode;
use causeway_core::risk::Features;
use causeway_core::risk::package::Package;
use causeway_core::risk::scorer::{OnnxRuntime, OnnxScorer, Scorer};
use causeway_core::routing::{Catalogue, choose};
use causeway_core::store::{Batch, Identity, MemoryStore, RocksStore, Store, StoreMemory};
use causeway_core::terms::Terms;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Locking quotes: pricing, signature, row.
fn lock(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lock");
    for size in [1, 64] {
        let commands = vec![lock_quote(); size];
        let mut bench = Bench::new();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| black_box(bench.run(&commands)));
        });
    }
    group.finish();
}

/// Redeeming prepared quotes, from the guards to the encoded batch, scored by the fallback.
fn redeem(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redeem");
    for size in [1, 64] {
        let mut bench = Bench::new();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_custom(|rounds| {
                (0..rounds)
                    .map(|_| {
                        let commands = bench.prepared(size);
                        let started = std::time::Instant::now();
                        black_box(bench.run(&commands));
                        started.elapsed()
                    })
                    .sum()
            });
        });
    }
    group.finish();
}

/// One call of the shipped model, with rotated rows.
fn score(criterion: &mut Criterion) {
    let library = std::env::var("CAUSEWAY_ONNXRUNTIME").expect("run `cargo xtask setup` first");
    let runtime = OnnxRuntime::load(library.as_ref()).expect("the runtime loads");
    let mut scorer = OnnxScorer::load(&runtime, &shipped_model()).expect("the shipped model is good");
    let golden = Package::read(&shipped_model()).expect("the shipped package is good").golden;
    let rows: Vec<Features> = golden.iter().cycle().take(256).map(|(row, _)| *row).collect();
    let mut group = criterion.benchmark_group("score");
    for size in [1, 8, 64] {
        let mut windows = rows.windows(size).cycle();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| scorer.score(black_box(windows.next().expect("a cycle does not end"))));
        });
    }
    group.finish();
}

/// Choosing among 10, 100 and 1,000 corridors, all of which could carry the payment.
fn route(criterion: &mut Criterion) {
    let terms = terms();
    let mut group = criterion.benchmark_group("route");
    for size in [10, 100, 1_000] {
        let catalogue = corridors(&terms, size);
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| choose(black_box(&catalogue), &terms, &[]));
        });
    }
    group.finish();
}

/// Committing encoded redemptions: to memory, and to RocksDB with its sync.
fn commit(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let identity = Identity { mode: Mode::Sandbox };
    let rocks =
        RocksStore::open(&folder.path().join("db"), identity, StoreMemory::default()).expect("a new store opens");
    let stores: [(&str, Arc<dyn Store>); 2] =
        [("memory", Arc::new(MemoryStore::new())), ("rocksdb_synced", Arc::new(rocks))];
    let mut group = criterion.benchmark_group("commit");
    for (name, store) in stores {
        for size in [1, 64] {
            let mut bench = Bench::new();
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let batch = |bench: &mut Bench| -> Batch {
                    let commands = bench.prepared(size);
                    bench.run(&commands).0
                };
                bencher.iter_batched(|| batch(&mut bench), |batch| store.commit(&[batch]), BatchSize::SmallInput);
            });
        }
    }
    group.finish();
}

fn terms() -> Terms {
    let reply = Bench::new().run(&[lock_quote()]).1.remove(0);
    let Reply::Quote(quote) = reply else { panic!("a quote was locked") };
    quote.terms.clone()
}

fn corridors(terms: &Terms, size: usize) -> Catalogue {
    let shipped = shipped_catalogue();
    let serves = |corridor: &&causeway_core::routing::Corridor| {
        corridor.serves(terms.side, terms.currency, &terms.payment_method)
    };
    let corridors = shipped.corridors.iter().filter(serves).cycle().take(size).enumerate().map(|(number, corridor)| {
        causeway_core::routing::Corridor { id: format!("{}-{number}", corridor.id), ..corridor.clone() }
    });
    Catalogue { corridors: corridors.collect(), ..shipped.clone() }
}

criterion_group!(benches, lock, redeem, score, route, commit);
criterion_main!(benches);
