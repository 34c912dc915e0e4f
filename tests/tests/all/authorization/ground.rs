//! A gateway with both modes, the owner of all objects, and everybody else who may ask for them.

use causeway_tests::http::{Request, Response};
use causeway_tests::operator::Rights;
use causeway_tests::partner::{Kind, Partner, session_body};
use causeway_tests::poll::{SOON, poll};
use causeway_tests::receiver::Receiver;
use serde_json::{Value, json};

use super::rows::{Asked, Credential, Row};
use crate::all::both::{Both, both_with};

/// What every list of the owner's shows, and its branding.
const LISTS: [&str; 4] =
    ["/v1/gate_sessions?limit=100", "/v1/customers?limit=100", "/v1/transactions?limit=100", "/v1/branding"];

const DELIVERIES: &str = "/v1/webhooks/deliveries?limit=200";

/// Whose credential is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Owner,
    /// As entitled as the owner, and somebody else.
    Stranger,
    /// The owner, in live.
    OtherMode,
    /// The owner, with a key that was revoked.
    Revoked,
    /// Somebody else without any entitlement.
    Unentitled,
    /// The owner, while the operator has withdrawn the entitlement.
    Withdrawn,
}

pub struct Ground {
    both: Both,
    pub owner: Partner,
    stranger: Partner,
    unentitled: Partner,
    revoked: Partner,
    owners_token: String,
    revoked_token: String,
    receiver: Receiver,
}

impl Ground {
    /// Rails do nothing by themselves, so that what the owner sees changes by requests alone.
    pub fn new() -> Ground {
        let slow = ["--rail-settle-delay=1h", "--rail-late-delay=1h", "--verification-life=1h", "--quote-life=300s"];
        let both = both_with(&slow);
        let receiver = Receiver::start();
        let operator = both.server.operator();
        let owner = both.sandbox.clone();
        let stranger = operator.partner("a stranger", Rights::ALL);
        let unentitled = operator.partner("a newcomer", Rights::NONE);
        for partner in [&owner, &stranger, &unentitled] {
            operator.set_webhook(partner, "sandbox", &receiver.url());
        }
        let mut revoked = owner.clone();
        let keys = ["secret", "publishable"].map(|kind| operator.key(&owner.account, "sandbox", kind));
        (revoked.secret, revoked.publishable) = (keys[0].0.clone(), keys[1].0.clone());
        let owners_token = token(&owner, &open(&owner));
        let revoked_token = token(&revoked, &open(&owner));
        for (_, id) in keys {
            let path = format!("/operator/accounts/{}/keys/{id}", owner.account);
            operator.done("DELETE", &path, &Value::Null);
        }
        Ground { owner, stranger, unentitled, revoked, owners_token, revoked_token, receiver, both }
    }

    fn partner(&self, holder: Holder) -> &Partner {
        match holder {
            Holder::Owner | Holder::Withdrawn => &self.owner,
            Holder::Stranger => &self.stranger,
            Holder::OtherMode => &self.both.live,
            Holder::Revoked => &self.revoked,
            Holder::Unentitled => &self.unentitled,
        }
    }

    /// A token that is bound to a session of the holder's own; that of somebody else is new, since it may be confirmed.
    pub fn token_of(&self, holder: Holder) -> String {
        match holder {
            Holder::Owner | Holder::Withdrawn => self.owners_token.clone(),
            Holder::Revoked => self.revoked_token.clone(),
            Holder::Stranger | Holder::OtherMode | Holder::Unentitled => {
                let partner = self.partner(holder);
                token(partner, &open(partner))
            }
        }
    }

    /// Sends with a credential of this kind, from where its holder may send it.
    pub fn present(
        &self,
        holder: Holder,
        kind: Credential,
        request: Request,
        token: impl FnOnce() -> String,
    ) -> Response {
        let partner = self.partner(holder);
        match kind {
            Credential::Secret => partner.send(request),
            Credential::Publishable => partner.browse(request),
            Credential::Embed => {
                let request = request.header("X-Embed-Token", &token()).header("Origin", &partner.origin);
                partner.send_as_is(&request)
            }
        }
    }

    pub fn by_the_owner(&self, row: &Row, asked: &Asked) -> Response {
        let token = || token(&self.owner, asked.session.as_ref().unwrap());
        self.present(Holder::Owner, row.credential, asked.request.clone(), token)
    }

    /// What `ask` hears while the owner's account is without this entitlement.
    pub fn without_entitlement(&self, name: &str, ask: impl FnOnce() -> Response) -> Response {
        let set = |granted: bool| {
            let mut rights = json!({
                "mode": "sandbox", "rails": true, "customers": true, "swap": true, "kyc_package": true,
                "verified_users": true,
            });
            rights[name] = granted.into();
            let path = format!("/operator/accounts/{}/entitlements", self.owner.account);
            self.both.server.operator().done("PUT", &path, &rights);
        };
        set(false);
        let answer = ask();
        set(true);
        answer
    }

    /// Everything that a request could have changed: what it names, what is listed, which events there are.
    pub fn seen_by_the_owner(&self, asked: &Asked) -> Vec<Value> {
        let paths = LISTS.into_iter().chain(asked.reads.iter().map(String::as_str));
        let mut seen: Vec<Value> = paths.map(|path| self.owner.get(path).expect(200)).collect();
        let deliveries = self.owner.get(DELIVERIES).expect(200);
        seen.extend(deliveries["data"].as_array().unwrap().iter().map(|delivery| delivery["id"].clone()));
        seen
    }

    /// A delivery of the owner's that was given up.
    pub fn dead_delivery(&self) -> Value {
        let operator = self.both.server.operator();
        operator.set_webhook(&self.owner, "sandbox", "http://127.0.0.1:9/hooks");
        let sent = self.owner.act("/v1/webhooks/test").expect(201);
        let dead = poll(SOON, "the delivery is given up", || {
            let list = self.owner.get(&format!("{DELIVERIES}&status=dead_lettered")).expect(200);
            list["data"].as_array().unwrap().iter().find(|one| one["id"] == sent["id"]).cloned()
        });
        operator.set_webhook(&self.owner, "sandbox", &self.receiver.url());
        dead
    }
}

pub fn open(partner: &Partner) -> Value {
    partner.session(&session_body(Kind::PayIn, "100.00"))
}

pub fn token(partner: &Partner, session: &Value) -> String {
    let body = json!({ "clientSecret": session["client_secret"] });
    let told = partner.browse(Request::post("/v1/embed/bootstrap").json(&body)).expect(201);
    told["embed_token"].as_str().unwrap().to_owned()
}
