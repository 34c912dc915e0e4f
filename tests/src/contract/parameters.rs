//! The parameters of a request that was granted, held against what the document says of them.

use serde_json::Value;

use super::schemas::Schemas;
use crate::http::Request;

/// Says which query parameter or header does not fit. What the path names is said by its template.
pub fn judge(described: &Value, request: &Request, schemas: &Schemas) -> Result<(), String> {
    for parameter in described["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let given = match parameter["in"].as_str() {
            Some("query") => query(&request.path, name),
            Some("header") => request.headers.get(name).map(str::to_owned),
            Some(_) | None => continue,
        };
        match given {
            Some(text) => {
                let value = typed(text, &parameter["schema"]);
                schemas
                    .judge(&parameter["schema"], value.to_string().as_bytes())
                    .map_err(|error| format!("the request was granted and its {name} does not fit: {error}"))?;
            }
            None if parameter["required"] == true => return Err(format!("the request was granted without {name}")),
            None => {}
        }
    }
    Ok(())
}

/// The value of `name` in the query, decoded.
fn query(path: &str, name: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The text behind percent-encoding, with a plus for a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text as what its schema says that it is.
fn typed(text: String, schema: &Value) -> Value {
    let read = match schema["type"].as_str() {
        Some("integer" | "number" | "boolean") => serde_json::from_str(&text).ok(),
        Some(_) | None => None,
    };
    read.unwrap_or(Value::String(text))
}
