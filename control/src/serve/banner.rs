//! What a person at the terminal reads after the start: where things are, and what to try next.

use std::io::Write;

use super::data_dir::DataDir;
use super::{Addresses, quoted, url_of};
use crate::config::{Config, Deployment};

/// Prints it to standard output. Nobody has to be there to read it.
pub fn print(config: &Config, addresses: Addresses, data: &DataDir, has_demo: bool, model: &str) {
    let _ = std::io::stdout().write_all(text(config, addresses, data, has_demo, model).as_bytes());
}

fn text(config: &Config, addresses: Addresses, data: &DataDir, has_demo: bool, model: &str) -> String {
    let cells = match config.mode {
        Deployment::Sandbox => "sandbox",
        Deployment::Live => "live",
        Deployment::Both => "sandbox and live",
    };
    let directory = data.path().display();
    let mut text = format!("Causeway {} is up: {cells}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<14}{value}\n"));
    line("partner API", format!("{}/v1", url_of(addresses.partners)));
    line("operators", format!("{}, token in {directory}/operator-token", url_of(addresses.operators)));
    line("data", directory.to_string());
    line("model", model.to_owned());
    if has_demo {
        line("demo partner", data.sandbox_file().display().to_string());
        text.push_str("\nTry, in another terminal:\n");
        text.push_str(&first_call(addresses, data));
    } else {
        text.push_str("\nMake an account, in another terminal:\n");
        text.push_str(&first_account(addresses, data));
    }
    text
}

/// A session created by the demo partner; the key stays in its file.
fn first_call(addresses: Addresses, data: &DataDir) -> String {
    let key = r#"sed -n 's/.*"secret_key": "\(.*\)".*/\1/p'"#;
    let body = r#"{"amount":"100.00","currency":"EUR","return_url":"https://partner.example/done"}"#;
    format!(
        "  curl -sS {}/v1/gate_sessions -H \"Authorization: Bearer $({key} {})\" \\\n    -H 'Idempotency-Key: first-session' \
         -H 'Content-Type: application/json' \\\n    -d '{body}'\n",
        url_of(addresses.partners),
        quoted(&data.sandbox_file()),
    )
}

fn first_account(addresses: Addresses, data: &DataDir) -> String {
    format!(
        "  curl -sS {}/operator/accounts -H \"Authorization: Bearer $(cat {})\" -d '{{\"name\":\"First partner\"}}'\n",
        url_of(addresses.operators),
        quoted(&data.path().join("operator-token")),
    )
}
