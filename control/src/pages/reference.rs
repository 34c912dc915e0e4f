//! The reference: every operation of the OpenAPI document with its samples and a form to try it, every webhook, every object.
//! It is put together from the document alone, so that the two cannot differ.

mod fields;
mod samples;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::html::{Shell, escaped, prose};

/// What the page runs: it sends what its forms say to this gateway, and to nobody else.
pub const SCRIPT: &str = include_str!("reference/try.js");

const LEAD: &str = "Amounts and rates are decimal strings. Times are RFC 3339 in UTC. The mode, sandbox or live, comes from \
    the key alone. Writes take an `Idempotency-Key`: the same key gives the first answer again. Errors have one flat body; \
    branch by its `code`.";

const KEY: &str = "<section class=\"entry\" aria-labelledby=\"try\">\n<h2 id=\"try\">Try it</h2>\n\
    <p>Each operation has a form that sends it to this gateway. The key stays in this page and is forgotten when you leave \
    it. Use a key of the sandbox.</p>\n\
    <p><label for=\"key\">API key</label> <input id=\"key\" type=\"password\" autocomplete=\"off\" spellcheck=\"false\" \
    placeholder=\"sk_test_…\"></p>\n</section>\n";

/// The page.
pub fn page(shell: &Shell, document: &Value) -> Bytes {
    let operations = operations(document);
    let mut main = format!(
        "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p>Version {}. As a document: <a href=\"/openapi/gate-v1.yaml\">YAML</a>, \
         <a href=\"/openapi/gate-v1.json\">JSON</a>. <a href=\"/docs/errors\">All error codes</a>.</p>\n",
        text(&document["info"]["title"]),
        prose(LEAD),
        text(&document["info"]["version"]),
    );
    main.push_str(&index(&operations, document));
    main.push_str(KEY);
    for (tag, operations) in &operations {
        main.push_str(&format!("<h2>{}</h2>\n", escaped(tag)));
        operations.iter().for_each(|operation| main.push_str(&operation.article(document)));
    }
    main.push_str(&webhooks(document));
    main.push_str(&objects(document));
    shell.page_with(SCRIPT, "API reference", &main)
}

/// One operation of the document.
#[derive(Clone)]
struct Operation<'d> {
    verb: String,
    path: &'d str,
    about: &'d Value,
}

