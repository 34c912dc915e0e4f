//! The links of answers: which operations take what an answer names. They follow from the table's paths and from the members
//! of requests and answers, so that a program that follows them meets objects that exist.

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::operations::{Body, Operation, TABLE};

/// The members by which objects and requests name objects of other paths. By what name a path itself does it, it says.
const NAMES: &[(&str, &str)] = &[
    ("session_id", "/v1/gate_sessions"),
    ("quote_id", "/v1/quotes"),
    ("transaction_refid", "/v1/transactions"),
    ("tx_refid", "/v1/transactions"),
];

/// The one member that is called differently where it is taken.
const CLIENT_SECRET: (&str, &str) = ("client_secret", "clientSecret");

/// What can be read out of an answer.
struct Answer<'a> {
    /// The path of the operation: its own objects are below it.
    path: &'static str,
    /// The members of the object, or of a list's items.
    members: &'a Map<String, Value>,
    /// Where they stand in the body.
    place: &'static str,
}

/// The links of what `operation` answers when it is done. Only what makes objects and what lists them has any: an operation
/// on one object was itself come to by a link.
pub fn of(operation: &Operation, answer: &Schema, answers: &SchemaGenerator, requests: &mut SchemaGenerator) -> Value {
    let members = properties(answer.as_value(), answers.definitions());
    let items = members.and_then(|members| members.get("data")).map(|data| &data["items"]);
    let items = items.and_then(|items| properties(items, answers.definitions()));
    let (members, place) = match (items, members) {
        (Some(items), _) => (items, "/data/0"),
        (None, Some(members)) => (members, ""),
        (None, None) => return Value::Null,
    };
    if operation.path.contains('{') {
        return Value::Null;
    }
    let answer = Answer { path: operation.path, members, place };
    let links: Map<String, Value> = TABLE.iter().filter_map(|target| answer.link_to(target, requests)).collect();
    if links.is_empty() { Value::Null } else { links.into() }
}

impl Answer<'_> {
    /// The link to an operation that takes something of this.
    fn link_to(&self, target: &Operation, requests: &mut SchemaGenerator) -> Option<(String, Value)> {
        let mut link = json!({ "operationId": target.id });
        let named = target.path.split_once("/{").and_then(|(collection, rest)| {
            let name = rest.split('}').next()?;
            Some((name, self.name_of(&collection.replace("/test_helpers", ""), name)?))
        });
        let next = (!self.place.is_empty() && target.path == self.path)
            .then(|| ["id", "refid"].into_iter().find(|name| self.members.contains_key(*name)))
            .flatten()
            .map(|name| self.expression(name));
        for parameter in target.query {
            let of_object = NAMES.iter().find(|(name, _)| *name == parameter.name);
            let found = of_object.and_then(|(name, path)| self.name_of(path, name));
            let found = found.or_else(|| next.clone().filter(|_| parameter.name == "starting_after"));
            if let Some(expression) = found {
                link["parameters"][parameter.name] = expression.into();
            }
        }
        if let Some((name, expression)) = named {
            link["parameters"][name] = expression.into();
        }
        for (name, expression) in self.body_of(target, requests) {
            link["requestBody"][name] = expression.into();
        }
        let says = link.get("parameters").is_some() || link.get("requestBody").is_some();
        says.then(|| (target.id.to_owned(), link))
    }

    /// What of this a body takes.
    fn body_of(&self, target: &Operation, requests: &mut SchemaGenerator) -> Vec<(String, String)> {
        let schema = match target.body {
            Body::Ignored => return Vec::new(),
            Body::Optional { schema, .. } | Body::Required { schema, .. } => schema(requests),
        };
        let Some(taken) = properties(schema.as_value(), requests.definitions()) else { return Vec::new() };
        let named = |name: &String| {
            let secret = (*name == CLIENT_SECRET.1 && self.members.contains_key(CLIENT_SECRET.0))
                .then(|| self.expression(CLIENT_SECRET.0));
            let object = NAMES.iter().find(|(known, _)| known == name);
            let found = object.and_then(|(name, path)| self.name_of(path, name)).or(secret);
            found.map(|expression| (name.clone(), expression))
        };
        taken.keys().filter_map(named).collect()
    }

    /// How this names an object below `path`, which that path itself calls `name`.
    fn name_of(&self, path: &str, name: &str) -> Option<String> {
        let own = ["id", name].into_iter().filter(|_| path == self.path);
        let others = NAMES.iter().filter(|(_, of)| *of == path).map(|(name, _)| *name);
        own.chain(others).find(|name| self.members.contains_key(*name)).map(|name| self.expression(name))
    }

    fn expression(&self, member: &str) -> String {
        format!("$response.body#{}/{member}", self.place)
    }
}

