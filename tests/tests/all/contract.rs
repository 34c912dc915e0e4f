//! The contract as a document: its examples fit it, it is served as it is committed, and a wrong answer does not fit it.

use std::process::Command;

use causeway_tests::contract::contract;
use causeway_tests::http::Request;
use causeway_tests::partner::Kind;
use causeway_tests::program;
use serde_json::{Map, Value, json};

use super::shared;

/// Every operation of the document with its description.
fn operations() -> impl Iterator<Item = (String, &'static Value)> {
    let document = contract().document();
    contract()
        .operations()
        .iter()
        .map(|operation| (operation.id.clone(), &document["paths"][&operation.path][operation.method.to_lowercase()]))
}

fn content(described: &Value) -> &Value {
    &described["content"]["application/json"]
}

/// What the operation answers when it is done.
fn done(described: &Value) -> &Value {
    let responses = described["responses"].as_object().unwrap();
    content(responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1)
}

#[test]
fn examples_fit_their_schemas() {
    for (id, described) in operations() {
        let answer = done(described);
        let judged = contract().judge_value(&answer["schema"], &answer["example"]);
        judged.unwrap_or_else(|error| panic!("the answer of {id}: {error}"));
        let request = content(&described["requestBody"]);
        if !request.is_null() {
            let judged = contract().judge_value(&request["schema"], &request["example"]);
            judged.unwrap_or_else(|error| panic!("the request of {id}: {error}"));
        }
    }
}

/// The answer with one thing wrong with it, in every way: a member dropped, renamed, added, of another type.
fn mutants(answer: &Value) -> Vec<(String, Value)> {
    let Value::Object(members) = answer else { panic!("{answer} is no object") };
    let mut mutants = Vec::new();
    let mut with = |what: String, change: &dyn Fn(&mut Map<String, Value>)| {
        let mut changed = members.clone();
        change(&mut changed);
        mutants.push((what, Value::Object(changed)));
    };
    for (name, value) in members {
        with(format!("{name} dropped"), &|object| drop(object.remove(name)));
        with(format!("{name} renamed"), &|object| {
            let value = object.remove(name).unwrap_or_default();
            object.insert(format!("{name}2"), value);
        });
        let other = if value.is_number() { json!("1") } else { json!(1.5) };
        with(format!("{name} of another type"), &|object| drop(object.insert(name.clone(), other.clone())));
        if let Value::Array(items) = value
            && let Some(item) = items.first()
        {
            for (what, item) in mutants_of_item(item) {
                with(format!("{name}: {what}"), &|object| drop(object.insert(name.clone(), json!([item]))));
            }
        }
    }
    with("a member added".to_owned(), &|object| drop(object.insert("surprise".to_owned(), json!(true))));
    mutants
}

fn mutants_of_item(item: &Value) -> Vec<(String, Value)> {
    if item.is_object() { mutants(item) } else { Vec::new() }
}

#[test]
fn wrong_answers_do_not_fit() {
    let mut count = 0;
    for (id, described) in operations() {
        let answer = done(described);
        for (what, wrong) in mutants(&answer["example"]) {
            let judged = contract().judge_value(&answer["schema"], &wrong);
            assert!(judged.is_err(), "{id} with {what} fits: {wrong}");
            count += 1;
        }
    }
    assert!(count > 500, "{count} wrong answers");
}

#[test]
fn wrong_codes_do_not_fit() {
    let error = json!({
        "type": "conflict", "code": "quote_expired", "message": "x", "param": null, "request_id": "req_0",
        "doc_url": "/docs/errors/quote_expired", "statusCode": 409,
    });
    let document = contract().document();
    let refusals = &document["paths"]["/v1/rails/pay_ins"]["post"]["responses"]["409"];
    let schema = &content(refusals)["schema"];
    assert_eq!(contract().judge_value(schema, &error), Ok(()));
    for (member, wrong) in [("code", "not_found"), ("code", "no_such_code"), ("statusCode", "409")] {
        let mut error = error.clone();
        error[member] = wrong.into();
        assert!(contract().judge_value(schema, &error).is_err(), "{member}: {wrong}");
    }
}

/// What was granted must fit: the document says no less than the program takes, nor more.
#[test]
fn wrong_parameters_do_not_fit() {
    let partner = shared::partner("a reader");
    let granted = partner.get("/v1/gate_sessions");
    let judge = |path: &str| contract().judge(&Request::get(path), &granted);
    let cursor = "gs_test_00000000000000000000000000";
    for fitting in ["limit=100", "status=open&limit=1", &format!("starting_after={cursor}"), "unknown=1", "limit=%31"] {
        assert_eq!(judge(&format!("/v1/gate_sessions?{fitting}")), Ok(()), "{fitting}");
    }
    for wrong in ["limit=101", "limit=ten", "status=done", "starting_after=x", &format!("starting_after={cursor}0")] {
        assert!(judge(&format!("/v1/gate_sessions?{wrong}")).is_err(), "{wrong}");
    }
    let created = partner.session(&causeway_tests::partner::session_body(Kind::PayIn, "100.00"));
    let page = format!("/v1/gate_sessions?starting_after={}", created["id"].as_str().unwrap());
    partner.get(&page).expect(200);
}

#[test]
fn the_document_is_served_as_it_is_committed() {
    let api = shared::server().api();
    let served = |path: &str| api.send(&Request::get(path)).unwrap_or_else(|failure| panic!("{}", failure.error));
    assert_eq!(&served("/openapi/gate-v1.json").json(), contract().document());
    let yaml = served("/openapi/gate-v1.yaml");
    assert_eq!(yaml.header("Content-Type"), Some("application/yaml"));
    let yaml: Value = serde_saphyr::from_str(&yaml.text()).unwrap();
    assert_eq!(&yaml, contract().document());
}

/// Judged by a validator that shares no code with us: openapi-spec-validator of PyPI.
#[test]
fn the_document_is_valid_openapi() {
    let mut command = Command::new(program::python());
    let output = command.args(["-m", "openapi_spec_validator", "openapi.json"]).current_dir(program::repository());
    let output = output.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("OK"), "{said}");
}
