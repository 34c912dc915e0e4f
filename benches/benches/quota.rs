//! What a request pays for its account's quota. Names are stable: baselines are compared by them.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use causeway_control::quota::{Class, MOST, Quotas, Rate, Tiers};
use causeway_core::id::{AccountId, Mode};
use criterion::{Criterion, criterion_group, criterion_main};

/// One request of one of a thousand accounts: in the tier without bounds, within its rate, and beyond it.
fn quota(criterion: &mut Criterion) {
    let now = Arc::new(AtomicU64::new(1));
    let clock = now.clone();
    let quotas = Quotas::with_clock(tiers(), Arc::new(move || clock.load(Relaxed)));
    let mut group = criterion.benchmark_group("quota");
    for (name, tier, step) in [("unlimited", "unlimited", 0), ("within", "wide", 1_000), ("beyond", "narrow", 0)] {
        let mut account = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                account = (account + 1) % 1_000;
                now.fetch_add(step, Relaxed);
                black_box(quotas.ask(Mode::Sandbox, AccountId(account), Some(tier), Class::Writes))
            });
        });
    }
    group.finish();
}

/// The two fields that tell an account how it stands.
fn fields(criterion: &mut Criterion) {
    let quotas = Quotas::new(tiers());
    let standing = quotas.ask(Mode::Sandbox, AccountId(1), Some("wide"), Class::Writes).standing;
    let standing = standing.expect("the tier is bounded");
    criterion.bench_function("quota/fields", |bencher| bencher.iter(|| black_box(standing.fields())));
}

fn tiers() -> Tiers {
    let mut tiers = Tiers::default();
    for (name, number) in [("wide", MOST), ("narrow", 1)] {
        let rate = Rate { per_second: number, burst: number };
        tiers.add(name, [rate; Class::ALL.len()], MOST).expect("the name is plain");
    }
    tiers
}

criterion_group!(benches, quota, fields);
criterion_main!(benches);