/// The members of a schema that stands here or is referred to.
fn properties<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
    let named = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    let schema = named.map_or(Some(schema), |name| definitions.get(name))?;
    schema["properties"].as_object()
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use super::*;

    fn links() -> Vec<(String, Value)> {
        let document = document();
        let mut links = Vec::new();
        for row in TABLE {
            let described = &document["paths"][row.path][row.verb.word().to_ascii_lowercase()];
            let found = described["responses"][row.ok.to_string()]["links"].as_object();
            links.extend(found.into_iter().flatten().map(|(_, link)| (row.id.to_owned(), link.clone())));
        }
        links
    }

    /// Whatever takes an id can be come to, by the parameters that it has.
    #[test]
    fn every_operation_on_an_object_is_linked_to() {
        let links = links();
        for row in TABLE.iter().filter(|row| row.path.contains('{')) {
            let name = row.path.split_once('{').unwrap().1.split_once('}').unwrap().0;
            let is_here = |(_, link): &&(String, Value)| link["operationId"] == row.id;
            let mut here = links.iter().filter(is_here).peekable();
            assert!(here.peek().is_some(), "nothing leads to {}", row.id);
            assert!(here.all(|(_, link)| link["parameters"][name].is_string()), "{}", row.id);
        }
    }

    #[test]
    fn what_makes_an_object_leads_to_what_is_done_with_it() {
        let links = links();
        let check = |from: &str, to: &str, parameters: Value, body: Value| {
            let found = links.iter().find(|(source, link)| source == from && link["operationId"] == to);
            let (_, link) = found.unwrap_or_else(|| panic!("{from} does not lead to {to}"));
            assert_eq!((&link["parameters"], &link["requestBody"]), (&parameters, &body), "{from} to {to}");
        };
        let id = || json!({ "id": "$response.body#/id" });
        check("createSession", "retrieveSession", id(), Value::Null);
        check("createSession", "completeSession", id(), Value::Null);
        check("createSession", "listTransactions", json!({ "session_id": "$response.body#/id" }), Value::Null);
        check("createSession", "createPayIn", Value::Null, json!({ "session_id": "$response.body#/id" }));
        let secret = json!({ "clientSecret": "$response.body#/client_secret" });
        check("createSession", "createEmbedToken", Value::Null, secret);
        check("lockQuote", "createPayOut", Value::Null, json!({ "quote_id": "$response.body#/id" }));
        check("createPayIn", "settlePayIn", id(), Value::Null);
        let refid = json!({ "refid": "$response.body#/transaction_refid" });
        check("createPayIn", "retrieveTransaction", refid, Value::Null);
        check("listAssets", "getAsset", json!({ "symbol": "$response.body#/data/0/symbol" }), Value::Null);
        check("listSessions", "listSessions", json!({ "starting_after": "$response.body#/data/0/id" }), Value::Null);
        let strangers = |from: &str, to: &str| links.iter().any(|(id, link)| id == from && link["operationId"] == to);
        assert!(!strangers("createPayIn", "settlePayOut") && !strangers("createCustomer", "retrieveSession"));
    }
}
