//! Whole journeys against a running sandbox, with a receiver for the webhooks, drawn at the end.

mod draw;
mod journey;
mod receiver;
mod record;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::api::Api;
use crate::failure::Failure;
use crate::sandbox::{self, Operator, Sandbox};
use crate::seed::Seed;
use crate::target::Target;
use draw::Style;
use journey::{Ending, Partner, Plan, Walk};
use receiver::Receiver;
use record::{Journey, Step};

/// How long webhooks may take.
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(15);
/// The gap between two looks at what the receiver got.
const GAP: Duration = Duration::from_millis(2);

/// What is performed.
const PLANS: [Plan; 4] = [
    Plan {
        title: "Pay-in: 100.00 EUR by SEPA instant become USDC",
        side: "on_ramp",
        session_amount: "100.00",
        given: "100.00",
        attempts: 1,
        ends: Ending::Settled,
    },
    Plan {
        title: "Pay-out: 100.00 USDC become EUR by SEPA instant",
        side: "off_ramp",
        session_amount: "250.00",
        given: "100.00",
        attempts: 1,
        ends: Ending::Settled,
    },
    Plan {
        title: "Failover: of 100.01 EUR the first corridor fails, the next one settles",
        side: "on_ramp",
        session_amount: "100.01",
        given: "100.01",
        attempts: 2,
        ends: Ending::Settled,
    },
    Plan {
        title: "Decline: risk says no to 100.04 EUR, the session stays open",
        side: "on_ramp",
        session_amount: "100.04",
        given: "100.04",
        attempts: 0,
        ends: Ending::Declined,
    },
];

/// Where the server is, and what the receiver needs.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The server; without it, where sandbox.json says.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Its operator interface.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    operator_url: String,
    /// Its data directory [default: target/sandbox].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The Python that runs the webhook receiver.
    #[arg(long, value_name = "PATH", env = "CAUSEWAY_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// The webhook receiver [default: tools/receiver/receiver.py].
    #[arg(long, value_name = "FILE")]
    receiver: Option<PathBuf>,
}

/// Performs all journeys and draws them; fails when one is not as it should be.
pub fn run(options: &Options) -> Result<(), Failure> {
    crate::block_on(perform(options))
}

async fn perform(options: &Options) -> Result<(), Failure> {
    let mut partner = connect(options).await?;
    let before = partner.operator.webhook(&partner.account).await?;
    let performed = tokio::select! {
        performed = perform_all(options, &mut partner) => performed,
        _ = tokio::signal::ctrl_c() => Err(Failure::wrong("interrupted")),
    };
    let restored = restore(&mut partner, before.as_deref()).await;
    performed.and(restored)
}

/// Leaves the webhook endpoint as it was. Its secret is another one: the gateway tells a secret once, and takes none.
async fn restore(partner: &mut Partner, before: Option<&str>) -> Result<(), Failure> {
    match before {
        Some(url) => {
            let secret = partner.operator.set_webhook(&partner.account, url).await?;
            println!("webhooks go to {url} again, signed with a new secret: {secret}");
        }
        None => partner.operator.unset_webhook(&partner.account).await?,
    }
    Ok(())
}

async fn perform_all(options: &Options, partner: &mut Partner) -> Result<(), Failure> {
    let style = Style::of_stdout();
    let start = Instant::now();
    let receiver = receive(options, partner).await?;
    let mut journeys = Vec::new();
    for (number, plan) in (1..).zip(PLANS) {
        println!("{}", style.heading(number, plan.title));
        let on_step = |step: &Step| println!("{}", style.step(step));
        let mut journey = Walk::perform(partner, plan, &on_step).await;
        await_webhooks(&receiver, &mut journey, &plan).await;
        journeys.push(journey);
    }
    for (number, journey) in (1..).zip(&journeys) {
        print!("{}", style.journey(number, journey));
    }
    conclude(style, &journeys, &receiver.rejected(), start.elapsed())
}

/// Finds the server and its demo partner.
async fn connect(options: &Options) -> Result<Partner, Failure> {
    let directory = options.data_dir.clone().unwrap_or_else(sandbox::default_directory);
    let sandbox = Sandbox::read(&directory)?;
    let target = Target::parse(options.base_url.as_deref().unwrap_or(&sandbox.base_url))?;
    let mut server = Api::new(target.clone(), &sandbox.secret_key);
    server.require("--base-url").await?;
    let operator = Operator::connect(&options.operator_url, &directory).await?;
    println!("gateway {}, operator interface {}", target.url(), options.operator_url);
    let account = sandbox.account_id;
    let origin = sandbox.allowed_origins.first().cloned().unwrap_or_default();
    let browser = Api::new(target, &sandbox.publishable_key);
    Ok(Partner { account, server, browser, operator, origin, seed: Seed::new(Seed::fresh()) })
}

/// Sets the webhook endpoint and starts the receiver behind it.
async fn receive(options: &Options, partner: &mut Partner) -> Result<Receiver, Failure> {
    let port = receiver::free_port()?;
    let secret = partner.operator.set_webhook(&partner.account, &format!("http://127.0.0.1:{port}/webhooks")).await?;
    let program = options.receiver.clone().unwrap_or_else(receiver::default_program);
    let receiver = Receiver::start(&options.python, &program, port, &secret)?;
    println!("webhook receiver on port {port}");
    Ok(receiver)
}

/// Waits until as many webhooks are there as the journey has events, and compares them.
async fn await_webhooks(receiver: &Receiver, journey: &mut Journey, plan: &Plan) {
    let expected = plan.events();
    let end = Instant::now() + WEBHOOK_DEADLINE;
    loop {
        journey.webhooks = receiver.webhooks(journey);
        if journey.webhooks.len() >= expected.len() || journey.wrong.is_some() || Instant::now() > end {
            break;
        }
        tokio::time::sleep(GAP).await;
    }
    let arrived: Vec<&str> = journey.webhooks.iter().map(|webhook| webhook.event_type.as_str()).collect();
    if arrived != expected && journey.wrong.is_none() {
        let (arrived, expected) = (arrived.join(", "), expected.join(", "));
        journey.wrong = Some(format!("the webhooks were {arrived} and should be {expected}"));
    }
}

fn conclude(style: Style, journeys: &[Journey], rejected: &[String], took: Duration) -> Result<(), Failure> {
    let wrong = journeys.iter().filter(|journey| journey.wrong.is_some()).count();
    let webhooks: usize = journeys.iter().map(|journey| journey.webhooks.len()).sum();
    let good = wrong == 0 && rejected.is_empty();
    let mut lines = vec![
        if good { "ALL IS AS IT SHOULD BE".to_owned() } else { "NOT ALL IS AS IT SHOULD BE".to_owned() },
        format!(
            "{} of {} journeys as they should be, in {:.2} s",
            journeys.len() - wrong,
            journeys.len(),
            took.as_secs_f64()
        ),
        format!("{webhooks} webhooks taken, each with both signatures verified; {} rejected", rejected.len()),
    ];
    lines.extend(
        journeys.iter().filter_map(|journey| Some(format!("{}: {}", journey.title, journey.wrong.as_deref()?))),
    );
    lines.extend(rejected.iter().map(|reason| format!("receiver: {reason}")));
    println!("{}", style.verdict(good, &lines));
    if good { Ok(()) } else { Err(Failure::wrong("not all is as it should be; the picture above says what")) }
}
