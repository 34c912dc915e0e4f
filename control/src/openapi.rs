//! The OpenAPI document, derived from the table of operations and the wire types.

mod events;
mod examples;
mod links;

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::auth::Credential;
use crate::operations::{Body, Idempotency, Operation, Parameter, TABLE};
use crate::problem::{Code, ErrorBody};
use crate::wire::VERSION;

/// The OpenAPI 3.1 document of the partner API.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for operation in TABLE {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.verb.word().to_ascii_lowercase()] = described(operation, &mut schemas);
    }
    let webhooks = events::described(&mut schemas.answers);
    let responses = Value::Object(error_responses(&mut schemas));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Causeway partner API",
            "version": VERSION,
            "description": "Amounts and rates are decimal strings. The mode, sandbox or live, comes from the key alone.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas.finish(),
            "responses": responses,
            "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The groups of operations, in the order in which they are shown.
fn tags() -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for operation in TABLE {
        if !names.contains(&operation.tag) {
            names.push(operation.tag);
        }
    }
    // The table's groups and that of the events, which may be one of them.
    if !names.contains(&"Webhooks") {
        names.push("Webhooks");
    }
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

/// The document as JSON text.
pub fn json() -> String {
    format!("{:#}\n", document())
}

/// The document as YAML text.
pub fn yaml() -> String {
    serde_saphyr::to_string(&document()).expect("strings, numbers and names can be written as YAML")
}

/// The generators of requests and answers: a field that may be left out of a request is always there in an answer.
struct Schemas {
    requests: SchemaGenerator,
    answers: SchemaGenerator,
}

impl Schemas {
    fn new() -> Schemas {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Schemas {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
        }
    }

    fn finish(mut self) -> Map<String, Value> {
        let mut all = self.requests.take_definitions(true);
        let mut answers = self.answers.take_definitions(true);
        answers.values_mut().for_each(close);
        all.extend(answers);
        all
    }
}

/// An answer has the members that are described and no others.
fn close(schema: &mut Value) {
    if schema.get("properties").is_some() {
        schema["additionalProperties"] = false.into();
    }
}

fn described(operation: &Operation, schemas: &mut Schemas) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": security(operation.credential),
        "parameters": parameters(operation),
        "responses": responses(operation, schemas),
    });
    let (body, required) = match operation.body {
        Body::Ignored => return described,
        Body::Optional { schema, .. } => (schema, false),
        Body::Required { schema, .. } => (schema, true),
    };
    described["requestBody"] = json!({
        "required": required,
        "content": { "application/json": {
            "schema": body(&mut schemas.requests),
            "example": examples::request(operation.id),
        } },
    });
    described
}

fn security(credential: Credential) -> Value {
    match credential {
        Credential::Secret => json!([{ "secretKey": [] }]),
        Credential::Publishable => json!([{ "publishableKey": [] }, { "publishableKeyHeader": [] }]),
        Credential::Embed(_) => json!([{ "embedToken": [] }]),
    }
}

fn security_schemes() -> Value {
    json!({
        "secretKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A secret key, sk_test_… or sk_live_…. For servers only.",
        },
        "publishableKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "A publishable key, pk_test_… or pk_live_….",
        },
        "publishableKeyHeader": { "type": "apiKey", "in": "header", "name": "X-Publishable-Key" },
        "embedToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Embed-Token",
            "description": "The token of createEmbedToken, from a page of the origin that it was made for.",
        },
    })
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let path = operation.path.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let about_path = |name| if name == "symbol" { "The asset's symbol, in either case." } else { "The object's id." };
    let path = path.map(|(name, _)| parameter(name, "path", true, about_path(name), json!({ "type": "string" })));
    let query = operation.query.iter().map(query_parameter);
    // What is ignored may be anything.
    let key = match operation.idempotency {
        Idempotency::Required | Idempotency::Accepted => {
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" })
        }
        Idempotency::Ignored | Idempotency::None => json!({ "type": "string" }),
    };
    let about_key = "Names one action: the same key gives the first answer again.";
    let required = operation.idempotency == Idempotency::Required;
    let taken = operation.idempotency != Idempotency::None;
    let key = taken.then(|| parameter("Idempotency-Key", "header", required, about_key, key));
    let version = json!({ "type": "string", "enum": [VERSION] });
    let version = parameter("Gate-Version", "header", false, "The version of the contract to answer in.", version);
    path.into_iter().chain(query).chain(key).chain([version]).collect()
}

fn query_parameter(query: &Parameter) -> Value {
    // The table's schemas are constants; a test reads them all.
    let schema = serde_json::from_str(query.schema).unwrap_or_default();
    parameter(query.name, "query", false, query.description, schema)
}

