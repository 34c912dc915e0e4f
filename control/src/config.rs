//! Configuration: one table of settings, each of which can be given as a flag, in the environment or in a file.
//!
//! A flag wins over the environment, the environment over the file, the file over the default. The table below is the only
//! place that names them: flags, `CAUSEWAY_…` variables, the file's keys and `--help` all come from it.

mod check;
mod choices;
pub mod duration;
mod environment;
mod features;
mod file;
mod model;
mod origin;
mod stopped;
mod tiers;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use http::HeaderName;
use ipnet::IpNet;

pub use choices::{Deployment, LogFormat, Switch};
pub use duration::Gaps;
pub use features::{FeaturesAction, Replay};
pub use model::{CellWord, ModelAction, ModelCheck, ModelStep, Remote, RunCheck, ShareBy};
pub use stopped::{Stopped, StoppedGateway, StoppedMode};

use origin::Origins;

use crate::quota::Tiers;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line or environment cannot be understood, or help was asked for.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file cannot be read.
    #[error("cannot read the configuration file {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// The file cannot be understood.
    #[error("{path}:{line}: {reason}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line at fault, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Settings do not go together.
    #[error("{0}")]
    Conflict(String),
}

/// A self-hosted partner payment gateway.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, disable_help_subcommand = true)]
pub struct Program {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Runs the gateway.
    ///
    /// Each setting can be given as a flag, as an environment variable, or in the TOML file that --config names, there
    /// under the flag's name without the dashes. A flag wins over the environment, the environment over the file, the
    /// file over the default. Times are written like 500ms, 30s, 5m, 2h or 7d. The file alone has tiers: what accounts may
    /// ask for, as sections like [tiers.gold] with reads, writes, rails and embed = { per_second = 200, burst = 400 } each,
    /// and in_progress = 64.
    Serve(Box<Config>),
    /// What has to do with model packages.
    #[command(subcommand)]
    Model(ModelAction),
    /// The features that models are given: what they are, and what they were.
    #[command(subcommand)]
    Features(FeaturesAction),
    /// Prints the OpenAPI document of the partner API.
    Openapi,
    /// Prints the version.
    Version,
    /// Prints what the simulated rail has on record, a JSON object a line. The gateway must be stopped.
    RailRecords(Stopped),
    /// Checks the books and prints each payment with its postings, a JSON object a line. The gateway must be stopped.
    ///
    /// Exit code 1 when a posting set does not sum to zero or a balance is not the sum of its postings.
    Ledger(Stopped),
    /// Compacts the store, so that it takes no more room than it needs. The gateway must be stopped.
    Compact(Stopped),
    /// Makes the first operator token anew, for operators who have lost theirs. The gateway must be stopped.
    ///
    /// It is written to the file operator-token in the data directory. The first token of before is refused from then on,
    /// the others stay.
    OperatorToken(StoppedGateway),
}

