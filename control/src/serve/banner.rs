//! What a person at the terminal reads after the start: where things are, and what to try next.

use std::io::Write;
use std::path::Path;

use super::ground::Ground;
use super::listeners::url_of;
use crate::config::Deployment;
use crate::data_dir::DataDir;

/// Prints it to standard output. Nobody has to be there to read it.
pub fn print(ground: &Ground<'_>, has_demo: bool, model: &str, buses: &[String]) {
    let _ = std::io::stdout().write_all(text(ground, has_demo, model, buses).as_bytes());
}

fn text(ground: &Ground<'_>, has_demo: bool, model: &str, buses: &[String]) -> String {
    let cells = match ground.config.mode {
        Deployment::Sandbox => "sandbox",
        Deployment::Live => "live",
        Deployment::Both => "sandbox and live",
    };
    let directory = ground.data.path().display();
    let mut text = format!("Causeway {} is up: {cells}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<15}{value}\n"));
    line("partner API", format!("{}/v1", ground.partners_url()));
    if let Some(address) = ground.addresses.http3 {
        let public = ground.config.http3_public_port.map(|port| format!(", announced as port {port}"));
        line("HTTP/3", format!("UDP port {}{}", address.port(), public.unwrap_or_default()));
    }
    line("operators", format!("{}, {}", url_of(ground.addresses.operators), token(ground.data)));
    if let Some(address) = ground.addresses.rails {
        line("rails' reports", format!("{}/rails", url_of(address)));
    }
    line("data", directory.to_string());
    line("model", model.to_owned());
    buses.iter().for_each(|bus| line("event bus", bus.clone()));
    if has_demo {
        line("demo partner", ground.data.sandbox_file().display().to_string());
        text.push_str("\nTry, in another terminal:\n");
        text.push_str(&first_call(ground));
    } else {
        text.push_str("\nMake an account, in another terminal:\n");
        text.push_str(&first_account(ground));
    }
    text
}

/// Where the operators' first token is, or how to make another one.
fn token(data: &DataDir) -> String {
    let file = data.operator_token();
    if file.exists() {
        return format!("token in {}", file.display());
    }
    let directory = quoted(data.path());
    format!(
        "{} is gone: use a token of yours, or stop the gateway and make the first one anew with `causeway operator-token \
         --data-dir {directory}`",
        file.display()
    )
}

/// A session created by the demo partner; the key stays in its file.
fn first_call(ground: &Ground<'_>) -> String {
    let file = quoted(&ground.data.sandbox_file());
    let key = format!(r#"$(sed -n 's/.*"secret_key": "\(.*\)".*/\1/p' {file})"#);
    let body = r#"{"amount":"100.00","currency":"EUR","return_url":"https://partner.example/done"}"#;
    [
        format!("  curl -sS {}/v1/gate_sessions -H \"Authorization: Bearer {key}\"", ground.partners_url()),
        "    -H 'Idempotency-Key: first-session' -H 'Content-Type: application/json'".to_owned(),
        format!("    -d '{body}'\n"),
    ]
    .join(" \\\n")
}

fn first_account(ground: &Ground<'_>) -> String {
    let file = ground.data.operator_token();
    let token = if file.exists() { format!("$(cat {})", quoted(&file)) } else { "$TOKEN".to_owned() };
    let url = url_of(ground.addresses.operators);
    format!(
        "  curl -sS {url}/operator/accounts -H \"Authorization: Bearer {token}\" -d '{{\"name\":\"First partner\"}}'\n"
    )
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_file_that_is_gone_is_said_to_be_gone() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::open(directory.path()).unwrap();
        let said = token(&data);
        assert!(said.contains("is gone") && said.contains("causeway operator-token --data-dir"), "{said}");
        std::fs::write(data.operator_token(), "op_x").unwrap();
        let said = token(&data);
        assert!(said.starts_with("token in ") && !said.contains("op_x"), "{said}");
    }

    #[test]
    fn paths_survive_the_shell() {
        for (path, expected) in [("data/x.json", "data/x.json"), ("/a b/c", "'/a b/c'"), ("it's", r"'it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
