//! Webhook endpoints: where an account's events go, whether they go there now, and the secrets that sign them.

use causeway_core::command::{Command, NewEndpoint};
use causeway_core::endpoint::EndpointChange;
use causeway_core::id::Mode;
use causeway_core::time::Millis;

use super::accounts::{shown, target};
use super::body::{ActivateSecret, ChangeWebhook, SetWebhook};
use super::call::{Call, Handled, Target, answer};
use super::view::{NewWebhookView, UnsetWebhookView};
use crate::gate::Cell;
use crate::keys::new_webhook_secret;
use crate::problem::Problem;
use crate::wire::mode_word;

/// How long the last secret signs beside the new one, unless an operator says otherwise.
const OVERLAP_SECONDS: u32 = 86_400;
/// The longest time that an operator may say.
const LONGEST_OVERLAP_SECONDS: u32 = 30 * 86_400;

/// Sets where an account's events go, with a new secret that is shown this once.
pub async fn set_webhook(call: Call<'_>) -> Handled {
    let request: SetWebhook = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    call.cell(mode)?;
    judge(&call, mode, &request.url)?;
    call.record(Target { object: Some(&request.url), ..target(id, mode) }, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    let url = request.url;
    with_new_secret(&call, cell, 200, |sealed_secret| Command::SetWebhook(id, NewEndpoint { url, sealed_secret })).await
}

/// Lets an account's events go nowhere. Deliveries on their way are given up with their next attempt.
pub async fn unset_webhook(call: Call<'_>) -> Handled {
    let request: ChangeWebhook = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let cell = call.cell(mode)?;
    call.record(target(id, mode), request.reason.as_deref()).await?;
    call.change(cell, Command::UnsetWebhook(id)).await?;
    let view =
        UnsetWebhookView { object: "webhook_endpoint", account_id: id.text(), mode: mode_word(mode), deleted: true };
    answer(200, &view)
}

/// Lets an account's events wait until the endpoint is resumed.
pub async fn pause_webhook(call: Call<'_>) -> Handled {
    change(call, EndpointChange::Pause).await
}

/// Lets events go to the endpoint again, whether it was paused or disabled.
pub async fn resume_webhook(call: Call<'_>) -> Handled {
    change(call, EndpointChange::Resume).await
}

/// Adds a secret that signs beside the first one, and shows it, this once.
pub async fn add_webhook_secret(call: Call<'_>) -> Handled {
    let request: ChangeWebhook = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let cell = call.cell(mode)?;
    call.record(target(id, mode), request.reason.as_deref()).await?;
    with_new_secret(&call, cell, 201, |sealed| Command::ChangeEndpoint(id, EndpointChange::AddSecret(sealed))).await
}

/// Makes the added secret the first one. The one before signs beside it for a time.
pub async fn activate_webhook_secret(call: Call<'_>) -> Handled {
    let request: ActivateSecret = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let overlap = request.overlap.unwrap_or(OVERLAP_SECONDS);
    if overlap > LONGEST_OVERLAP_SECONDS {
        let message = format!("overlap must be seconds, at most {LONGEST_OVERLAP_SECONDS}.");
        return Err(Problem::invalid("overlap", message));
    }
    let said = format!("overlap {overlap} s");
    let cell = call.cell(mode)?;
    call.record(Target { object: Some(&said), ..target(id, mode) }, request.reason.as_deref()).await?;
    let change = EndpointChange::ActivateSecret(Millis::seconds(overlap.into()));
    call.change(cell, Command::ChangeEndpoint(id, change)).await?;
    shown(&call, id)
}

/// Ends a rotation at once: the first secret signs alone.
pub async fn drop_webhook_secret(call: Call<'_>) -> Handled {
    change(call, EndpointChange::DropSecret).await
}

/// Makes a secret, hands it to the cell sealed, and shows it, this once.
async fn with_new_secret(
    call: &Call<'_>,
    cell: &Cell,
    status: u16,
    command: impl FnOnce(Vec<u8>) -> Command,
) -> Handled {
    let id = call.account_id()?;
    let secret = new_webhook_secret().map_err(Problem::internal)?;
    let sealed = cell.keys().seal_webhook_secret(id, &secret).map_err(Problem::internal)?;
    let account = call.change(cell, command(sealed)).await?;
    let endpoint = account.webhook.as_ref().ok_or_else(|| Problem::internal("a new secret is of no endpoint"))?;
    let view = NewWebhookView {
        object: "webhook_endpoint",
        account_id: id.text(),
        mode: mode_word(cell.mode()),
        url: &endpoint.url,
        secret: secret.reveal(),
    };
    answer(status, &view)
}

async fn change(call: Call<'_>, change: EndpointChange) -> Handled {
    let request: ChangeWebhook = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let cell = call.cell(mode)?;
    call.record(target(id, mode), request.reason.as_deref()).await?;
    call.change(cell, Command::ChangeEndpoint(id, change)).await?;
    shown(&call, id)
}

/// Judges an endpoint as the connection will be judged later, as far as its text goes.
fn judge(call: &Call<'_>, mode: Mode, url: &str) -> Result<(), Problem> {
    let guard = call.interface.guards.iter().find(|(known, _)| *known == mode);
    let (_, guard) = guard.ok_or_else(|| Problem::internal("a cell runs without an address guard"))?;
    guard.target(url).map(|_| ()).map_err(|refused| {
        let message =
            format!("url is refused: {refused}. Use https with a public host; in the sandbox http on loopback.");
        Problem::invalid("url", message)
    })
}
