//! What signing a webhook costs. Names are stable: baselines are compared by them.

use std::hint::black_box;

use causeway_control::keys::{KeyRing, MasterKey, SecretText};
use causeway_control::webhooks::signature::{Message, Secrets, headers};
use causeway_core::id::{AccountId, Mode};
use criterion::{Criterion, criterion_group, criterion_main};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// As long as a payment's event.
const BODY: [u8; 850] = [b'x'; 850];

/// All headers of one attempt: two signatures by the secret and one by the account's key, which was made before.
fn signing(criterion: &mut Criterion) {
    let keys = keys();
    let secrets = Secrets { first: secret(), second: None, key: keys.event_key(AccountId(1)) };
    let message = Message { event_id: "evt_test_1", event_type: "webhook.test", at: 1_750_000_123, body: &BODY };
    let mut group = criterion.benchmark_group("webhooks");
    group.bench_function("headers", |bencher| bencher.iter(|| black_box(headers(&secrets, black_box(&message)))));
    group.bench_function("v1a", |bencher| bencher.iter(|| black_box(secrets.key.sign(black_box(&BODY)))));
    group.finish();
}

/// The key of an account that was heard of before, and of one after another that were not.
fn event_keys(criterion: &mut Criterion) {
    let keys = keys();
    let mut group = criterion.benchmark_group("webhooks/key");
    group.bench_function("kept", |bencher| bencher.iter(|| black_box(keys.event_key(AccountId(1)))));
    let mut account = 1;
    group.bench_function("made", |bencher| {
        bencher.iter(|| {
            account += 1;
            black_box(keys.event_key(AccountId(account)))
        });
    });
    group.finish();
}

fn keys() -> KeyRing {
    KeyRing::derive(&MasterKey::from_bytes([7; 32]), Mode::Sandbox)
}

fn secret() -> SecretText {
    SecretText::new(SECRET.to_owned())
}

criterion_group!(benches, signing, event_keys);
criterion_main!(benches);
