//! What an operator names is looked for in the account and the mode that he names beside it, and nowhere else.

use std::fs;

use causeway_tests::operator::{Operator, Rights};
use causeway_tests::partner::{Kind, Partner, lock_body, session_body, with};
use causeway_tests::program::live_catalogue;
use causeway_tests::server::{DataDir, Server};
use serde_json::{Value, json};

use super::{flipped, ground, text};
use crate::all::both::MasterKey;

/// An account in a mode, with what an operator can name of it.
struct Named<'p> {
    partner: &'p Partner,
    mode: &'static str,
    session: Value,
    customer: Value,
    key: String,
}

impl<'p> Named<'p> {
    fn new(partner: &'p Partner, mode: &'static str, operator: &Operator) -> Named<'p> {
        let session = partner.session(&session_body(Kind::PayIn, "100.00"));
        let (_, key) = operator.key(&partner.account, mode, "secret");
        Named { partner, mode, session, customer: partner.customer(), key }
    }

    fn account(&self) -> String {
        format!("/operator/accounts/{}", self.partner.account)
    }

    /// How it stands with somebody of this account and mode.
    fn look(&self, operator: &Operator, name: &str, value: &Value) -> u16 {
        let query = format!("mode={}&{name}={}", self.mode, text(value));
        operator.call("GET", &format!("{}/verifications?{query}", self.account()), &Value::Null).status
    }

    fn verify(&self, operator: &Operator, name: &str, value: &Value) -> u16 {
        let body = json!({ "mode": self.mode, name: value, "status": "verified" });
        operator.call("PUT", &format!("{}/verifications", self.account()), &body).status
    }

    fn is_known(&self, operator: &Operator, reference: &str) -> bool {
        let path = format!("{}/verifications?mode={}&user_reference={reference}", self.account(), self.mode);
        operator.done("GET", &path, &Value::Null)["status"] == "verified"
    }
}

#[test]
fn an_operator_names_only_what_is_the_accounts() {
    let both = ground();
    let operator = both.server.operator();
    let another = operator.partner("another bank", Rights::ALL);
    let all = [
        Named::new(&both.sandbox, "sandbox", operator),
        Named::new(&both.live, "live", operator),
        Named::new(&another, "sandbox", operator),
    ];
    for (at, here) in all.iter().enumerate() {
        for there in all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, there)| there) {
            for (name, object) in [("session_id", &there.session), ("customer_id", &there.customer)] {
                for id in [object["id"].clone(), json!(flipped(text(&object["id"])))] {
                    assert_eq!(here.look(operator, name, &id), 404, "{name} {id} in {}", here.mode);
                    assert_eq!(here.verify(operator, name, &id), 404, "{name} {id} in {}", here.mode);
                }
            }
            if here.partner.account != there.partner.account {
                for key in [there.key.clone(), flipped(&there.key)] {
                    let path = format!("{}/keys/{key}", here.account());
                    operator.call("DELETE", &path, &Value::Null).expect_refusal(404, "not_found");
                }
            }
        }
        assert_eq!(here.look(operator, "customer_id", &here.customer["id"]), 200);
        let path = format!("/v1/customers/{}", text(&here.customer["id"]));
        assert_eq!(
            here.partner.get(&path).expect(200)["kyc_status"],
            "unverified",
            "nobody else's word has changed it"
        );
    }
    verified_here_alone(operator, &all);
    for here in &all {
        operator.done("DELETE", &format!("{}/keys/{}", here.account(), here.key), &Value::Null);
    }
}

/// A partner's name for a person is its own, and names another person in each mode.
fn verified_here_alone(operator: &Operator, all: &[Named<'_>; 3]) {
    for (at, here) in all.iter().enumerate() {
        let reference = format!("ann-{at}");
        assert_eq!(here.verify(operator, "user_reference", &json!(reference)), 200);
        let known: Vec<bool> = all.iter().map(|one| one.is_known(operator, &reference)).collect();
        assert_eq!(known, [at == 0, at == 1, at == 2]);
    }
}

/// Whom an operator lets go on is a payment of the named account, in the mode of its id.
#[test]
fn an_operator_lets_only_the_accounts_payment_go_on() {
    let both = ground();
    let operator = both.server.operator();
    let another = operator.partner("another bank", Rights::ALL);
    let verify = |account: &Partner, id: &str| {
        let path = format!("/operator/accounts/{}/payments/{id}/verify", account.account);
        operator.call("POST", &path, &Value::Null)
    };
    for kind in Kind::BOTH {
        let waiting = both.sandbox.start(kind, "100.05");
        let ended = both.live.start(kind, "100.00");
        for (account, id) in [
            (&another, text(&waiting["id"]).to_owned()),
            (&another, text(&ended["id"]).to_owned()),
            (&both.sandbox, flipped(text(&waiting["id"]))),
            (&both.sandbox, flipped(text(&ended["id"]))),
            (&both.sandbox, text(&waiting["session_id"]).to_owned()),
            (&both.sandbox, text(&waiting["transaction_refid"]).to_owned()),
        ] {
            verify(account, &id).expect_refusal(404, "not_found");
        }
        // In its own mode it is found, whichever of the two worlds' payments it is.
        verify(&both.live, text(&ended["id"])).expect_refusal(409, "payment_not_waiting");
        assert_eq!(both.sandbox.read_payment(&waiting)["next_action"]["type"], "verify", "it waits as before");
        verify(&both.sandbox, text(&waiting["id"])).expect(200);
    }
}

/// An asset of one mode's catalogue is none of the other's.
#[test]
fn an_asset_is_its_own_modes() {
    let files = DataDir::new();
    // Live calls the same asset by another name.
    let renamed = live_catalogue().map(|flag| {
        let (option, path) = flag.split_once('=').unwrap();
        let copy = files.file(option.trim_start_matches('-'));
        fs::write(&copy, fs::read_to_string(path).unwrap().replace("\"ETH\"", "\"WETH\"")).unwrap();
        format!("{option}={}", copy.display())
    });
    let key = MasterKey::with_catalogue("5a", renamed);
    let server = Server::start(&key.flags(&["--mode=both", "--model-dir=/nowhere"]));
    let sandbox = server.operator().partner("a bank", Rights::ALL);
    let live = server.operator().partner_of(&sandbox.account, Rights { mode: "live", ..Rights::ALL });
    for (partner, own, others) in [(&sandbox, "ETH", "WETH"), (&live, "WETH", "ETH")] {
        let path = |symbol: &str| format!("/v1/capabilities/assets/{symbol}");
        assert_eq!(partner.get(&path(own)).expect(200)["symbol"], own);
        partner.get(&path(others)).expect_refusal(404, "not_found");
        let list = partner.get("/v1/capabilities/assets").expect(200);
        let symbols: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| text(&one["symbol"])).collect();
        assert!(!symbols.contains(&others), "{symbols:?}");
        let eligibility = format!("/v1/capabilities/eligibility?asset={others}");
        assert_eq!(partner.get(&eligibility).expect(200)["eligible"], false);
        let lock = |symbol: &str| {
            let body = with(lock_body(Kind::PayIn, "100.00"), json!({ "asset": symbol }));
            partner.post("/v1/quotes", &body)
        };
        assert_eq!(lock(own).expect(201)["asset"], own);
        lock(others).expect_refusal(400, "asset_unavailable");
    }
}
