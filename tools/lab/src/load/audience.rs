//! Accounts whose events go to a receiver in this process.

use super::client::{Dialer, Protocol};
use super::receiver::Receiver;
use crate::failure::Failure;
use crate::sandbox::Operator;
use crate::target::Target;

/// Accounts: enough that no single endpoint's bounds are what is measured.
const ACCOUNTS: usize = 8;

/// The accounts and their receiver.
pub struct Audience {
    /// Opens clients of all accounts, by turns.
    pub dialer: Dialer,
    /// Where their events go.
    pub receiver: Receiver,
    operator: Operator,
    accounts: Vec<String>,
}

impl Audience {
    /// Makes the accounts at the gateway that is `target` to partners.
    pub async fn gather(target: Target, protocol: Protocol, mut operator: Operator) -> Result<Audience, Failure> {
        let receiver = Receiver::start()?;
        let (mut accounts, mut keys) = (Vec::new(), Vec::new());
        for number in 0..ACCOUNTS {
            let (account, key) = operator.new_partner(&format!("audience {number}")).await?;
            receiver.expect_secret(operator.set_webhook(&account, &receiver.url(number)).await?);
            accounts.push(account);
            keys.push(key);
        }
        Ok(Audience { dialer: Dialer::of_several(target, keys, protocol), receiver, operator, accounts })
    }

    /// Lets the accounts' events wait.
    pub async fn pause(&mut self) -> Result<(), Failure> {
        self.change("pause").await
    }

    /// Lets them come.
    pub async fn resume(&mut self) -> Result<(), Failure> {
        self.change("resume").await
    }

    /// Nothing more goes to the receiver, which ends with this process.
    pub async fn leave(&mut self) -> Result<(), Failure> {
        for account in &self.accounts {
            self.operator.unset_webhook(account).await?;
        }
        Ok(())
    }

    async fn change(&mut self, how: &str) -> Result<(), Failure> {
        for account in &self.accounts {
            self.operator.change_webhook(account, how).await?;
        }
        Ok(())
    }
}
