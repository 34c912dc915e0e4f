//! Who was verified, and by which rules an account is served.

use causeway_core::account::Entitlements;
use causeway_core::command::{Command, Reply, Submission};
use causeway_core::customer::CustomerTerms;
use causeway_core::ingress::Lane;
use causeway_core::money::{Amount, Currency};
use causeway_core::session::SessionTerms;

use super::*;

impl World {
    async fn submit(&self, command: Command) -> Reply {
        let submission = Submission { command, idempotency: None, deadline: Timestamp(u64::MAX) };
        self.cells[0].handle.submit(Lane::Operator, submission).await.unwrap().reply
    }

    /// The id of a new session.
    async fn session(&self, account: AccountId, user_reference: Option<&str>) -> String {
        let terms = SessionTerms {
            amount: Amount::parse("100.00").unwrap(),
            currency: Currency::parse("EUR").unwrap(),
            flow: None,
            target_token: None,
            target_network: None,
            wallet_address: None,
            user_reference: user_reference.map(str::to_owned),
            quote_preview_id: None,
            return_url: "https://partner.example".to_owned(),
            cancel_url: None,
            metadata: Vec::new(),
            kyc_package: None,
        };
        let reply = self.submit(Command::CreateSession(account, Box::new(terms))).await;
        let Reply::Session(session) = reply else { panic!("{reply:?}") };
        session.id.text(Mode::Sandbox)
    }

    /// The id of a new customer.
    async fn customer(&self, account: AccountId, email: &str, external_id: Option<&str>) -> String {
        let terms = CustomerTerms {
            email: email.to_owned(),
            external_id: external_id.map(str::to_owned),
            phone: None,
            first_name: None,
            last_name: None,
            country_code: None,
            metadata: Vec::new(),
        };
        let reply = self.submit(Command::CreateCustomer(account, Box::new(terms))).await;
        let Reply::Customer(customer) = reply else { panic!("{reply:?}") };
        customer.facts.id.text(Mode::Sandbox)
    }
}

/// One account in the sandbox: its id as text, and the path of its verifications.
async fn shop(world: &World) -> (AccountId, String) {
    let id = world.account(json!({ "name": "Shop" })).await;
    let account = AccountId::parse(&id).unwrap();
    world.submit(Command::SetEntitlements(account, Entitlements::ALL)).await;
    (account, format!("/operator/accounts/{id}/verifications"))
}

#[tokio::test]
async fn a_person_is_verified_by_reference_by_customer_and_by_session() {
    let world = World::start(BOTH);
    let (account, path) = shop(&world).await;
    let (ann, nameless) = (world.session(account, Some("ann")).await, world.session(account, None).await);
    let (customer, alone) = (
        world.customer(account, "ann@a.example", Some("ann")).await,
        world.customer(account, "b@b.example", None).await,
    );
    let ways = [
        ("user_reference", "ann", [json!("ann"), json!(customer), Value::Null]),
        ("customer_id", &customer, [json!("ann"), json!(customer), Value::Null]),
        ("session_id", &ann, [json!("ann"), json!(customer), json!(ann)]),
        ("session_id", &nameless, [Value::Null, Value::Null, json!(nameless)]),
        ("customer_id", &alone, [Value::Null, json!(alone), Value::Null]),
    ];
    for (name, text, who) in ways {
        let look = format!("{path}?mode=sandbox&{name}={text}");
        let is_person = text != alone;
        for status in ["unverified", "verified", "verified", "refused", "unverified"] {
            let body = json!({ "mode": "sandbox", name: text, "status": status, "reason": "ticket 9" });
            if status == "refused" && !is_person {
                let refused = World::expect(world.ask(Method::PUT, &path, body).await, 400);
                assert_eq!(refused["param"], "customer_id");
                continue;
            }
            let said = World::expect(world.ask(Method::PUT, &path, body).await, 200);
            assert_eq!(["user_reference", "customer_id", "session_id"].map(|name| said[name].clone()), who);
            assert_eq!((&said["object"], &said["status"]), (&json!("verification"), &json!(status)));
            assert_eq!(said["since"].is_string(), status != "unverified" && is_person, "{said}");
            assert_eq!(World::expect(world.ask(Method::GET, &look, Value::Null).await, 200), said);
        }
    }
    let audit = world.audit();
    assert!(audit.contains("\"verified: user_reference ann") && audit.contains("\"refused: user_reference ann"));
    assert!(audit.contains(&format!("verified: {nameless}")) && audit.contains("ticket 9"));
}

