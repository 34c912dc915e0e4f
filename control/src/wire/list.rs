//! Lists.

use schemars::JsonSchema;
use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub struct List<T> {
    /// Always `list`.
    #[schemars(extend("const" = "list"))]
    pub object: &'static str,
    /// The items: newest first where they come about one after the other.
    pub data: Vec<T>,
    /// Whether older ones follow: ask for them with `starting_after`.
    pub has_more: bool,
    /// The path of the list.
    pub url: &'static str,
}

impl<T> List<T> {
    /// A page of the list at `url`.
    pub fn new(url: &'static str, data: Vec<T>, has_more: bool) -> List<T> {
        List { object: "list", data, has_more, url }
    }
}
