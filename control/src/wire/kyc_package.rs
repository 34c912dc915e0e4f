//! A verification that a partner hands over with a session: judged, hashed and let go.
//!
//! What a package says in which words is between a partner and its provider of verifications: any object is taken. Whoever may
//! hand one over answers for it, so that it is relied upon unless it says itself that it must not be: by a `status` that is
//! none of success, or an `expires_at` that has passed.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use causeway_core::session::{KycPackage, PackageVerdict};
use causeway_core::time::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Time;
use crate::keys::KeyRing;
use crate::problem::Problem;

/// How deep objects and lists may lie in each other, the package itself counted.
const DEPTH: usize = 16;
/// The words for a verification that was passed, in lower case.
const PASSED: [&str; 4] = ["approved", "accepted", "verified", "passed"];

/// A package as it was handed over. Nothing shows it.
pub struct Package {
    value: Value,
    /// Whether an object in it has a member twice: readers differ in which of the two they take.
    has_repeated_members: bool,
}

impl Package {
    /// What is kept of it: a keyed hash of its canonical form, and the verdict as of `now`.
    pub fn judged(&self, keys: &KeyRing, now: Timestamp) -> Result<KycPackage, Problem> {
        let members = self.members()?;
        let mut canonical = String::new();
        write(&self.value, &mut canonical);
        Ok(KycPackage { hash: keys.package_hash(&canonical), verdict: verdict(members, now) })
    }

    fn members(&self) -> Result<&Map<String, Value>, Problem> {
        let members = self.value.as_object().filter(|members| !members.is_empty());
        let members = members.ok_or_else(|| {
            Problem::invalid("kyc_package", "kyc_package must be an object with at least one member.")
        })?;
        if self.has_repeated_members {
            return Err(Problem::invalid("kyc_package", "No object in kyc_package may have the same member twice."));
        }
        if is_deeper(&self.value, DEPTH) {
            let message = format!("kyc_package must not be nested deeper than {DEPTH}.");
            return Err(Problem::invalid("kyc_package", message));
        }
        Ok(members)
    }
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Package, D::Error> {
        let is_repeated = Cell::new(false);
        let value = Reading(&is_repeated).deserialize(deserializer)?;
        Ok(Package { value, has_repeated_members: is_repeated.get() })
    }
}

/// Reads any JSON, and notes whether a member stands there twice. It is no error here: errors name the place, and what the
/// members of a package are called is not ours to repeat.
#[derive(Clone, Copy)]
struct Reading<'a>(&'a Cell<bool>);

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut value = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            value.push(item);
        }
        Ok(Value::Array(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut value = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let is_repeated = value.insert(name, members.next_value_seed(self)?).is_some();
            self.0.set(self.0.get() || is_repeated);
        }
        Ok(Value::Object(value))
    }
}

fn verdict(members: &Map<String, Value>, now: Timestamp) -> PackageVerdict {
    let has_passed = match members.get("status") {
        None => true,
        Some(Value::String(word)) => PASSED.contains(&word.to_ascii_lowercase().as_str()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
    };
    let is_valid = match members.get("expires_at") {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => Time::parse(text).is_some_and(|until| now < until.0),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => false,
    };
    if has_passed && is_valid { PackageVerdict::Accepted } else { PackageVerdict::Rejected }
}

/// Whether objects and lists lie deeper in each other than `depth`.
fn is_deeper(value: &Value, depth: usize) -> bool {
    let inner: Box<dyn Iterator<Item = &Value> + '_> = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return false,
        Value::Array(items) => Box::new(items.iter()),
        Value::Object(members) => Box::new(members.values()),
    };
    depth == 0 || inner.into_iter().any(|value| is_deeper(value, depth - 1))
}

/// Adds the canonical form: members sorted by name, no spaces, everything else as serde_json writes it.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (place, (name, value)) in sorted.into_iter().enumerate() {
                out.push_str(if place == 0 { "" } else { "," });
                write(&Value::from(name.as_str()), out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Package(..)")
    }
}

impl JsonSchema for Package {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "KycPackage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": true,
            "examples": [{ "status": "approved", "provider": "example", "expires_at": "2027-05-25T00:00:00Z" }]
        })
    }
}

