//! What holds for every row of the table, and the samples that make each row testable: an operation without a sample fails
//! here by its name.

mod branding;
mod capabilities;
mod create_embed_token;
mod create_pay_in;
mod create_pay_out;
mod create_session;
mod customers;
mod embed;
mod list_transactions;
mod lock_quote;
mod preview_quotes;
mod requests;
mod retrieve_transaction;
mod samples;
mod test_helpers;
mod webhooks;

use bytes::Bytes;
use causeway_core::command::{Command, Submission};
use causeway_core::limits::BODY_BYTES;
use causeway_core::time::Timestamp;
use http::Method;

use super::{Body, Idempotency, Operation, TABLE, Verb};
use crate::auth::Credential;
use crate::fixture::{Ask, OTHER, PLAIN, Partner, SHOP, World};
use crate::http::BodyError;

use samples::{Sample, Standing};

fn method(operation: &Operation) -> Method {
    Method::from_bytes(operation.verb.word().as_bytes()).unwrap()
}

/// Adds what the operation wants of a caller: keys are `partner`'s own, a token is the sample's.
fn signed<'w>(ask: Ask<'w>, operation: &Operation, partner: Partner, token: Option<&str>) -> Ask<'w> {
    let ask = match operation.credential {
        Credential::Secret => return ask.key(partner.secret()),
        Credential::Publishable => ask.key(partner.publishable()),
        Credential::Embed(_) => ask.header("x-embed-token", token.unwrap_or_default()),
    };
    ask.header("origin", &format!("https://{}.example", partner.0))
}

/// The request of a sample, as `partner` would send it.
fn ask<'w>(world: &'w World, operation: &Operation, sample: &Sample, partner: Partner) -> Ask<'w> {
    let ask = signed(world.ask(method(operation), &sample.path), operation, partner, sample.token.as_deref());
    let ask = match operation.idempotency {
        Idempotency::Required => ask.once("key-of-the-sample"),
        Idempotency::Accepted | Idempotency::Ignored | Idempotency::None => ask,
    };
    match &sample.body {
        Some(body) => ask.json(body.clone()),
        None => ask,
    }
}

