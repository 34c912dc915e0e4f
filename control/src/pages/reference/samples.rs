//! How an operation is called from a shell, from Python and from JavaScript.

use serde_json::Value;

use crate::pages::html::escaped;

/// The samples of an operation, one of them shown at a time.
pub fn of(verb: &str, path: &str, about: &Value) -> String {
    let call = Call::of(verb, path, about);
    let samples = [("curl", call.curl()), ("Python", call.python()), ("JavaScript", call.javascript())];
    let sample = |(name, text): &(&str, String)| {
        format!("<details>\n<summary>{name}</summary>\n<pre><code>{}</code></pre>\n</details>\n", escaped(text))
    };
    format!("<div class=\"samples\">\n{}</div>\n", samples.iter().map(sample).collect::<String>())
}

/// What is sent.
struct Call<'d> {
    verb: &'d str,
    path: String,
    key: bool,
    body: Option<&'d Value>,
    credential: Credential,
    origin: bool,
}

/// Where the credential stands, and the variable that it is taken from.
#[derive(Clone, Copy)]
struct Credential {
    header: &'static str,
    scheme: &'static str,
    variable: &'static str,
}

impl Credential {
    fn of(security: &Value) -> Credential {
        let bearer = |variable| Credential { header: "Authorization", scheme: "Bearer ", variable };
        if security.get("secretKey").is_some() {
            bearer("CAUSEWAY_SECRET_KEY")
        } else if security.get("publishableKey").is_some() {
            bearer("CAUSEWAY_PUBLISHABLE_KEY")
        } else {
            Credential { header: "X-Embed-Token", scheme: "", variable: "CAUSEWAY_EMBED_TOKEN" }
        }
    }
}

impl<'d> Call<'d> {
    fn of(verb: &'d str, path: &str, about: &'d Value) -> Call<'d> {
        let parameters = about["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let takes_key = parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["required"] == true);
        let is_server = about["security"][0].get("secretKey").is_some();
        let body = Some(&about["requestBody"]["content"]["application/json"]["example"]);
        Call {
            verb,
            path: filled(path, about),
            key: takes_key,
            body: body.filter(|body| !body.is_null()),
            credential: Credential::of(&about["security"][0]),
            origin: !is_server,
        }
    }

    fn curl(&self) -> String {
        let mut lines = vec![format!("curl -X {} \"$CAUSEWAY_URL{}\"", self.verb, self.path)];
        let Credential { header, scheme, variable } = self.credential;
        lines.push(format!("-H \"{header}: {scheme}${variable}\""));
        lines.extend(self.origin.then(|| "-H \"Origin: https://partner.example\"".to_owned()));
        lines.extend(self.key.then(|| "-H \"Idempotency-Key: $(openssl rand -hex 16)\"".to_owned()));
        if let Some(body) = self.body {
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("-d '{body:#}'"));
        }
        lines.join(" \\\n  ")
    }

    fn python(&self) -> String {
        let mut imports = vec!["import os".to_owned()];
        imports.extend(self.key.then(|| "import uuid".to_owned()));
        let Credential { header, scheme, variable } = self.credential;
        let prefix = if scheme.is_empty() { String::new() } else { format!("\"{scheme}\" + ") };
        let mut headers = vec![format!("\"{header}\": {prefix}os.environ[\"{variable}\"]")];
        headers.extend(self.origin.then(|| "\"Origin\": \"https://partner.example\"".to_owned()));
        headers.extend(self.key.then(|| "\"Idempotency-Key\": str(uuid.uuid4())".to_owned()));
        let json = self.body.map(|body| format!("    json={},\n", python(body, 4))).unwrap_or_default();
        format!(
            "{}\n\nimport requests\n\nanswer = requests.request(\n    \"{}\",\n    os.environ[\"CAUSEWAY_URL\"] + \"{}\",\n    \
             headers={{\n        {},\n    }},\n{json}    timeout=30,\n)\nanswer.raise_for_status()\nprint(answer.json())\n",
            imports.join("\n"),
            self.verb,
            self.path,
            headers.join(",\n        "),
        )
    }

    fn javascript(&self) -> String {
        let Credential { header, scheme, variable } = self.credential;
        let name = if header.contains('-') { format!("\"{header}\"") } else { header.to_owned() };
        let mut headers = vec![format!("{name}: `{scheme}${{process.env.{variable}}}`")];
        headers.extend(self.origin.then(|| "Origin: \"https://partner.example\"".to_owned()));
        headers.extend(self.key.then(|| "\"Idempotency-Key\": crypto.randomUUID()".to_owned()));
        headers.extend(self.body.map(|_| "\"Content-Type\": \"application/json\"".to_owned()));
        let body = self.body.map(|body| format!("  body: JSON.stringify({}),\n", indented(&format!("{body:#}"), 2)));
        format!(
            "const answer = await fetch(process.env.CAUSEWAY_URL + \"{}\", {{\n  method: \"{}\",\n  headers: {{\n    {},\n  }},\n{}}});\n\
             if (!answer.ok) throw new Error(await answer.text());\nconsole.log(await answer.json());\n",
            self.path,
            self.verb,
            headers.join(",\n    "),
            body.unwrap_or_default(),
        )
    }
}

