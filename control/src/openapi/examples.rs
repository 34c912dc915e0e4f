//! An example of each operation's request and answer, kept as data; a test holds them against the schemas.

use std::sync::LazyLock;

use serde_json::Value;

/// The examples, by operation.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).expect("the file is JSON"));

/// An example of the operation's body; null when it takes none.
pub fn request(operation: &str) -> &'static Value {
    &EXAMPLES[operation]["request"]
}

/// An example of what it answers when it is done.
pub fn answer(operation: &str) -> &'static Value {
    &EXAMPLES[operation]["answer"]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::{Body, TABLE};

    #[test]
    fn every_operation_has_its_examples_and_nothing_else_has() {
        let known = EXAMPLES.as_object().unwrap();
        for operation in TABLE {
            assert!(answer(operation.id).is_object(), "{} lacks an answer", operation.id);
            let takes = !matches!(operation.body, Body::Ignored);
            assert_eq!(request(operation.id).is_object(), takes, "{}: request", operation.id);
        }
        let strangers: Vec<_> = known.keys().filter(|id| TABLE.iter().all(|row| row.id != id.as_str())).collect();
        assert!(strangers.is_empty(), "{strangers:?} are no operations");
    }
}
