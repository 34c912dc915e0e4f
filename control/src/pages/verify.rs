//! The page behind `next_action.url`: where a user is sent to be verified.

use bytes::Bytes;
use causeway_core::id::Mode;
use causeway_core::payment::PaymentKind;

use super::html::{Shell, escaped};
use crate::gate::Gate;
use crate::wire::named_payment;

/// The page for the payment that `text` names, if it is an id at all, of a world that this process runs.
pub fn page(shell: &Shell, gate: &Gate, text: &str) -> Option<Bytes> {
    let (kind, mode, id) = named_payment(text)?;
    gate.cell(mode)?;
    Some(match mode {
        Mode::Sandbox => shell.page("Verification in the sandbox", &sandbox(kind, &id.text(kind.prefix(), mode))),
        Mode::Live => shell.page("Verification", LIVE),
    })
}

fn sandbox(kind: PaymentKind, id: &str) -> String {
    let (word, id) = (kind.word(), escaped(id));
    format!(
        "<p class=\"world\">Sandbox</p>\n<h1>Verification is simulated here</h1>\n\
         <p class=\"lead\">When a payment needs its user verified, the user is sent to this address. In the sandbox \
         there is nobody to verify: no money moves, and this page asks for nothing.</p>\n\
         <h2>How to finish it</h2>\n\
         <p>Send this request with your sandbox secret key. It says that the user was verified:</p>\n\
         <pre><code>POST /v1/test_helpers/rails/{word}s/{id}/verify\nAuthorization: Bearer sk_test_…</code></pre>\n\
         <p>The payment then goes on by itself; its webhooks tell how it ends. One that is not verified in time fails with \
         the failure code <code>verification_expired</code>.</p>\n"
    )
}

const LIVE: &str = "<h1>Verification</h1>\n\
    <p class=\"lead\">Before some payments go on, their user has to be verified. The business that you are paying or being \
    paid by does this in its own payment page.</p>\n\
    <h2>What to do</h2>\n\
    <p>Go back to where you started the payment and follow the steps there. If it does not go on, ask that business for \
    help.</p>\n\
    <p>This page asks for no documents and no data, and takes none.</p>\n";