#[cfg(test)]
mod tests {
    use causeway_core::id::Mode;
    use serde_json::json;

    use super::*;
    use crate::keys::MasterKey;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn ring(mode: Mode) -> KeyRing {
        KeyRing::derive(&MasterKey::from_bytes([7; 32]), mode)
    }

    fn read(text: &str) -> Package {
        serde_json::from_str(text).unwrap()
    }

    fn judged(package: Value) -> Result<KycPackage, Problem> {
        read(&package.to_string()).judged(&ring(Mode::Live), NOW)
    }

    #[test]
    fn a_package_is_relied_upon_unless_it_says_otherwise() {
        let verdict = |package: Value| judged(package).unwrap().verdict;
        for package in [
            json!({ "level": "full" }),
            json!({ "status": "approved" }),
            json!({ "status": "VERIFIED", "expires_at": "2030-01-01T00:00:00Z" }),
            json!({ "status": "Passed", "expires_at": null }),
            json!({ "result": { "status": "declined" } }),
            json!({ "expires_at": "2026-09-21T14:13:20.001+00:00" }),
        ] {
            assert_eq!(verdict(package.clone()), PackageVerdict::Accepted, "{package}");
        }
        for package in [
            json!({ "status": "pending" }),
            json!({ "status": "" }),
            json!({ "status": null }),
            json!({ "status": true }),
            json!({ "status": ["approved"] }),
            json!({ "status": "approved", "expires_at": "2020-01-01T00:00:00Z" }),
            json!({ "expires_at": "2026-09-21T14:13:20.000+00:00" }),
            json!({ "expires_at": "tomorrow" }),
            json!({ "expires_at": "2030-01-01" }),
            json!({ "expires_at": 1_900_000_000 }),
        ] {
            assert_eq!(verdict(package.clone()), PackageVerdict::Rejected, "{package}");
        }
    }

    #[test]
    fn what_is_no_package_is_refused_without_repeating_it() {
        let nested = |depth: usize| (0..depth).fold(json!("secret"), |inner, _| json!({ "a": inner }));
        assert!(judged(nested(DEPTH)).is_ok());
        let lists = (0..DEPTH).fold(json!(1), |inner, _| json!([inner]));
        for package in [json!({}), json!("secret"), json!(["secret"]), nested(DEPTH + 1), json!({ "a": lists })] {
            let problem = judged(package).unwrap_err();
            assert_eq!(problem.param.as_deref(), Some("kyc_package"));
            assert!(!problem.message.contains("secret"), "{}", problem.message);
        }
        assert_eq!(format!("{:?}", read(r#"{"name":"secret"}"#)), "Package(..)");
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused() {
        for text in [r#"{"status":"declined","status":"approved"}"#, r#"{"a":[{"b":{"c":1,"d":2,"c":1}}]}"#] {
            let problem = read(text).judged(&ring(Mode::Live), NOW).unwrap_err();
            assert_eq!(problem.param.as_deref(), Some("kyc_package"), "{text}");
        }
        assert!(read(r#"{"a":{"b":1},"c":{"b":1}}"#).judged(&ring(Mode::Live), NOW).is_ok());
    }

    #[test]
    fn the_hash_is_of_what_is_said_and_not_of_how_it_is_written() {
        let hash = |text: &str| read(text).judged(&ring(Mode::Live), NOW).unwrap().hash;
        let one = hash(r#"{"b":[1,{"d":null,"c":"\u00e9"}],"a":true}"#);
        assert_eq!(hash("{ \"a\": true, \"b\": [1, {\"c\": \"é\", \"d\": null}] }"), one);
        for other in [r#"{"a":true,"b":[{"c":"é","d":null},1]}"#, r#"{"a":true}"#] {
            assert_ne!(hash(other), one, "{other}");
        }
        let mut canonical = String::new();
        write(&json!({ "b": [1, { "d": null, "c": "é\"" }], "a": true }), &mut canonical);
        assert_eq!(canonical, r#"{"a":true,"b":[1,{"c":"é\"","d":null}]}"#);
        let package = read(r#"{"a":1}"#);
        let [live, sandbox] = [Mode::Live, Mode::Sandbox].map(|mode| package.judged(&ring(mode), NOW).unwrap().hash);
        assert_ne!(live, sandbox);
    }
}
