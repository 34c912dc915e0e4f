//! The committed `openapi.json` as the judge of every exchange.

mod parameters;
mod schemas;

use std::sync::OnceLock;

use serde_json::Value;

use crate::http::{Request, Response};
use crate::program;
use schemas::Schemas;

/// The contract: its operations, and validators of what they take and give.
pub struct Contract {
    document: Value,
    operations: Vec<Operation>,
    schemas: Schemas,
}

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `lockQuote`.
    pub id: String,
    /// `POST`.
    pub method: String,
    /// `/v1/quotes/{id}`.
    pub path: String,
}

/// The contract, read once.
pub fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let path = program::repository().join("openapi.json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        Contract::new(serde_json::from_str(&text).unwrap())
    })
}

impl Contract {
    fn new(document: Value) -> Contract {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap().to_owned(),
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                });
            }
        }
        let schemas = Schemas::new(&document);
        Contract { document, operations, schemas }
    }

    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// All operations.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Judges an exchange: the status is one of the operation's, the body fits its schema, the headers that every answer has
    /// are there, and the request fits its schemas when it was granted. The error says what does not hold.
    pub fn judge(&self, request: &Request, response: &Response) -> Result<(), String> {
        self.judge_headers(response)?;
        if request.method == "OPTIONS" && response.status == 204 {
            return Ok(());
        }
        let Some(operation) = self.operation(request) else {
            return self.judge_outside(response);
        };
        let described = &self.document["paths"][&operation.path][operation.method.to_lowercase()];
        let stated = &described["responses"][response.status.to_string()];
        if stated.is_null() {
            return Err(format!("{} does not state the status {}", operation.id, response.status));
        }
        let stated = self.resolved(stated);
        self.schemas.judge(&schema(stated), &response.body)?;
        self.judge_error_body(response)?;
        let granted = (200..300).contains(&response.status);
        if granted {
            parameters::judge(described, request, &self.schemas)?;
        }
        let takes = &described["requestBody"];
        if granted && !takes.is_null() && !request.body.is_empty() {
            let words = |error| format!("the request was granted and does not fit: {error}");
            self.schemas.judge(&schema(takes), &request.body).map_err(words)?;
        }
        Ok(())
    }

    /// Judges a value by a schema of the document.
    pub fn judge_value(&self, schema: &Value, value: &Value) -> Result<(), String> {
        self.schemas.judge(schema, value.to_string().as_bytes())
    }

    /// Judges the body of a webhook.
    pub fn judge_event(&self, body: &[u8]) -> Result<(), String> {
        let event: Value = serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
        let kind = event["type"].as_str().unwrap_or_default();
        let takes = &self.document["webhooks"][kind]["post"]["requestBody"];
        if takes.is_null() {
            return Err(format!("{kind:?} is no event of the document"));
        }
        self.schemas.judge(&schema(takes), body)
    }

    /// Judges a refusal that belongs to no operation.
    pub fn judge_outside(&self, response: &Response) -> Result<(), String> {
        if response.status < 400 {
            return Err(format!("{} for a path that is not in the document", response.status));
        }
        let error = serde_json::json!({ "$ref": "#/components/schemas/Error" });
        self.schemas.judge(&error, &response.body)?;
        self.judge_error_body(response)
    }

    fn judge_headers(&self, response: &Response) -> Result<(), String> {
        for (name, described) in [("X-Request-Id", "RequestId"), ("Gate-Version", "GateVersion")] {
            let values: Vec<&str> = response.headers.all(name).collect();
            let [value] = values[..] else {
                return Err(format!("{name} is there {} times", values.len()));
            };
            let schema = &self.document["components"]["headers"][described]["schema"];
            let value = Value::from(value).to_string();
            self.schemas.judge(schema, value.as_bytes())?;
        }
        Ok(())
    }

    /// What the schema cannot say of an error: that it repeats status and request id.
    fn judge_error_body(&self, response: &Response) -> Result<(), String> {
        if response.status < 400 {
            return Ok(());
        }
        let body = response.json();
        let same =
            body["statusCode"] == response.status && body["request_id"].as_str() == response.header("X-Request-Id");
        if same { Ok(()) } else { Err(format!("the error body does not repeat status and request id: {body}")) }
    }

    fn operation(&self, request: &Request) -> Option<&Operation> {
        let path = request.bare_path();
        let fits = |operation: &&Operation| operation.method == request.method && template_fits(&operation.path, path);
        self.operations.iter().find(fits)
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(&reference[1..]).unwrap_or(&Value::Null),
            None => value,
        }
    }
}

fn schema(described: &Value) -> Value {
    described["content"]["application/json"]["schema"].clone()
}

fn template_fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(part, given): (&&str, &&str)| {
        if part.starts_with('{') { !given.is_empty() } else { part == given }
    };
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}