/// The path with the example's id in the place of its parameter.
fn filled(path: &str, about: &Value) -> String {
    let Some((before, rest)) = path.split_once('{') else { return path.to_owned() };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let answers = about["responses"].as_object().into_iter().flatten();
    let mut answers = answers.filter(|(status, _)| status.starts_with('2'));
    let answer = answers.next().map_or(&Value::Null, |(_, answer)| &answer["content"]["application/json"]["example"]);
    let id = ["id", "refid", "symbol"].iter().find_map(|name| answer[*name].as_str()).unwrap_or("…");
    format!("{before}{id}{after}")
}

/// JSON as Python writes it.
fn python(value: &Value, indent: usize) -> String {
    let inner = " ".repeat(indent + 4);
    let lines = |items: Vec<String>, open: char, close: char| {
        let items: String = items.iter().map(|item| format!("{inner}{item},\n")).collect();
        format!("{open}\n{items}{}{close}", " ".repeat(indent))
    };
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => lines(items.iter().map(|item| python(item, indent + 4)).collect(), '[', ']'),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), python(value, indent + 4))
            };
            lines(members.iter().map(member).collect(), '{', '}')
        }
    }
}

fn indented(text: &str, indent: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::document;

    fn call(path: &str, verb: &str, run: for<'d> fn(&Call<'d>) -> String) -> String {
        let document = document();
        run(&Call::of(verb, path, &document["paths"][path][verb.to_ascii_lowercase()]))
    }

    #[test]
    fn a_write_is_sent_with_key_and_body() {
        let curl = call("/v1/rails/pay_ins", "POST", |call| call.curl());
        for part in [
            "curl -X POST \"$CAUSEWAY_URL/v1/rails/pay_ins\"",
            "Idempotency-Key: $(openssl rand -hex 16)",
            "\"quote_id\": \"qt_test_",
        ] {
            assert!(curl.contains(part), "{curl}");
        }
        let python = call("/v1/rails/pay_ins", "POST", |call| call.python());
        assert!(python.contains("import uuid\n") && python.contains("    json={\n        \"metadata\""), "{python}");
    }

    #[test]
    fn a_path_has_an_id() {
        let curl = call("/v1/rails/pay_ins/{id}", "GET", |call| call.curl());
        assert!(curl.contains("/v1/rails/pay_ins/pi_test_0"), "{curl}");
        assert!(!curl.contains("-d") && !curl.contains("Idempotency-Key"), "{curl}");
    }

    #[test]
    fn json_is_written_as_python_reads_it() {
        let value = serde_json::json!({ "a": null, "b": [true, "x"] });
        assert_eq!(python(&value, 0), "{\n    \"a\": None,\n    \"b\": [\n        True,\n        \"x\",\n    ],\n}");
    }
}