/// The settings of `causeway serve`. Their comments are what `--help` says.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// A TOML file with settings.
    #[arg(long, env = "CAUSEWAY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where everything is kept; made if it is missing.
    #[arg(long, env = "CAUSEWAY_DATA_DIR", value_name = "DIR", default_value = "causeway-data")]
    pub data_dir: PathBuf,
    /// Which cells run.
    #[arg(long, env = "CAUSEWAY_MODE", value_name = "MODE", default_value = "sandbox")]
    pub mode: Deployment,
    /// A private file outside the data directory with 64 hexadecimal characters. Live needs it; the sandbox alone makes
    /// its own key in the data directory.
    #[arg(long, env = "CAUSEWAY_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The model package that becomes live while no model was ever registered; later ones are registered with `causeway model
    /// register`. Without it: beside the program, then the user's cache directory.
    #[arg(long, env = "CAUSEWAY_MODEL_DIR", value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Rules and lists that stand beside the model, in TOML. The file is applied when the program starts and its content is
    /// another one than that which was applied last; docs/operators.md says what stands in it.
    #[arg(long, env = "CAUSEWAY_RISK_POLICY", value_name = "FILE")]
    pub risk_policy: Option<PathBuf>,
    /// The ONNX Runtime shared library. Without it: beside the program, then the user's cache directory.
    #[arg(long, env = "CAUSEWAY_ONNXRUNTIME", value_name = "FILE")]
    pub onnxruntime: Option<PathBuf>,
    /// The processor time that the model may take for one scoring call. What is late is left to the fallback rules; a model
    /// that is late again and again, or far too late once, is not run any more.
    #[arg(long, env = "CAUSEWAY_MODEL_BUDGET", value_name = "TIME", default_value = model::MODEL_BUDGET, value_parser = duration::budget)]
    pub model_budget: Duration,
    /// The sandbox's corridors and assets, instead of those that the program ships.
    #[arg(long, env = "CAUSEWAY_CORRIDORS", value_name = "FILE")]
    pub corridors: Option<PathBuf>,
    /// The sandbox's rates and fees, instead of those that the program ships.
    #[arg(long, env = "CAUSEWAY_RATES", value_name = "FILE")]
    pub rates: Option<PathBuf>,
    /// Live's corridors and assets. Live needs it: what the program ships is for the sandbox alone.
    #[arg(long, env = "CAUSEWAY_LIVE_CORRIDORS", value_name = "FILE")]
    pub live_corridors: Option<PathBuf>,
    /// Live's rates and fees. Live needs it, too.
    #[arg(long, env = "CAUSEWAY_LIVE_RATES", value_name = "FILE")]
    pub live_rates: Option<PathBuf>,
    /// The rails that are reached over HTTP, for live and for the sandbox; docs/rails.md says what stands in the file.
    /// Without it nothing moves in live.
    #[arg(long, env = "CAUSEWAY_RAILS", value_name = "FILE")]
    pub rails: Option<PathBuf>,
    /// Reads that may wait for the disk at once, per cell; others wait for them.
    #[arg(long, env = "CAUSEWAY_DISK_READS", value_name = "NUMBER", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=512))]
    pub disk_reads: u32,
    /// Mebibytes of memory in which each cell's store keeps what it has read. Reading old rows gets faster with more.
    #[arg(long, env = "CAUSEWAY_STORE_CACHE", value_name = "MEBIBYTES", default_value = "256", value_parser = clap::value_parser!(u32).range(16..=1_048_576))]
    pub store_cache: u32,
    /// How log lines are written, to standard error.
    #[arg(long, env = "CAUSEWAY_LOG_FORMAT", value_name = "FORMAT", default_value = "logfmt")]
    pub log_format: LogFormat,

    /// The partner API's address; port 0 takes a free one.
    #[arg(
        long,
        env = "CAUSEWAY_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_parser = check::address,
        help_heading = "Listeners"
    )]
    pub listen: SocketAddr,
    /// The partner API's certificate with those between it and the root, in PEM. With it, partners speak HTTPS; SIGHUP reads
    /// certificate and key again.
    #[arg(long, env = "CAUSEWAY_TLS_CERTIFICATE", value_name = "FILE", help_heading = "Listeners")]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of that certificate, in PEM without a password.
    #[arg(long, env = "CAUSEWAY_TLS_KEY", value_name = "FILE", help_heading = "Listeners")]
    pub tls_key: Option<PathBuf>,
    /// With a certificate, whether partners may speak HTTP/3 too: over UDP, on the port that --listen takes over TCP.
    #[arg(long, env = "CAUSEWAY_HTTP3", value_name = "SWITCH", default_value = "on", help_heading = "Listeners")]
    pub http3: Switch,
    /// The UDP port under which partners reach HTTP/3, where something in front of the gateway gives it another one.
    #[arg(long, env = "CAUSEWAY_HTTP3_PUBLIC_PORT", value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Listeners")]
    pub http3_public_port: Option<u16>,
    /// The operator interface's address; port 0 takes a free one.
    #[arg(
        long,
        env = "CAUSEWAY_OPERATOR_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8081",
        value_parser = check::address,
        help_heading = "Listeners"
    )]
    pub operator_listen: SocketAddr,
    /// The address at which rails report outcomes, when there is a rails file; port 0 takes a free one. It speaks plain
    /// HTTP: put TLS in front of it where rails report from other machines.
    #[arg(
        long,
        env = "CAUSEWAY_RAILS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8082",
        value_parser = check::address,
        help_heading = "Listeners"
    )]
    pub rails_listen: SocketAddr,
    /// Lets the operator interface listen on an address that other machines can reach. It speaks plain HTTP: put TLS in
    /// front of it.
    #[arg(long, env = "CAUSEWAY_OPERATOR_ALLOW_REMOTE", help_heading = "Listeners")]
    pub operator_allow_remote: bool,
    /// Host names under which the operator interface answers, beside its own address and localhost; commas between them.
    #[arg(
        long,
        env = "CAUSEWAY_OPERATOR_HOSTS",
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = check::host_name,
        help_heading = "Listeners"
    )]
    pub operator_hosts: Vec<String>,
    /// The address under which partners' users reach this deployment, for links in answers. Without it: http and the
    /// address listened on.
    #[arg(long, env = "CAUSEWAY_PUBLIC_URL", value_name = "URL", value_parser = check::public_url, help_heading = "Listeners")]
    pub public_url: Option<String>,
    /// Host names at which only sandbox keys are taken; commas between them.
    #[arg(
        long,
        env = "CAUSEWAY_SANDBOX_HOSTS",
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = check::host_name,
        help_heading = "Listeners"
    )]
    pub sandbox_hosts: Vec<String>,
    /// Host names at which only live keys are taken; commas between them.
    #[arg(long, env = "CAUSEWAY_LIVE_HOSTS", value_name = "NAMES", value_delimiter = ',', value_parser = check::host_name, help_heading = "Listeners")]
    pub live_hosts: Vec<String>,
    /// Addresses or networks of the proxies in front of the partner API whose X-Forwarded-For and country are believed; commas
    /// between them. By default none is.
    #[arg(
        long,
        env = "CAUSEWAY_TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ',',
        value_parser = check::network,
        help_heading = "Listeners"
    )]
    pub trusted_proxies: Vec<IpNet>,
    /// The header in which the trusted proxies write the country of the user's address, such as CF-IPCountry.
    #[arg(long, env = "CAUSEWAY_COUNTRY_HEADER", value_name = "NAME", value_parser = check::header_name, help_heading = "Listeners")]
    pub country_header: Option<HeaderName>,
    /// Connections open at once, per listener; one more waits.
    #[arg(long, env = "CAUSEWAY_CONNECTIONS", value_name = "NUMBER", default_value = "2048", value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Listeners")]
    pub connections: u32,

    /// How long a session stays open.
    #[arg(long, env = "CAUSEWAY_SESSION_LIFE", value_name = "TIME", default_value = "1h", value_parser = duration::positive, help_heading = "Lives")]
    pub session_life: Duration,
    /// How long a quote can be redeemed, unless its account says otherwise; at most 300s.
    #[arg(long, env = "CAUSEWAY_QUOTE_LIFE", value_name = "TIME", default_value = "30s", value_parser = duration::quote_life, help_heading = "Lives")]
    pub quote_life: Duration,
    /// How long a payment waits for its user's verification.
    #[arg(long, env = "CAUSEWAY_VERIFICATION_LIFE", value_name = "TIME", default_value = "15m", value_parser = duration::positive, help_heading = "Lives")]
    pub verification_life: Duration,
    /// How long a payment waits for the decision of somebody at the bank; then it is declined.
    #[arg(long, env = "CAUSEWAY_REVIEW_LIFE", value_name = "TIME", default_value = "24h", value_parser = duration::positive, help_heading = "Lives")]
    pub review_life: Duration,
    /// How long an embed token can be used.
    #[arg(long, env = "CAUSEWAY_EMBED_TOKEN_LIFE", value_name = "TIME", default_value = "1h", value_parser = duration::positive, help_heading = "Lives")]
    pub embed_token_life: Duration,

    /// How long a write may wait until it is worked on; then it is refused and nothing happens.
    #[arg(long, env = "CAUSEWAY_REQUEST_DEADLINE", value_name = "TIME", default_value = "5s", value_parser = duration::positive, help_heading = "Timeouts")]
    pub request_deadline: Duration,
    /// How long a client may take to send the head of a request.
    #[arg(long, env = "CAUSEWAY_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration::positive, help_heading = "Timeouts")]
    pub header_timeout: Duration,
    /// How long a client may take to send the body of a request.
    #[arg(long, env = "CAUSEWAY_BODY_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration::positive, help_heading = "Timeouts")]
    pub body_timeout: Duration,
    /// How long a connection may be idle between requests, or take nothing of an answer.
    #[arg(long, env = "CAUSEWAY_IDLE_TIMEOUT", value_name = "TIME", default_value = "75s", value_parser = duration::positive, help_heading = "Timeouts")]
    pub idle_timeout: Duration,
    /// How often due timers (expiries, retries) are looked for.
    #[arg(long, env = "CAUSEWAY_TIMER_TICK", value_name = "TIME", default_value = "50ms", value_parser = duration::positive, help_heading = "Timeouts")]
    pub timer_tick: Duration,
    /// How long requests may take to end after SIGTERM; accepted work is finished in any case.
    #[arg(long, env = "CAUSEWAY_DRAIN_TIME", value_name = "TIME", default_value = "25s", value_parser = duration::positive, help_heading = "Timeouts")]
    pub drain_time: Duration,

    /// Gaps between the attempts to deliver a webhook, at most four.
    #[arg(
        long,
        env = "CAUSEWAY_DELIVERY_GAPS",
        value_name = "TIMES",
        default_value = "1m,5m,30m,2h",
        help_heading = "Webhooks"
    )]
    pub delivery_gaps: Gaps,
    /// How long nothing may arrive at an endpoint that is tried before it is disabled.
    #[arg(long, env = "CAUSEWAY_ENDPOINT_PATIENCE", value_name = "TIME", default_value = "5d", value_parser = duration::positive, help_heading = "Webhooks")]
    pub endpoint_patience: Duration,
    /// How long events and their deliveries are kept; longer while a delivery has not ended.
    #[arg(long, env = "CAUSEWAY_EVENT_RETENTION", value_name = "TIME", default_value = "30d", value_parser = duration::second_or_more, help_heading = "Webhooks")]
    pub event_retention: Duration,
    /// How long a receiver may take to answer a webhook.
    #[arg(long, env = "CAUSEWAY_DELIVERY_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration::positive, help_heading = "Webhooks")]
    pub delivery_timeout: Duration,
    /// Webhooks on their way at once, per cell; beside them as many that have waited for longer than a second.
    #[arg(long, env = "CAUSEWAY_DELIVERIES_AT_ONCE", value_name = "NUMBER", default_value = "256", value_parser = clap::value_parser!(u32).range(4..=4_096), help_heading = "Webhooks")]
    pub deliveries_at_once: u32,
    /// Webhooks on their way to one endpoint at once. A new or failing endpoint begins with one.
    #[arg(long, env = "CAUSEWAY_DELIVERIES_PER_ENDPOINT", value_name = "NUMBER", default_value = "32", value_parser = clap::value_parser!(u32).range(1..=1_024), help_heading = "Webhooks")]
    pub deliveries_per_endpoint: u32,
    /// Webhooks to one endpoint in a second; 0: as many as it takes.
    #[arg(long, env = "CAUSEWAY_DELIVERIES_PER_SECOND", value_name = "NUMBER", default_value = "0", value_parser = clap::value_parser!(u32).range(0..=100_000), help_heading = "Webhooks")]
    pub deliveries_per_second: u32,
    /// Ports that webhooks of public receivers may have; commas between them.
    #[arg(long, env = "CAUSEWAY_DELIVERY_PORTS", value_name = "PORTS", value_delimiter = ',', default_value = "443,8443", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Webhooks")]
    pub delivery_ports: Vec<u16>,

    /// A private file with one line: where the bank's RabbitMQ is for the sandbox's events, such as
    /// amqps://user:password@host:5671/vhost. Without it they are published nowhere; docs/events.md says more.
    #[arg(long, env = "CAUSEWAY_BUS_URL_FILE", value_name = "FILE", help_heading = "Event bus")]
    pub bus_url_file: Option<PathBuf>,
    /// The same for live's events.
    #[arg(long, env = "CAUSEWAY_LIVE_BUS_URL_FILE", value_name = "FILE", help_heading = "Event bus")]
    pub live_bus_url_file: Option<PathBuf>,
    /// Certificates in PEM of the authorities that are trusted for the broker, beside the machine's own.
    #[arg(long, env = "CAUSEWAY_BUS_CA_FILE", value_name = "FILE", help_heading = "Event bus")]
    pub bus_ca_file: Option<PathBuf>,
    /// The topic exchanges that events go to: this name and .test or .live.
    #[arg(long, env = "CAUSEWAY_BUS_EXCHANGE", value_name = "NAME", default_value = "causeway.events", value_parser = check::exchange, help_heading = "Event bus")]
    pub bus_exchange: String,

    /// The shortest time that a simulated rail takes to settle; the longest is four times that.
    #[arg(long, env = "CAUSEWAY_RAIL_SETTLE_DELAY", value_name = "TIME", default_value = "200ms", value_parser = duration::any, help_heading = "Sandbox")]
    pub rail_settle_delay: Duration,
    /// How long a simulated rail takes when the magic amount says that it is late.
    #[arg(long, env = "CAUSEWAY_RAIL_LATE_DELAY", value_name = "TIME", default_value = "30s", value_parser = duration::any, help_heading = "Sandbox")]
    pub rail_late_delay: Duration,
    /// The seed of the simulated rails' delays.
    #[arg(long, env = "CAUSEWAY_RAIL_SEED", value_name = "NUMBER", default_value = "1", help_heading = "Sandbox")]
    pub rail_seed: u64,
    /// The tier of the demo partner that a new sandbox gets.
    #[arg(long, env = "CAUSEWAY_DEMO_TIER", value_name = "NAME", default_value = Tiers::UNLIMITED, help_heading = "Sandbox")]
    pub demo_tier: String,

    /// What accounts may ask for, by tier. Given in the file alone, as sections `[tiers.<name>]`.
    #[arg(skip)]
    pub tiers: Tiers,
}