fn parameter(name: &str, place: &str, required: bool, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": required, "description": description, "schema": schema })
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> Map<String, Value> {
    let schema: Schema = (operation.response)(&mut schemas.answers);
    let mut named = json!({ "X-Request-Id": header("RequestId"), "Gate-Version": header("GateVersion") });
    add_quota(&mut named);
    if matches!(operation.idempotency, Idempotency::Required | Idempotency::Accepted) {
        named["Idempotent-Replayed"] = header("IdempotentReplayed");
    }
    let mut done = json!({
        "description": "Done.",
        "headers": named,
        "content": { "application/json": { "schema": schema, "example": examples::answer(operation.id) } },
    });
    let links = links::of(operation, &schema, &schemas.answers, &mut schemas.requests);
    if !links.is_null() {
        done["links"] = links;
    }
    let refused = by_status(&operation.codes()).into_iter();
    let refused = refused.map(|(status, codes)| (status.to_string(), refusal(status, &codes, schemas)));
    let refused: Vec<_> = refused.collect();
    [(operation.ok.to_string(), done)].into_iter().chain(refused).collect()
}

/// The refusals of an operation with one status. Where they are all that there are, they are described once for all.
fn refusal(status: u16, codes: &[Code], schemas: &mut Schemas) -> Value {
    if by_status(Code::ALL)[&status] == codes {
        return json!({ "$ref": format!("#/components/responses/{status}") });
    }
    error_response(codes, schemas)
}

fn by_status(codes: &[Code]) -> BTreeMap<u16, Vec<Code>> {
    codes.iter().fold(BTreeMap::new(), |mut statuses, &code| {
        statuses.entry(code.status()).or_insert_with(Vec::new).push(code);
        statuses
    })
}

fn error_responses(schemas: &mut Schemas) -> Map<String, Value> {
    let statuses = by_status(Code::ALL).into_iter();
    statuses.map(|(status, codes)| (status.to_string(), error_response(&codes, schemas))).collect()
}

/// The error body with one of these codes, which have the same status.
fn error_response(codes: &[Code], schemas: &mut Schemas) -> Value {
    let error = schemas.answers.subschema_for::<ErrorBody<'static>>();
    let lines = codes.iter().map(|code| format!("- `{}`: {}", code.word(), code.explanation()));
    let words: Vec<&str> = codes.iter().map(|code| code.word()).collect();
    let mut headers = json!({ "X-Request-Id": header("RequestId"), "Gate-Version": header("GateVersion") });
    // Before the account is known, nothing can be said about what it may ask for.
    if !codes.iter().any(|code| [401, 405].contains(&code.status())) {
        add_quota(&mut headers);
    }
    if codes.iter().any(|code| code.retry_after().is_some()) {
        headers["Retry-After"] = header("RetryAfter");
    }
    let schema = json!({ "allOf": [error, { "properties": {
        "code": { "enum": words },
        "statusCode": { "const": codes.first().map(|code| code.status()) },
    } }] });
    json!({
        "description": lines.collect::<Vec<_>>().join("\n"),
        "headers": headers,
        "content": { "application/json": { "schema": schema } },
    })
}

fn add_quota(headers: &mut Value) {
    headers["RateLimit-Policy"] = header("RateLimitPolicy");
    headers["RateLimit"] = header("RateLimit");
}

fn header(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

fn headers() -> Value {
    json!({
        "RequestId": {
            "description": "Names the request for support.",
            "required": true,
            "schema": { "type": "string", "pattern": "^req_((test|live)_)?[0-9a-z]{26}$" },
        },
        "GateVersion": {
            "description": "The version of the contract that this is an answer in.",
            "required": true,
            "schema": { "type": "string", "enum": [VERSION] },
        },
        "IdempotentReplayed": {
            "description": "Present when this repeats the first answer to the same key.",
            "schema": { "type": "string", "enum": ["true"] },
        },
        "RateLimitPolicy": {
            "description": "What the account may ask for: requests of a class (q) in a time (w, seconds), and requests in \
                            progress. Absent when nothing bounds it, or before it is known.",
            "schema": { "type": "string" },
            "example": r#""writes";q=1000;w=2, "in-progress";q=256;qu="concurrent-requests""#,
        },
        "RateLimit": {
            "description": "What is left of that now (r), and in how many seconds there will be more (t).",
            "schema": { "type": "string" },
            "example": r#""writes";r=999;t=1, "in-progress";r=255"#,
        },
        "RetryAfter": { "description": "Whole seconds to wait.", "schema": { "type": "integer", "minimum": 1 } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");

    /// Run with `UPDATE=1` to write the document anew.
    #[test]
    fn the_committed_document_is_this_one() {
        let document = document();
        if std::env::var_os("UPDATE").is_some() {
            let text = serde_json::to_string_pretty(&document).unwrap();
            std::fs::write(COMMITTED, text + "\n").unwrap();
        }
        let committed = std::fs::read_to_string(COMMITTED).unwrap();
        let committed: Value = serde_json::from_str(&committed).unwrap();
        // Without the two documents in the message: they are long.
        assert!(committed == document, "openapi.json is stale: run this test with UPDATE=1");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => map.iter().for_each(|(key, value)| match (key.as_str(), value) {
                    ("$ref", Value::String(text)) => found.push(text.clone()),
                    _ => references(value, found),
                }),
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > TABLE.len());
        for reference in found {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_is_described() {
        let document = document();
        for operation in TABLE {
            let described = &document["paths"][operation.path][operation.verb.word().to_ascii_lowercase()];
            assert_eq!(described["operationId"], operation.id);
            assert!(described["responses"][operation.ok.to_string()].is_object(), "{}", operation.id);
            for query in operation.query {
                assert!(serde_json::from_str::<Value>(query.schema).is_ok(), "{}", query.name);
            }
        }
    }

    #[test]
    fn answers_are_whole_and_requests_are_closed() {
        let document = document();
        let schema = |name: &str| &document["components"]["schemas"][name];
        assert_eq!(schema("CreateSession")["additionalProperties"], false);
        assert_eq!(schema("CreateSession")["required"], json!(["amount", "currency", "return_url"]));
        let required = schema("Payment")["required"].as_array().unwrap();
        assert_eq!(required.len(), schema("Payment")["properties"].as_object().unwrap().len());
        let session = schema("Session")["required"].as_array().unwrap();
        assert_eq!(session.len(), schema("Session")["properties"].as_object().unwrap().len());
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let is_open = schema.get("properties").is_some() && schema["additionalProperties"] != false;
            assert!(!is_open, "{name} allows members that it does not describe");
        }
    }
}