/// The operations by tag, in the order of the document's tags.
fn operations(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let tags = document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let mut tags: Vec<(&str, Vec<Operation<'_>>)> = tags.map(|tag| (tag, Vec::new())).collect();
    for (path, verbs) in entries(&document["paths"]) {
        for (verb, about) in entries(verbs) {
            let operation = Operation { verb: verb.to_ascii_uppercase(), path, about };
            let of_tag = tags.iter_mut().find(|(tag, _)| about["tags"][0] == *tag);
            of_tag.into_iter().for_each(|(_, operations)| operations.push(operation.clone()));
        }
    }
    tags.retain(|(_, operations)| !operations.is_empty());
    tags
}

fn index(operations: &[(&str, Vec<Operation<'_>>)], document: &Value) -> String {
    let mut list = String::new();
    for (tag, operations) in operations {
        let links: String = operations.iter().map(|operation| link(operation.id())).collect();
        list.push_str(&format!("<p class=\"group\">{}</p>\n<ul class=\"index\">\n{links}</ul>\n", escaped(tag)));
    }
    let events: String = entries(&document["webhooks"]).map(|(name, _)| link(name)).collect();
    list.push_str(&format!("<p class=\"group\">Webhooks</p>\n<ul class=\"index\">\n{events}</ul>\n"));
    format!("<nav aria-label=\"Operations\">\n{list}</nav>\n")
}

fn link(name: &str) -> String {
    format!("<li><a href=\"#{name}\">{name}</a></li>\n", name = escaped(name))
}

impl<'d> Operation<'d> {
    fn id(&self) -> &'d str {
        self.about["operationId"].as_str().unwrap_or_default()
    }

    fn article(&self, document: &Value) -> String {
        let (id, verb, path) = (escaped(self.id()), &self.verb, escaped(self.path));
        let mut out = format!(
            "<article class=\"entry\" id=\"{id}\">\n<h3><a href=\"#{id}\"><span class=\"verb\">{verb}</span> \
             <code>{path}</code></a></h3>\n<p class=\"kind\">{id} · {}</p>\n<p>{}</p>\n",
            self.credential(),
            prose(self.about["summary"].as_str().unwrap_or_default()),
        );
        let parameters = self.about["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        out.push_str(&fields::parameters(parameters));
        out.push_str(&self.body());
        out.push_str(&self.answers(document));
        out.push_str(&samples::of(&self.verb, self.path, self.about));
        out.push_str(&self.form(parameters));
        out.push_str("</article>\n");
        out
    }

    fn credential(&self) -> &'static str {
        let schemes =
            [("secretKey", "secret key"), ("publishableKey", "publishable key"), ("embedToken", "embed token")];
        let takes = |(scheme, _): &&(&str, &str)| self.about["security"][0].get(scheme).is_some();
        schemes.iter().find(takes).map_or("", |(_, name)| name)
    }

    fn body(&self) -> String {
        let content = &self.about["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return String::new();
        }
        let optional = if self.about["requestBody"]["required"] == true { "" } else { ", which may be left out" };
        format!(
            "<h4>Body{optional}</h4>\n<p>{}</p>\n{}",
            fields::kind(&content["schema"]),
            example(&content["example"])
        )
    }

    fn answers(&self, document: &Value) -> String {
        let mut out = String::new();
        let mut errors = String::new();
        for (status, response) in entries(&self.about["responses"]) {
            let content = &resolved(document, response)["content"]["application/json"];
            if status.starts_with('2') {
                let kind = fields::kind(&content["schema"]);
                out.push_str(&format!("<h4>Answer {status}</h4>\n<p>{kind}</p>\n{}", example(&content["example"])));
            } else {
                let codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array();
                let codes = codes.into_iter().flatten().filter_map(Value::as_str);
                let links: Vec<String> = codes.map(error).collect();
                errors.push_str(&format!("<dt>{status}</dt><dd>{}</dd>\n", links.join(", ")));
            }
        }
        format!("{out}<details>\n<summary>Errors</summary>\n<dl>\n{errors}</dl>\n</details>\n")
    }

    /// What sends the operation; the page's script reads the names.
    fn form(&self, parameters: &[Value]) -> String {
        let mut fields = String::new();
        for parameter in parameters {
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let required = if parameter["required"] == true { " required" } else { "" };
            fields.push_str(&format!(
                "<p><label>{name} <input name=\"{place}:{name}\" autocomplete=\"off\" spellcheck=\"false\"{required}></label></p>\n"
            ));
        }
        let example = &self.about["requestBody"]["content"]["application/json"]["example"];
        if !example.is_null() {
            let body = format!("{example:#}");
            fields.push_str(&format!(
                "<p><label>Body <textarea name=\"body\" spellcheck=\"false\" rows=\"{}\">{}</textarea></label></p>\n",
                body.lines().count(),
                escaped(&body)
            ));
        }
        format!(
            "<details>\n<summary>Try it</summary>\n<form data-verb=\"{}\" data-path=\"{}\" data-credential=\"{}\">\n{fields}\
             <p><button>Send</button></p>\n<pre hidden><code></code></pre>\n</form>\n</details>\n",
            self.verb,
            escaped(self.path),
            self.credential(),
        )
    }
}

fn error(code: &str) -> String {
    format!("<a href=\"/docs/errors/{code}\"><code>{code}</code></a>", code = escaped(code))
}

fn webhooks(document: &Value) -> String {
    let mut out =
        "<h2>Webhooks</h2>\n<p>Signed, at least once, in order per session. Answer with 2xx; anything else is \
                   tried again.</p>\n"
            .to_owned();
    for (name, webhook) in entries(&document["webhooks"]) {
        let post = &webhook["post"];
        let data = &post["requestBody"]["content"]["application/json"]["schema"]["allOf"][1]["properties"]["data"];
        out.push_str(&format!(
            "<article class=\"entry\" id=\"{name}\">\n<h3><a href=\"#{name}\"><code>{name}</code></a></h3>\n<p>{}</p>\n\
             <p class=\"kind\">data: {}</p>\n</article>\n",
            prose(post["summary"].as_str().unwrap_or_default()),
            fields::kind(data),
            name = escaped(name),
        ));
    }
    out
}

fn objects(document: &Value) -> String {
    let mut out = "<h2>Objects</h2>\n".to_owned();
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let about = prose(schema["description"].as_str().unwrap_or_default());
        out.push_str(&format!(
            "<article class=\"entry\" id=\"object-{name}\">\n<h3><a href=\"#object-{name}\">{name}</a></h3>\n<p>{about}</p>\n\
             {}</article>\n",
            fields::members(schema),
            name = escaped(name),
        ));
    }
    out
}

fn example(example: &Value) -> String {
    if example.is_null() {
        return String::new();
    }
    let text = format!("{example:#}");
    format!("<details>\n<summary>Example</summary>\n<pre><code>{}</code></pre>\n</details>\n", escaped(&text))
}

/// The value behind a reference within the document, or the value itself.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|target| document.pointer(target.strip_prefix('#')?));
    target.unwrap_or(value)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), value))
}

fn text(value: &Value) -> std::borrow::Cow<'_, str> {
    escaped(value.as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests;