#[tokio::test]
async fn each_operation_works() {
    let world = World::start().await;
    for operation in TABLE {
        let sample = samples::of(&world, operation, SHOP, Standing::Ready).await;
        let told = ask(&world, operation, &sample, SHOP).send().await;
        told.expect(operation.ok);
        assert!(told.header("x-request-id").unwrap().starts_with("req_test_"), "{}", operation.id);
        assert_eq!(told.header("gate-version"), Some("2026-05-25"));
        assert_eq!(told.header("content-type"), Some("application/json"));
        let line = world.heard.0.lock().pop().unwrap();
        for word in [operation.word, told.header("x-request-id").unwrap(), "acct_00", "Sandbox", "Http2"] {
            assert!(line.contains(word), "{line}");
        }
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_before_anything_is_read() {
    let world = World::start().await;
    revoke(&world, "sk_test_revoked", "pk_test_revoked").await;
    for operation in TABLE {
        let path = samples::path_of(operation, "x");
        let bare = || world.ask(method(operation), &path);
        let told = bare().send().await;
        assert_eq!(told.refused(401, "missing_key"), None);
        assert_eq!(told.header("www-authenticate"), Some("Bearer"));
        assert!(!told.header("x-request-id").unwrap().contains("test"));
        let (right, wrong) = match operation.credential {
            Credential::Secret => ("sk", "pk"),
            Credential::Publishable => ("pk", "sk"),
            Credential::Embed(_) => {
                for key in ["sk_test_shop", "pk_test_shop"] {
                    bare().key(key).send().await.refused(401, "key_kind_not_allowed");
                }
                for token in ["", "x", "a.b.c", "pk_test_shop"] {
                    bare().header("x-embed-token", token).send().await.refused(401, "invalid_key");
                }
                continue;
            }
        };
        bare().key(format!("{wrong}_test_shop")).send().await.refused(401, "key_kind_not_allowed");
        for key in ["test_unknown", "live_unknown", "test_revoked", "prod_shop"] {
            bare().key(format!("{right}_{key}")).send().await.refused(401, "invalid_key");
        }
        for value in ["Bearer", "Bearer ", "Basic abc", "sk_test_shop", "Bearer caf\u{e9}"] {
            bare().header("authorization", value).send().await.refused(401, "invalid_key");
        }
    }
}

#[tokio::test]
async fn entitlements_are_asked_for() {
    let world = World::start().await;
    for operation in TABLE.iter().filter(|operation| operation.entitlement.is_some()) {
        let path = samples::path_of(operation, "x");
        let told = signed(world.ask(method(operation), &path), operation, PLAIN, None).send().await;
        told.refused(403, "not_entitled");
    }
}

#[tokio::test]
async fn objects_of_others_look_like_none() {
    let world = World::start().await;
    // An asset belongs to nobody.
    let of_partners = |operation: &&Operation| operation.path.contains('{') && operation.id != "getAsset";
    for operation in TABLE.iter().filter(of_partners) {
        let sample = samples::of(&world, operation, OTHER, Standing::Ready).await;
        let unknown = Sample { path: samples::path_of(operation, "x"), ..sample.clone() };
        let of_other = ask(&world, operation, &sample, SHOP).send().await;
        let of_nobody = ask(&world, operation, &unknown, SHOP).send().await;
        assert_eq!(of_other.refused(404, "not_found"), of_nobody.refused(404, "not_found"), "{}", operation.id);
        assert_eq!(of_other.json()["message"], of_nobody.json()["message"], "{}", operation.id);
        // Its owner finds it as it was.
        ask(&world, operation, &sample, OTHER).send().await.expect(operation.ok);
    }
}

#[tokio::test]
async fn bad_bodies_are_refused_by_name() {
    let world = World::start().await;
    for operation in TABLE {
        let bytes = match operation.body {
            Body::Ignored => continue,
            Body::Optional { bytes, .. } | Body::Required { bytes, .. } => bytes,
        };
        assert_eq!(bytes, BODY_BYTES);
        let sample = samples::of(&world, operation, SHOP, Standing::Ready).await;
        let bare = || ask(&world, operation, &sample, SHOP);
        bare().text("{").send().await.refused(400, "invalid_json");
        bare().text("[]").send().await.refused(400, "invalid_request");
        let unknown = bare().text(r#"{"surprise":1}"#).send().await;
        assert_eq!(unknown.refused(400, "unknown_field").as_deref(), Some("surprise"));
        let told = bare().text("{}").header("content-type", "text/plain").send().await;
        assert_eq!(told.refused(415, "unsupported_media_type").as_deref(), Some("Content-Type"));
        bare().text(vec![b' '; bytes + 1]).send().await.refused(413, "body_too_large");
        bare().body(Err(BodyError::TooLarge)).send().await.refused(413, "body_too_large");
        bare().body(Err(BodyError::TimedOut)).send().await.refused(400, "body_incomplete");
        if matches!(operation.body, Body::Required { .. }) {
            bare().body(Ok(Bytes::new())).send().await.refused(400, "invalid_json");
        }
        // A change of nothing is one.
        if matches!(operation.body, Body::Required { .. }) && operation.verb != Verb::Patch {
            let missing = bare().text("{}").send().await.refused(400, "invalid_request");
            assert!(missing.is_some(), "{}", operation.id);
        }
        // After all that the right request still works: nothing of the wrong ones was kept.
        bare().send().await.expect(operation.ok);
    }
}

#[tokio::test]
async fn ignored_bodies_are_ignored() {
    let world = World::start().await;
    for operation in TABLE.iter().filter(|operation| matches!(operation.body, Body::Ignored)) {
        let sample = samples::of(&world, operation, SHOP, Standing::Ready).await;
        let ask = || ask(&world, operation, &sample, SHOP);
        // What is not even a whole request is not performed, or the right one after it would be refused.
        ask().body(Err(BodyError::Broken)).send().await.refused(400, "malformed_http");
        ask().body(Ok(Bytes::from_static(b"\xff{"))).send().await.expect(operation.ok);
    }
}

#[tokio::test]
async fn a_repeated_key_repeats_the_answer() {
    let world = World::start().await;
    for operation in TABLE {
        let sample = samples::of(&world, operation, SHOP, Standing::Ready).await;
        let send = || ask(&world, operation, &sample, SHOP).once("twice").send();
        match operation.idempotency {
            Idempotency::Required | Idempotency::Accepted => {
                let (first, second) = (send().await, send().await);
                first.expect(operation.ok);
                assert_eq!(first.header("idempotent-replayed"), None, "{}", operation.id);
                assert_eq!(second.header("idempotent-replayed"), Some("true"), "{}", operation.id);
                assert_eq!((first.0.status, &first.0.body), (second.0.status, &second.0.body), "{}", operation.id);
            }
            Idempotency::Ignored | Idempotency::None => {
                assert_eq!(send().await.header("idempotent-replayed"), None, "{}", operation.id);
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::start().await;
    let obeys = |operation: &&Operation| {
        matches!(operation.body, Body::Required { .. }) && operation.idempotency != Idempotency::Ignored
    };
    for operation in TABLE.iter().filter(obeys) {
        let sample = samples::of(&world, operation, SHOP, Standing::Ready).await;
        ask(&world, operation, &sample, SHOP).once("one").send().await.expect(operation.ok);
        let changed = Sample { body: Some(samples::changed(operation)), ..sample };
        let told = ask(&world, operation, &changed, SHOP).once("one").send().await;
        told.refused(409, "idempotency_key_reused");
        assert_eq!(told.json()["type"], "idempotency_error");
    }
}

#[tokio::test]
async fn idempotency_keys_are_required_where_the_contract_says() {
    let world = World::start().await;
    let mut required = Vec::new();
    for operation in TABLE.iter().filter(|operation| operation.idempotency == Idempotency::Required) {
        required.push(operation.id);
        let bare = world.ask(method(operation), operation.path).text("{}");
        let told = signed(bare, operation, SHOP, None).send().await;
        assert_eq!(told.refused(400, "idempotency_key_required").as_deref(), Some("Idempotency-Key"));
    }
    assert_eq!(required, ["createSession", "createCustomer", "createPayIn", "createPayOut"]);
}

#[tokio::test]
async fn what_cannot_take_another_movement_is_refused() {
    let world = World::start().await;
    for operation in TABLE {
        let Some((status, code)) = samples::refusal(operation) else { continue };
        let sample = samples::of(&world, operation, SHOP, Standing::Ended).await;
        ask(&world, operation, &sample, SHOP).send().await.refused(status, code);
    }
}

#[tokio::test]
async fn helpers_do_not_exist_in_live() {
    let world = World::start().await;
    for operation in TABLE.iter().filter(|operation| operation.sandbox_only) {
        let path = samples::path_of(operation, "x");
        world.ask(method(operation), &path).key(SHOP.live_secret()).send().await.refused(404, "not_found");
    }
}

async fn revoke(world: &World, secret: &str, publishable: &str) {
    use causeway_core::account::KeyKind;
    use causeway_core::command::{NewKey, Reply};
    for (text, kind) in [(secret, KeyKind::Secret), (publishable, KeyKind::Publishable)] {
        let hash = crate::keys::hash_credential(text);
        let made = world.operate(Command::CreateKey(SHOP.id(), NewKey { kind, hash })).await;
        let Reply::Key(key) = made else { panic!("a key was made") };
        world.operate(Command::RevokeKey(SHOP.id(), key.id)).await;
    }
}

impl World {
    async fn operate(&self, command: Command) -> causeway_core::command::Reply {
        let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
        self.sandbox().submit(crate::gate::Lane::Operator, submission).await.unwrap().reply
    }
}
