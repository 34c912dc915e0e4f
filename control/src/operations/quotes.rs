//! Quotes: previews, and signed ones.

use causeway_core::command::{Command, Reply};
use causeway_core::id::QuoteId;

use super::{Call, Handled, Rendered, Spec};
use crate::problem::{Code, Problem};
use crate::wire;

pub(super) const PREVIEW: Spec =
    Spec::new("Quotes", "See what a lock would fix now, for each method that fits.", |call| {
        Box::pin(preview_quotes(call))
    })
    .body::<wire::PreviewQuotes<'static>>()
    .answers::<wire::List<wire::QuotePreview<'static>>>(200)
    .refuses(&[Code::AssetUnavailable, Code::AmountOutOfRange, Code::RateUnavailable]);

pub(super) const LOCK: Spec =
    Spec::new("Rails", "Fix signed terms for some seconds.", |call| Box::pin(lock_quote(call)))
        .body::<wire::LockQuote<'static>>()
        .answers::<wire::SignedQuote<'static>>(201)
        .refuses(PRICING);

pub(super) const RETRIEVE: Spec =
    Spec::new("Rails", "Read a quote without redeeming it.", |call| Box::pin(retrieve_signed_quote(call)))
        .answers::<wire::SignedQuote<'static>>(200);

/// What cannot be priced.
const PRICING: &[Code] =
    &[Code::MethodUnavailable, Code::AssetUnavailable, Code::AmountOutOfRange, Code::RateUnavailable];

async fn lock_quote(call: Call<'_>) -> Handled {
    let command = call.parse::<wire::LockQuote<'_>>()?.command()?;
    let fingerprint = wire::LockQuote::fingerprint(&command);
    let answer = call.submit(Command::LockQuote(call.account(), command), fingerprint).await?;
    let Reply::Quote(quote) = answer.reply else {
        return Err(Problem::internal("the core answered with something else than a quote"));
    };
    // A repeated answer says what the first one said, however late it is.
    let view = wire::SignedQuote::of(&quote, quote.created_at, call.mode());
    Ok(Rendered::new(&view).replayed(answer.replayed))
}

/// Reads the published offer beside the engine: nothing is kept, and an `Idempotency-Key` has nothing to repeat.
async fn preview_quotes(call: Call<'_>) -> Handled {
    let preview = call.parse::<wire::PreviewQuotes<'_>>()?.preview()?;
    let shown = call.cell.offer().previews(&preview)?;
    let data = shown.iter().map(wire::QuotePreview::of).collect();
    Ok(Rendered::new(&wire::List::new(call.operation.path, data, false)))
}

async fn retrieve_signed_quote(call: Call<'_>) -> Handled {
    let id = call.named(QuoteId::parse)?;
    let quote = call.read(move |reader, account| reader.quote(account, id)).await?;
    Ok(Rendered::new(&wire::SignedQuote::of(&quote, call.cell.now(), call.mode())))
}
