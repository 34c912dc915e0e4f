//! What a sandbox server leaves in its data directory for those who try it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::api::Api;
use crate::failure::Failure;
use crate::target::Target;

/// How a server is started, for those who have none.
pub const START: &str = "start one with: cargo xtask run";

/// The metric that counts what rails were asked to do, and its label for the sandbox.
const ATTEMPTS: (&str, &str) = ("causeway_rail_attempts_sent_total{", "mode=\"sandbox\"");

/// The demo partner of a sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Its account.
    pub account_id: String,
    /// Its key for servers.
    pub secret_key: String,
    /// Its key for browsers.
    pub publishable_key: String,
    /// From where its widget may be started.
    pub allowed_origins: Vec<String>,
    /// Where the server said that it listens.
    pub base_url: String,
}

impl Sandbox {
    /// Reads `sandbox.json` of this data directory.
    pub fn read(directory: &Path) -> Result<Sandbox, Failure> {
        let path = directory.join("sandbox.json");
        let text = read(&path)?;
        let wrong = |what: &str| Failure::missing(format!("{}: {what}", path.display()));
        let value: Value = serde_json::from_str(&text).map_err(|error| wrong(&error.to_string()))?;
        let field = |name: &str| {
            let text = value[name].as_str().map(str::to_owned);
            text.ok_or_else(|| wrong(&format!("`{name}` is missing or no string")))
        };
        let origins =
            value["allowed_origins"].as_array().ok_or_else(|| wrong("`allowed_origins` is missing or no list"))?;
        Ok(Sandbox {
            account_id: field("account_id")?,
            secret_key: field("secret_key")?,
            publishable_key: field("publishable_key")?,
            allowed_origins: origins.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            base_url: field("base_url")?,
        })
    }
}

/// The operator interface of a sandbox.
pub struct Operator(Api);

impl Operator {
    /// Reads the first operator token in this data directory and connects.
    pub async fn connect(url: &str, directory: &Path) -> Result<Operator, Failure> {
        let token = read(&directory.join("operator-token"))?;
        let mut api = Api::new(Target::parse(url)?, token.trim());
        api.require("--operator-url").await?;
        Ok(Operator(api))
    }

    /// Sends an account's webhooks to `url`; gives the new secret that signs them.
    pub async fn set_webhook(&mut self, account: &str, url: &str) -> Result<String, Failure> {
        let path = format!("/operator/accounts/{account}/webhook");
        let body = json!({"mode": "test", "url": url, "reason": "causeway-lab"});
        let reply = self.0.call("PUT", &path, &[], Some(&body)).await?.expect(200, "setting the webhook endpoint")?;
        Ok(reply.text("secret").to_owned())
    }

    /// Where an account's webhooks go, if they go anywhere.
    pub async fn webhook(&mut self, account: &str) -> Result<Option<String>, Failure> {
        let path = format!("/operator/accounts/{account}");
        let reply = self.0.get(&path).await?.expect(200, "reading the account")?;
        let modes = reply.body["modes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let sandbox = modes.iter().find(|record| record["mode"] == "test");
        Ok(sandbox.and_then(|record| record["webhook"]["url"].as_str()).map(str::to_owned))
    }

    /// A new secret key of the oldest account whose webhooks go somewhere, if there is one.
    pub async fn key_of_a_told_partner(&mut self) -> Result<Option<String>, Failure> {
        let accounts = self.0.get("/operator/accounts?limit=100").await?.expect(200, "listing the accounts")?;
        let rows = accounts.body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let is_told = |row: &&Value| {
            let modes = row["modes"].as_array().map(Vec::as_slice).unwrap_or_default();
            modes.iter().any(|record| record["mode"] == "test" && record["has_webhook"] == true)
        };
        let Some(account) = rows.iter().rev().find(is_told).and_then(|row| row["id"].as_str()) else { return Ok(None) };
        let path = format!("/operator/accounts/{account}/keys");
        let body = json!({"mode": "test", "kind": "secret", "reason": "causeway-lab"});
        let reply = self.0.call("POST", &path, &[], Some(&body)).await?.expect(201, "making a key")?;
        Ok(Some(reply.text("key").to_owned()))
    }

    /// Lets an account's webhooks go nowhere.
    pub async fn unset_webhook(&mut self, account: &str) -> Result<(), Failure> {
        let path = format!("/operator/accounts/{account}/webhook");
        let body = json!({"mode": "test", "reason": "causeway-lab"});
        self.0.call("DELETE", &path, &[], Some(&body)).await?.expect(200, "unsetting the webhook endpoint")?;
        Ok(())
    }

    /// A new account that may do everything at any rate in the sandbox, and a key for its servers.
    pub async fn new_partner(&mut self, name: &str) -> Result<(String, String), Failure> {
        let reason = "causeway-lab";
        let body = json!({"name": name, "reason": reason});
        let made =
            self.0.call("POST", "/operator/accounts", &[], Some(&body)).await?.expect(201, "making an account")?;
        let account = made.text("id").to_owned();
        let rights = json!({
            "mode": "test", "rails": true, "customers": true, "kyc_package": false, "swap": false, "verified_users": false,
            "reason": reason,
        });
        let tier = json!({"mode": "test", "tier": "unlimited", "reason": reason});
        for (word, body) in [("entitlements", rights), ("tier", tier)] {
            let path = format!("/operator/accounts/{account}/{word}");
            self.0.call("PUT", &path, &[], Some(&body)).await?.expect(200, word)?;
        }
        let path = format!("/operator/accounts/{account}/keys");
        let body = json!({"mode": "test", "kind": "secret", "reason": reason});
        let reply = self.0.call("POST", &path, &[], Some(&body)).await?.expect(201, "making a key")?;
        Ok((account, reply.text("key").to_owned()))
    }

    /// Pauses or resumes an account's endpoint: `how` is the word in the path.
    pub async fn change_webhook(&mut self, account: &str, how: &str) -> Result<(), Failure> {
        let path = format!("/operator/accounts/{account}/webhook/{how}");
        let body = json!({"mode": "test", "reason": "causeway-lab"});
        self.0.call("POST", &path, &[], Some(&body)).await?.expect(200, how)?;
        Ok(())
    }

    /// How often rails were asked to move money since the server started.
    pub async fn rail_attempts(&mut self) -> Result<u64, Failure> {
        let metrics = self.0.get("/metrics").await?.expect(200, "reading the metrics")?;
        let (name, label) = ATTEMPTS;
        let line = metrics.raw.lines().find(|line| line.starts_with(name) && line.contains(label));
        let value = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        value.map(|value| value as u64).ok_or_else(|| Failure::wrong(format!("/metrics does not show {name}{label}}}")))
    }
}

/// The data directory that `cargo xtask run` uses: `target/sandbox`, which lies beside the directory of this program.
pub fn default_directory() -> PathBuf {
    in_target("sandbox")
}

/// A directory beside the programs that were built: below `target`.
pub fn in_target(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let profile = program.parent().filter(|folder| folder.ends_with("release") || folder.ends_with("debug"));
    let target = profile.and_then(Path::parent);
    target.map_or_else(|| PathBuf::from("target"), Path::to_path_buf).join(name)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Failure::missing(format!(
            "cannot read {path}: {error}; name the server's data directory with --data-dir, or {START}"
        ))
    })
}
