//! Schemas as people read them.

use serde_json::Value;

use crate::pages::html::{escaped, prose};

/// The parameters of an operation.
pub fn parameters(parameters: &[Value]) -> String {
    let row = |parameter: &Value| {
        let name = parameter["name"].as_str().unwrap_or_default();
        let place = parameter["in"].as_str().unwrap_or_default();
        let required = parameter["required"] == true;
        let kind = format!("{}, {}", escaped(place), kind(&parameter["schema"]));
        member(name, required, &kind, parameter["description"].as_str().unwrap_or_default())
    };
    let rows: String = parameters.iter().map(row).collect();
    if rows.is_empty() { rows } else { format!("<h4>Parameters</h4>\n<dl class=\"members\">\n{rows}</dl>\n") }
}

/// The members of an object.
pub fn members(schema: &Value) -> String {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let members = schema["properties"].as_object().into_iter().flatten();
    let row = |(name, schema): (&String, &Value)| {
        let is_required = required.iter().any(|known| known == name.as_str());
        member(name, is_required, &kind(schema), schema["description"].as_str().unwrap_or_default())
    };
    let rows: String = members.map(row).collect();
    if rows.is_empty() {
        return format!("<p class=\"kind\">{}</p>\n", kind(schema));
    }
    format!("<dl class=\"members\">\n{rows}</dl>\n")
}

fn member(name: &str, required: bool, kind: &str, about: &str) -> String {
    let required = if required { " · <strong>required</strong>" } else { "" };
    format!(
        "<dt><code>{}</code></dt><dd><span class=\"kind\">{kind}{required}</span><br>{}</dd>\n",
        escaped(name),
        prose(about)
    )
}

/// What a value of this schema is, in a few words of HTML.
pub fn kind(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        let name = escaped(target.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#object-{name}\">{name}</a>");
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(some) = schema[several].as_array() {
            return some.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return code(value);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    if schema.get("items").is_some() {
        return format!("array of {}", kind(&schema["items"]));
    }
    let words = types(schema);
    match bounds(schema) {
        bounds if bounds.is_empty() => words,
        bounds => format!("{words}, {bounds}"),
    }
}

fn types(schema: &Value) -> String {
    let kind = &schema["type"];
    let several = kind.as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<&str> = several.chain(kind.as_str()).collect();
    escaped(&names.join(" or ")).into_owned()
}

fn bounds(schema: &Value) -> String {
    let words = [
        ("format", ""),
        ("minimum", "from "),
        ("maximum", "to "),
        ("minLength", "at least "),
        ("maxLength", "at most "),
        ("maxProperties", "members at most "),
        ("default", "default "),
    ];
    let told = words.iter().filter_map(|(name, word)| {
        let value = schema.get(*name)?;
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(format!("{word}{}", escaped(&value)))
    });
    told.collect::<Vec<_>>().join(", ")
}

fn code(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("<code>{}</code>", escaped(&text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_told_in_a_few_words() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": ["string", "null"], "format": "uri" }), "string or null, uri"),
            (
                json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 10 }),
                "integer, from 1, to 100, default 10",
            ),
            (json!({ "enum": ["a", null] }), "<code>a</code>, <code>null</code>"),
            (json!({ "const": "list" }), "<code>list</code>"),
            (json!({ "$ref": "#/components/schemas/Fees" }), "<a href=\"#object-Fees\">Fees</a>"),
            (
                json!({ "anyOf": [{ "$ref": "#/components/schemas/Fees" }, { "type": "null" }] }),
                "<a href=\"#object-Fees\">Fees</a> or null",
            ),
            (json!({ "type": "array", "items": { "type": "string" } }), "array of string"),
        ] {
            assert_eq!(kind(&schema), expected);
        }
    }
}
