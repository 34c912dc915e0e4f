//! How a partner's hosted widget looks.

use causeway_core::command::{Command, Reply};

use super::{Call, Handled, Rendered};
use crate::problem::Problem;
use crate::wire;

/// The look stands in the directory, which is published before the answer to a change leaves: whoever has heard that answer
/// reads the change.
pub(super) async fn get_branding(call: Call<'_>) -> Handled {
    Ok(Rendered::new(&wire::Branding::of(&call.caller.account().branding)))
}

pub(super) async fn update_branding(call: Call<'_>) -> Handled {
    let patch = call.parse::<wire::UpdateBranding<'_>>()?.patch()?;
    let fingerprint = wire::UpdateBranding::fingerprint(&patch);
    let answer = call.submit(Command::UpdateBranding(call.account(), Box::new(patch)), fingerprint).await?;
    let Reply::Branding(branding) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a look"));
    };
    Ok(Rendered::new(&wire::Branding::of(&branding)).replayed(answer.replayed))
}
