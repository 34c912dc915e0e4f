//! The risk policy and the queue of reviews, as far as they need no payment.

use causeway_core::risk::keys::named_person_key;

use super::*;
use crate::keys::hex;

const PATH: &str = "/operator/risk-policy";

fn policy(account: &str) -> Value {
    json!({
        "mode": "sandbox",
        "reason": "ticket 12",
        "rules": [
            { "name": "often", "when": [{ "feature": "person_count_24h", "at_least": 20 }], "verdict": "review" },
            { "name": "odd", "accounts": [account], "sides": ["off_ramp"], "methods": ["card"], "currencies": ["EUR"],
              "when": [{ "feature": "amount_usd_log10", "at_least": 0.1, "at_most": 2.5 }], "verdict": "step_up" },
        ],
        "lists": [
            { "name": "eves", "action": "block", "entity": "person",
              "values": [{ "account": account, "reference": "eve" }] },
            { "name": "phones", "action": "allow", "entity": "device", "values": ["phone-1", "phone-2"] },
        ],
    })
}

#[tokio::test]
async fn a_policy_is_replaced_as_a_whole_and_can_be_sent_again_as_it_is_shown() {
    let world = World::start(BOTH);
    let account = world.account(json!({ "name": "Shop" })).await;
    let look = |mode: &str| format!("{PATH}?mode={mode}");
    let empty = World::expect(world.ask(Method::GET, &look("live"), Value::Null).await, 200);
    assert_eq!((&empty["version"], &empty["set_at"], &empty["history"]), (&json!(0), &Value::Null, &json!([])));
    let set = World::expect(world.ask(Method::PUT, PATH, policy(&account)).await, 200);
    assert_eq!((&set["object"], &set["version"], &set["mode"]), (&json!("risk_policy"), &json!(1), &json!("test")));
    let eve = named_person_key(Mode::Sandbox, AccountId::parse(&account).unwrap(), "eve");
    assert_eq!(set["lists"][0]["keys"], json!([hex::encode(&eve)]));
    assert_eq!(set["lists"][1]["keys"].as_array().unwrap().len(), 2);
    assert_eq!(set["rules"][1]["when"].as_array().unwrap().len(), 2, "both bounds are two conditions");
    assert_eq!(set["history"][0]["entries"], 3);
    let again = json!({ "mode": "test", "reason": "again", "rules": set["rules"], "lists": set["lists"] });
    let again = World::expect(world.ask(Method::PUT, PATH, again).await, 200);
    assert_eq!((&again["rules"], &again["lists"]), (&set["rules"], &set["lists"]));
    assert_eq!(again["history"].as_array().unwrap().len(), 2);
    let none = json!({ "mode": "sandbox", "reason": "enough", "rules": [], "lists": [] });
    assert_eq!(World::expect(world.ask(Method::PUT, PATH, none).await, 200)["version"], 3);
    let first =
        World::expect(world.ask(Method::GET, &format!("{PATH}?mode=sandbox&version=1"), Value::Null).await, 200);
    assert_eq!(first["rules"], set["rules"]);
    World::expect(world.ask(Method::GET, &format!("{PATH}?mode=sandbox&version=9"), Value::Null).await, 404);
    let live = World::expect(world.ask(Method::GET, &look("live"), Value::Null).await, 200);
    assert_eq!(live["version"], 0, "each mode has its own");
    let audit = world.audit();
    assert!(audit.contains("replaces version 0: 2 rules, 2 lists with 3 entries") && audit.contains("ticket 12"));
    assert!(!audit.contains("phone-1") && !audit.contains("\"eve\""));
}