/// Reads the command line, the environment and the file that they name. `words` starts with the program's name.
pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Action, ConfigError> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut command = Program::command();
    let mut matches = command.try_get_matches_from_mut(&words)?;
    let (mut lines, mut tiers) = (file::Lines::default(), Tiers::default());
    if let Some(path) = matches.subcommand().and_then(|(_, given)| configured_file(given)) {
        let settings = file::read(&path)?;
        let serve = serve_command(&Program::command());
        let with_defaults = settings.become_defaults(serve)?;
        (lines, tiers) = (settings.lines(), settings.tiers());
        command = Program::command().mut_subcommand("serve", |_| with_defaults);
        matches = command.try_get_matches_from_mut(&words)?;
    }
    let mut action = Program::from_arg_matches(&matches)?.action;
    if let (Action::Serve(config), Some((_, given))) = (&mut action, matches.subcommand()) {
        config.tiers = tiers;
        environment::check(&serve_command(&command), std::env::vars_os().map(|(name, _)| name))?;
        check::check(config, &Origins::new(given, config.config.clone(), lines))?;
    }
    Ok(action)
}

fn configured_file(given: &clap::ArgMatches) -> Option<PathBuf> {
    given.try_get_one::<PathBuf>("config").ok().flatten().cloned()
}

fn serve_command(program: &clap::Command) -> clap::Command {
    program.find_subcommand("serve").cloned().expect("the program has a command `serve`")
}

#[cfg(test)]
mod tests;
