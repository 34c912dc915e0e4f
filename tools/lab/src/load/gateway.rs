//! The gateway under load, whether it was started here or runs already.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::audience::Audience;
use super::ceilings::Parts;
use super::client::Dialer;
use super::drive::drive;
use super::mix::{Stock, Work};
use super::pin::Cpus;
use super::plan::Options;
use super::round::Bench;
use super::schedule::{Pace, Plan};
use super::server::{self, Server};
use super::settle::Rest;
use crate::api::Api;
use crate::failure::Failure;
use crate::sandbox::{Operator, Sandbox};
use crate::seed::Seed;
use crate::target::Target;

/// The gateway and the partner whose keys are used.
pub struct Gateway {
    /// The process, when it was started here.
    server: Option<Server>,
    partner: Sandbox,
    target: Target,
    /// Where its data lie.
    pub directory: PathBuf,
    operator_url: String,
}

impl Gateway {
    /// Starts one below `place`, or finds the one that runs.
    pub fn reach(options: &Options, place: &Path, cpus: &Cpus) -> Result<Gateway, Failure> {
        if let (Some(url), Some(directory)) = (&options.target, &options.data_dir) {
            return Gateway::running(Sandbox::read(directory)?, url, directory, &options.operator_url);
        }
        let program = options.server.clone().unwrap_or_else(server::program);
        let server = Server::start(&program, place, cpus)?;
        let partner = server.partner.clone();
        let url = partner.base_url.clone();
        let gateway = Gateway::running(partner, &url, &server.directory(), &server.operator_url)?;
        Ok(Gateway { server: Some(server), ..gateway })
    }

    /// One that runs already and is not stopped.
    pub fn running(partner: Sandbox, url: &str, directory: &Path, operator_url: &str) -> Result<Gateway, Failure> {
        let (directory, operator_url) = (directory.to_owned(), operator_url.to_owned());
        Ok(Gateway { server: None, partner, target: Target::parse(url)?, directory, operator_url })
    }

    /// Performs the first journey; gives the pay-in as the gateway answers it.
    pub async fn first_pay_in(&self, options: &Options, seed: u64) -> Result<String, Failure> {
        let mut api = Api::new(self.target.clone(), &self.partner.secret_key);
        api.require("--target").await?;
        let stock = Rc::new(Stock::default());
        let plan = Plan { pace: Pace::FlatOut, lead: Duration::ZERO, time: Duration::from_secs(10), most: 1 };
        let work = Rc::new(Work::Trade(Rc::clone(&stock)));
        let step = drive(&self.dialer(options), &options.width(), plan, &work, !seed).await?;
        let Some(payment) = stock.take_payments().pop_front() else {
            let others = step.tally.others_line();
            return Err(Failure::wrong(format!("the first journey did not go through: {others}")));
        };
        let answer = api.get(&format!("/v1/rails/pay_ins/{payment}")).await?;
        Ok(answer.expect(200, "retrieving a pay-in")?.raw)
    }

    /// What measures it, beside these ceilings.
    pub fn bench<'a>(&self, options: &'a Options, seed: u64, constant: &Target, parts: Option<Parts>) -> Bench<'a> {
        let stock = Rc::default();
        let receiver = options.webhooks.then(|| Api::new(constant.clone(), ""));
        let api = Api::new(self.target.clone(), &self.partner.secret_key);
        let rest = Rest::new(api, receiver, Rc::clone(&stock), self.process());
        let (dialer, constant, seed) = (self.dialer(options), constant.clone(), Seed::new(seed));
        Bench { options, dialer, stock, rest, constant, parts, process: self.process(), audience: None, seed }
    }

    /// Accounts with a receiver in this process.
    pub async fn audience(&self, options: &Options) -> Result<Audience, Failure> {
        let operator = Operator::connect(&self.operator_url, &self.directory).await?;
        Audience::gather(self.target.clone(), options.http, operator).await
    }

    /// The process, when it was started here.
    pub fn process(&self) -> Option<u32> {
        self.server.as_ref().map(Server::process)
    }

    /// Sends the partner's webhooks there; gives where they went before.
    pub async fn send_webhooks_to(&self, url: &str) -> Result<Option<String>, Failure> {
        let mut operator = Operator::connect(&self.operator_url, &self.directory).await?;
        let before = operator.webhook(&self.partner.account_id).await?;
        operator.set_webhook(&self.partner.account_id, url).await.map(|_| before)
    }

    /// Lets the partner's webhooks go where they went before. Their secret is another one: the gateway takes none.
    pub async fn restore_webhooks(&self, before: Option<&str>) -> Result<(), Failure> {
        let mut operator = Operator::connect(&self.operator_url, &self.directory).await?;
        match before {
            Some(url) => operator.set_webhook(&self.partner.account_id, url).await.map(drop),
            None => operator.unset_webhook(&self.partner.account_id).await,
        }
    }

    /// Stops it if it was started here.
    pub fn leave(self) -> Result<(), Failure> {
        self.server.map_or(Ok(()), Server::stop)
    }

    fn dialer(&self, options: &Options) -> Dialer {
        Dialer::new(self.target.clone(), &self.partner.secret_key, options.http)
    }
}