/// An account that is not there yet is no fault: rules may be older than it is.
#[tokio::test]
async fn an_account_that_is_not_there_is_told_and_taken() {
    let world = World::start(&[Mode::Sandbox]);
    let set = World::expect(world.ask(Method::PUT, PATH, policy(&AccountId(99).text())).await, 200);
    let warnings: Vec<&str> = set["warnings"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let missing = format!("names the account {}, which there is not", AccountId(99).text());
    assert_eq!(
        warnings,
        ["the rule \"odd\"", "values[0] of the list \"eves\""].map(|whose| format!("{whose} {missing}"))
    );
    let account = world.account(json!({ "name": "Shop" })).await;
    let set = World::expect(world.ask(Method::PUT, PATH, policy(&account)).await, 200);
    assert_eq!(set["warnings"], Value::Null);
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_named() {
    let world = World::start(&[Mode::Sandbox]);
    let account = world.account(json!({ "name": "Shop" })).await;
    let rule = |rest: Value| {
        let mut rule = json!({ "name": "a", "methods": ["card"], "verdict": "review" });
        rule.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({ "mode": "sandbox", "reason": "r", "rules": [rule], "lists": [] })
    };
    let list = |values: Value| {
        let list = json!({ "name": "a", "action": "block", "entity": "person", "values": values });
        json!({ "mode": "sandbox", "reason": "r", "rules": [], "lists": [list] })
    };
    let mut without_reason = policy(&account);
    without_reason["reason"] = json!("  ");
    for (body, param) in [
        (rule(json!({ "verdict": "approve" })), json!("rules[0].verdict")),
        (rule(json!({ "methods": [] })), json!("rules[0]")),
        (rule(json!({ "methods": ["carrier_pigeon"] })), json!("rules[0]")),
        (rule(json!({ "currencies": ["XAF"] })), json!("rules[0]")),
        (rule(json!({ "when": [{ "feature": "is_card", "at_least": 2 }] })), json!("rules[0]")),
        (rule(json!({ "when": [{ "feature": "luck", "at_least": 1 }] })), json!("rules[0]")),
        (rule(json!({ "accounts": ["acct_x"] })), json!("rules[0].accounts[0]")),
        (rule(json!({ "unless": [] })), json!("rules[0].unless")),
        (list(json!([{ "account": "acct_x", "reference": "eve" }])), json!("lists[0].values[0]")),
        (list(json!([{ "account": account, "reference": "eve", "name": "Eve" }])), json!("lists[0].values[0]")),
        (list(json!(["eve"])), json!("lists[0]")),
        (json!({ "mode": "sandbox", "reason": "r", "lists": [] }), json!("rules")),
        (json!({ "mode": "sandbox", "rules": [], "lists": [] }), json!("reason")),
        (without_reason, json!("reason")),
    ] {
        let refused = World::expect(world.ask(Method::PUT, PATH, body.clone()).await, 400);
        assert_eq!(refused["param"], param, "{body}: {refused}");
    }
    let mut live = policy(&account);
    live["mode"] = json!("live");
    World::expect(world.ask(Method::PUT, PATH, live).await, 501);
    World::expect(world.ask(Method::GET, PATH, Value::Null).await, 400);
    assert!(!world.audit().contains("set_risk_policy"), "what is refused is not recorded as done");
}

#[tokio::test]
async fn what_does_not_wait_is_not_reviewed() {
    let world = World::start(&[Mode::Sandbox]);
    let empty = World::expect(world.ask(Method::GET, "/operator/reviews?mode=sandbox", Value::Null).await, 200);
    assert_eq!((&empty["data"], &empty["has_more"]), (&json!([]), &json!(false)));
    let id = format!("pi_test_{}", "0".repeat(26));
    let (look, live) = (format!("/operator/reviews/{id}"), format!("/operator/reviews/{}", id.replace("test", "live")));
    for path in [look.as_str(), live.as_str(), "/operator/reviews/x"] {
        World::expect(world.ask(Method::GET, path, Value::Null).await, 404);
    }
    let decide = format!("{look}/approve");
    World::expect(world.ask(Method::POST, &decide, json!({ "reason": "known" })).await, 404);
    for body in [json!({}), json!({ "reason": "" })] {
        assert_eq!(World::expect(world.ask(Method::POST, &decide, body).await, 400)["param"], "reason");
    }
    for (query, param) in
        [("", "mode"), ("?mode=x", "mode"), ("?mode=sandbox&starting_after=pi_live_x", "starting_after")]
    {
        let refused = world.ask(Method::GET, &format!("/operator/reviews{query}"), Value::Null).await;
        assert_eq!(World::expect(refused, 400)["param"], param);
    }
    assert!(!world.audit().contains("approve_review"));
}
