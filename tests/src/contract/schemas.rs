//! Schemas of the document, compiled when first used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::Value;

/// The document's components, and the validators made so far.
pub struct Schemas {
    components: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    /// The schemas of `document`.
    pub fn new(document: &Value) -> Schemas {
        Schemas { components: document["components"].clone(), compiled: Mutex::default() }
    }

    /// Says what in `body` does not fit `schema`, which may refer to components.
    pub fn judge(&self, schema: &Value, body: &[u8]) -> Result<(), String> {
        let text = || String::from_utf8_lossy(body).into_owned();
        let value: Value = serde_json::from_slice(body).map_err(|error| format!("no JSON ({error}): {}", text()))?;
        let validator = self.validator(schema);
        let found: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if found.is_empty() { Ok(()) } else { Err(format!("{} in {}", found.join("; "), text())) }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let name = schema.to_string();
        if let Some(validator) = self.compiled.lock().unwrap().get(&name) {
            return Arc::clone(validator);
        }
        let mut whole = schema.clone();
        assert!(whole.is_object(), "the document has no schema here: {name}");
        whole["components"] = self.components.clone();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&whole)
            .unwrap_or_else(|error| panic!("{name} is no schema: {error}"));
        let validator = Arc::new(validator);
        self.compiled.lock().unwrap().insert(name, Arc::clone(&validator));
        validator
    }
}