#[tokio::test]
async fn what_is_said_of_nobody_is_refused() {
    let world = World::start(&[Mode::Sandbox]);
    let (account, path) = shop(&world).await;
    let session = world.session(account, None).await;
    let (foreign, live) = (path.replace(&account.text(), &AccountId(1).text()), session.replace("_test_", "_live_"));
    let customer = "cus_test_00000000000000000000000000";
    let both = json!({ "mode": "sandbox", "user_reference": "a", "session_id": session, "status": "verified" });
    let body = |name: &str, text: &str| json!({ "mode": "sandbox", name: text, "status": "verified" });
    for (path, body, status, param) in [
        (&path, both, 400, json!("user_reference")),
        (&path, json!({ "mode": "sandbox", "status": "verified" }), 400, json!("user_reference")),
        (&path, json!({ "mode": "sandbox", "user_reference": "a" }), 400, json!("status")),
        (&path, json!({ "mode": "sandbox", "user_reference": "a", "status": "maybe" }), 400, json!("status")),
        (&path, body("user_reference", ""), 400, json!("user_reference")),
        (&path, body("user_reference", &"x".repeat(256)), 400, json!("user_reference")),
        (&path, body("session_id", &live), 404, Value::Null),
        (&path, body("session_id", "gs_test_x"), 404, Value::Null),
        (&path, body("customer_id", customer), 404, Value::Null),
        (&foreign, body("user_reference", "a"), 404, Value::Null),
        (&foreign, body("session_id", &session), 404, Value::Null),
        (&path, json!({ "mode": "live", "user_reference": "a", "status": "verified" }), 501, json!("mode")),
    ] {
        let refused = World::expect(world.ask(Method::PUT, path, body.clone()).await, status);
        assert_eq!(refused["param"], param, "{body}: {refused}");
    }
    let look = |query: &str| format!("{path}?{query}");
    for (query, status) in [
        ("user_reference=a", 400),
        ("mode=production&user_reference=a", 400),
        ("mode=sandbox", 400),
        ("mode=sandbox&session_id=gs_test_x", 404),
        ("mode=live&user_reference=a", 501),
    ] {
        World::expect(world.ask(Method::GET, &look(query), Value::Null).await, status);
    }
    let unseen = World::expect(world.ask(Method::GET, &look("mode=sandbox&user_reference=a"), Value::Null).await, 200);
    assert_eq!((&unseen["status"], &unseen["since"]), (&json!("unverified"), &Value::Null));
    assert!(!world.audit().contains("set_verification"), "what is refused is not recorded as done");
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole() {
    let world = World::start(BOTH);
    let id = world.account(json!({ "name": "Shop" })).await;
    let path = format!("/operator/accounts/{id}/settings");
    let set = async |body: Value| {
        let shown = World::expect(world.ask(Method::PUT, &path, body).await, 200);
        [0, 1].map(|mode| shown["modes"][mode]["settings"].clone())
    };
    let rules = |quote_life: Value, risk: &str| json!({ "quote_life": quote_life, "risk": risk });
    let live = rules(Value::Null, "real");
    let changed = set(json!({ "mode": "sandbox", "quote_life": 45, "risk": "real", "reason": "a trial" })).await;
    assert_eq!(changed, [rules(json!(45), "real"), live.clone()]);
    let account = AccountId::parse(&id).unwrap();
    let stored = world.cells[0].handle.directory().account(account).unwrap().clone();
    assert_eq!((stored.quote_life.map(|life| life.0), stored.risk_is_real), (Some(45_000), true));
    assert_eq!(set(json!({ "mode": "sandbox" })).await, [rules(Value::Null, "simulated"), live]);
    let changed = set(json!({ "mode": "live", "quote_life": 300, "risk": "real" })).await;
    assert_eq!(changed[1], rules(json!(300), "real"));
    assert!(world.audit().contains("set_rules") && world.audit().contains("a trial"));
    for (body, param) in [
        (json!({ "mode": "sandbox", "quote_life": 4 }), "quote_life"),
        (json!({ "mode": "sandbox", "quote_life": 301 }), "quote_life"),
        (json!({ "mode": "sandbox", "quote_life": 30.5 }), "quote_life"),
        (json!({ "mode": "sandbox", "quote_life": "30s" }), "quote_life"),
        (json!({ "mode": "sandbox", "risk": "none" }), "risk"),
        (json!({ "mode": "live", "risk": "simulated" }), "risk"),
        (json!({ "quote_life": 30 }), "mode"),
    ] {
        let refused = World::expect(world.ask(Method::PUT, &path, body.clone()).await, 400);
        assert_eq!(refused["param"], param, "{body}");
    }
}
