//! How a partner's hosted widget looks.

use causeway_core::command::{Command, Reply};

use super::{Call, Handled, Rendered, Spec};
use crate::problem::Problem;
use crate::wire;

/// The look stands in the directory, which is published before the answer to a change leaves: whoever has heard that answer
/// reads the change.
pub(super) const GET: Spec =
    Spec::new("Branding", "Read how the hosted widget looks.", |call| Box::pin(get_branding(call)))
        .answers::<wire::Branding<'static>>(200);

pub(super) const UPDATE: Spec =
    Spec::new("Branding", "Change how the hosted widget looks: what is left out stays, null clears.", |call| {
        Box::pin(update_branding(call))
    })
    .body::<wire::UpdateBranding<'static>>()
    .answers::<wire::Branding<'static>>(200);

async fn get_branding(call: Call<'_>) -> Handled {
    Ok(Rendered::new(&wire::Branding::of(&call.caller.account().branding)))
}

async fn update_branding(call: Call<'_>) -> Handled {
    let patch = call.parse::<wire::UpdateBranding<'_>>()?.patch()?;
    let fingerprint = wire::UpdateBranding::fingerprint(&patch);
    let answer = call.submit(Command::UpdateBranding(call.account(), Box::new(patch)), fingerprint).await?;
    let Reply::Branding(branding) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a look"));
    };
    Ok(Rendered::new(&wire::Branding::of(&branding)).replayed(answer.replayed))
}
