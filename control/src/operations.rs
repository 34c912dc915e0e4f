//! The table of operations. Router, pipeline, OpenAPI document, metric labels and coverage tests are derived from it.
//!
//! To add an operation: one row here, one handler below `operations/`, one command with its arm in the core, one test file,
//! all under the same word.

mod branding;
mod call;
mod capabilities;
mod customers;
mod embed;
mod payments;
mod quotes;
mod router;
mod row;
mod sessions;
mod test_helpers;
mod transactions;
mod webhooks;

use causeway_core::payment::PaymentKind::{PayIn, PayOut};
use causeway_core::rail::RailOutcome;
use causeway_core::terms::Side;

use crate::auth::{Credential, Entitlement, Scope};
use crate::problem::Code;
use crate::quota::Class;
use crate::wire;

pub use call::{Call, Handled, Rendered};
pub use embed::{Asked, cross_origin, is_for_browsers, preflight};
pub use router::{Match, find, methods};
pub use row::{Body, Idempotency, Operation, Parameter, SchemaOf, Verb};

use row::{delete, get, patch, post};

/// Every operation, in the order of the contract; the sandbox's test helpers last.
pub const TABLE: &[Operation] = &[
    get("listSessions", "list_sessions", "/v1/gate_sessions", |call| Box::pin(sessions::list_sessions(call)))
        .about("Sessions", "List sessions, newest first.")
        .query(&[Parameter::LIMIT, Parameter::AFTER_SESSION, sessions::STATUS])
        .answers::<wire::List<wire::Session<'static>>>(200),
    post("createSession", "create_session", "/v1/gate_sessions", |call| Box::pin(sessions::create_session(call)))
        .about("Sessions", "Open a hosted session; the answer alone has its client_secret.")
        .idempotency(Idempotency::Required)
        .body::<wire::CreateSession<'static>>()
        .answers::<wire::CreatedSession<'static>>(201)
        .refuses(&[Code::NotEntitled, Code::AmountOutOfRange, Code::NotEnabled]),
    get("retrieveSession", "retrieve_session", "/v1/gate_sessions/{id}", |call| {
        Box::pin(sessions::retrieve_session(call))
    })
    .about("Sessions", "Read a session.")
    .answers::<wire::Session<'static>>(200),
    post("cancelSession", "cancel_session", "/v1/gate_sessions/{id}/cancel", |call| {
        Box::pin(sessions::cancel_session(call))
    })
    .about("Sessions", "Cancel an open session. Any body is ignored.")
    .answers::<wire::Session<'static>>(201)
    .refuses(&[Code::SessionNotOpen, Code::SessionBusy]),
    get("listCountries", "list_countries", "/v1/capabilities/countries", |call| {
        Box::pin(capabilities::list_countries(call))
    })
    .about("Capabilities", "List all countries with whether something is offered there now.")
    .query(&[capabilities::ONE_COUNTRY, capabilities::SUPPORTED])
    .answers::<wire::List<wire::Country<'static>>>(200),
    get("listCurrencies", "list_currencies", "/v1/capabilities/currencies", |call| {
        Box::pin(capabilities::list_currencies(call))
    })
    .about("Capabilities", "List the currencies that are offered now.")
    .query(&[capabilities::COUNTRY_CODE])
    .answers::<wire::List<wire::Currency>>(200),
    get("listAssets", "list_assets", "/v1/capabilities/assets", |call| Box::pin(capabilities::list_assets(call)))
        .about("Capabilities", "List the assets that are offered now.")
        .query(&[capabilities::SIDE, capabilities::COUNTRY_CODE, capabilities::CURRENCY])
        .answers::<wire::List<wire::Asset<'static>>>(200),
    get("getAsset", "get_asset", "/v1/capabilities/assets/{symbol}", |call| Box::pin(capabilities::get_asset(call)))
        .about("Capabilities", "Read an asset, whether or not it is offered now.")
        .query(&[capabilities::SIDE])
        .answers::<wire::Asset<'static>>(200),
    get("listPaymentMethods", "list_payment_methods", "/v1/capabilities/payment-methods", |call| {
        Box::pin(capabilities::list_methods(call, Side::OnRamp))
    })
    .about("Capabilities", "List the methods by which users can pay now.")
    .query(&[capabilities::CURRENCY, capabilities::COUNTRY_CODE])
    .answers::<wire::List<wire::Method<'static>>>(200),
    get("listPayoutMethods", "list_payout_methods", "/v1/capabilities/payout-methods", |call| {
        Box::pin(capabilities::list_methods(call, Side::OffRamp))
    })
    .about("Capabilities", "List the methods by which users can be paid now.")
    .query(&[capabilities::CURRENCY, capabilities::COUNTRY_CODE])
    .answers::<wire::List<wire::Method<'static>>>(200),
    get("checkEligibility", "check_eligibility", "/v1/capabilities/eligibility", |call| {
        Box::pin(capabilities::check_eligibility(call))
    })
    .about("Capabilities", "Check whether a country, currency and asset are offered together now.")
    .query(&[capabilities::COUNTRY, capabilities::WITH_CURRENCY, capabilities::WITH_ASSET])
    .answers::<wire::Eligibility>(200),
    post("previewQuotes", "preview_quotes", "/v1/quotes/preview", |call| Box::pin(quotes::preview_quotes(call)))
        .about("Quotes", "See what a lock would fix now, for each method that fits.")
        .idempotency(Idempotency::Ignored)
        .body::<wire::PreviewQuotes<'static>>()
        .answers::<wire::List<wire::QuotePreview<'static>>>(200)
        .refuses(&[Code::AssetUnavailable, Code::AmountOutOfRange, Code::RateUnavailable]),
    get("listTransactions", "list_transactions", "/v1/transactions", |call| {
        Box::pin(transactions::list_transactions(call))
    })
    .about("Transactions", "List transactions, newest first.")
    .query(&[Parameter::LIMIT, Parameter::AFTER_TRANSACTION, transactions::STATUS, transactions::SESSION])
    .answers::<wire::List<wire::Transaction<'static>>>(200),
    get("retrieveTransaction", "retrieve_transaction", "/v1/transactions/{refid}", |call| {
        Box::pin(transactions::retrieve_transaction(call))
    })
    .about("Transactions", "Read a transaction.")
    .answers::<wire::Transaction<'static>>(200),
    post("createEmbedToken", "create_embed_token", "/v1/embed/bootstrap", |call| {
        Box::pin(embed::create_embed_token(call))
    })
    .about("Embed", "Start the hosted widget: a short-lived token, bound to a session when its client secret is given.")
    .credential(Credential::Publishable)
    .class(Class::Embed)
    .idempotency(Idempotency::Ignored)
    .optional_body::<wire::EmbedBootstrap<'static>>()
    .answers::<wire::EmbedToken<'static>>(201)
    .refuses(&[Code::OriginNotAllowed, Code::NotFound, Code::SessionNotOpen]),
    get("retrieveEmbedSession", "retrieve_embed_session", "/v1/embed/session", |call| {
        Box::pin(embed::retrieve_embed_session(call))
    })
    .about("Embed", "Read the token's session with its newest movement and the look of the widget.")
    .embed(Scope::SessionRead)
    .answers::<wire::EmbedSession<'static>>(200),
    get("listEmbedPaymentMethods", "list_embed_payment_methods", "/v1/embed/payment_methods", |call| {
        Box::pin(embed::list_embed_payment_methods(call))
    })
    .about(
        "Embed",
        "List the methods that the user can choose from; what is left open is the session's, if there is one.",
    )
    .embed(Scope::CapabilitiesRead)
    .query(&[capabilities::SIDE, capabilities::CURRENCY, capabilities::COUNTRY])
    .answers::<wire::List<wire::Method<'static>>>(200)
    .refuses(&[Code::SessionNotOpen]),
    get("listEmbedPreviews", "list_embed_previews", "/v1/embed/previews", |call| {
        Box::pin(embed::list_embed_previews(call))
    })
    .about("Embed", "See what confirming the token's session would fix now, for each method that fits.")
    .embed(Scope::SessionRead)
    .query(&[embed::SIDE, embed::ASSET, capabilities::COUNTRY])
    .answers::<wire::List<wire::QuotePreview<'static>>>(200)
    .refuses(PREVIEWING),
    post("confirmEmbedSession", "confirm_embed_session", "/v1/embed/confirm", |call| {
        Box::pin(embed::confirm_embed_session(call))
    })
    .about(
        "Embed",
        "Confirm the token's session as its user: locks a quote and redeems it. Needs no rails entitlement.",
    )
    .embed(Scope::SessionConfirm)
    .body::<wire::ConfirmEmbedSession<'static>>()
    .answers::<wire::EmbedMovement<'static>>(201)
    .refuses(CONFIRMING_HOSTED),
    get("getBranding", "get_branding", "/v1/branding", |call| Box::pin(branding::get_branding(call)))
        .about("Branding", "Read how the hosted widget looks.")
        .answers::<wire::Branding<'static>>(200),
    patch("updateBranding", "update_branding", "/v1/branding", |call| Box::pin(branding::update_branding(call)))
        .about("Branding", "Change how the hosted widget looks: what is left out stays, null clears.")
        .body::<wire::UpdateBranding<'static>>()
        .answers::<wire::Branding<'static>>(200),
    post("createCustomer", "create_customer", "/v1/customers", |call| Box::pin(customers::create_customer(call)))
        .about("Customers", "Create a customer: your own record of a user.")
        .entitlement(Entitlement::Customers)
        .idempotency(Idempotency::Required)
        .body::<wire::CreateCustomer<'static>>()
        .answers::<wire::Customer<'static>>(201)
        .refuses(&[Code::CustomerAlreadyExists]),
    get("listCustomers", "list_customers", "/v1/customers", |call| Box::pin(customers::list_customers(call)))
        .about("Customers", "List customers, newest first; those that were deleted are left out.")
        .entitlement(Entitlement::Customers)
        .query(&[Parameter::LIMIT, Parameter::AFTER_CUSTOMER, customers::EXTERNAL_ID, customers::EMAIL])
        .answers::<wire::List<wire::Customer<'static>>>(200),
    get("getCustomer", "get_customer", "/v1/customers/{id}", |call| Box::pin(customers::get_customer(call)))
        .about("Customers", "Read a customer.")
        .entitlement(Entitlement::Customers)
        .answers::<wire::Customer<'static>>(200),
    patch("updateCustomer", "update_customer", "/v1/customers/{id}", |call| Box::pin(customers::update_customer(call)))
        .about("Customers", "Change a customer: what is left out stays, null clears.")
        .entitlement(Entitlement::Customers)
        .body::<wire::UpdateCustomer<'static>>()
        .answers::<wire::Customer<'static>>(200),
    delete("deleteCustomer", "delete_customer", "/v1/customers/{id}", |call| {
        Box::pin(customers::delete_customer(call))
    })
    .about("Customers", "Delete a customer and erase the person; email address and external id stay taken. Repeatable.")
    .entitlement(Entitlement::Customers)
    .answers::<wire::DeletedCustomer>(200),
    get("listPartnerWebhookDeliveries", "list_partner_webhook_deliveries", "/v1/webhooks/deliveries", |call| {
        Box::pin(webhooks::list_partner_webhook_deliveries(call))
    })
    .about("Webhooks", "List webhook deliveries, newest first, without their payloads.")
    .query(&[webhooks::LIMIT, webhooks::SKIP, webhooks::STATUS])
    .answers::<wire::List<wire::WebhookDelivery<'static>>>(200),
    post("replayWebhookDelivery", "replay_webhook_delivery", "/v1/webhooks/deliveries/{id}/replay", |call| {
        Box::pin(webhooks::replay_webhook_delivery(call))
    })
    .about("Webhooks", "Send a dead-lettered delivery again: the same event, behind its session's later ones.")
    .idempotency(Idempotency::Ignored)
    .answers::<wire::WebhookDelivery<'static>>(200)
    .refuses(&[Code::OutcomeUnknown]),
    post("sendTestWebhook", "send_test_webhook", "/v1/webhooks/test", |call| {
        Box::pin(webhooks::send_test_webhook(call))
    })
    .about("Webhooks", "Send a webhook.test event to the endpoint.")
    .idempotency(Idempotency::Ignored)
    .answers::<wire::WebhookDelivery<'static>>(201)
    .refuses(&[Code::OutcomeUnknown]),
    post("lockQuote", "lock_quote", "/v1/quotes", |call| Box::pin(quotes::lock_quote(call)))
        .about("Rails", "Fix signed terms for some seconds.")
        .entitlement(Entitlement::Rails)
        .class(Class::Rails)
        .body::<wire::LockQuote<'static>>()
        .answers::<wire::SignedQuote<'static>>(201)
        .refuses(PRICING),
    get("retrieveSignedQuote", "retrieve_signed_quote", "/v1/quotes/{id}", |call| {
        Box::pin(quotes::retrieve_signed_quote(call))
    })
    .about("Rails", "Read a quote without redeeming it.")
    .entitlement(Entitlement::Rails)
    .answers::<wire::SignedQuote<'static>>(200),
    post("createPayIn", "create_pay_in", "/v1/rails/pay_ins", |call| Box::pin(payments::create_pay_in(call)))
        .about("Rails", "Redeem an on_ramp quote with a session.")
        .entitlement(Entitlement::Rails)
        .class(Class::Rails)
        .idempotency(Idempotency::Required)
        .body::<wire::CreatePayment<'static>>()
        .answers::<wire::Payment<'static>>(201)
        .refuses(REDEEMING),
    get("retrievePayIn", "retrieve_pay_in", "/v1/rails/pay_ins/{id}", |call| Box::pin(payments::retrieve(call, PayIn)))
        .about("Rails", "Read a pay-in.")
        .entitlement(Entitlement::Rails)
        .answers::<wire::Payment<'static>>(200),
    post("createPayOut", "create_pay_out", "/v1/rails/pay_outs", |call| Box::pin(payments::create_pay_out(call)))
        .about("Rails", "Redeem an off_ramp quote with a session.")
        .entitlement(Entitlement::Rails)
        .class(Class::Rails)
        .idempotency(Idempotency::Required)
        .body::<wire::CreatePayment<'static>>()
        .answers::<wire::Payment<'static>>(201)
        .refuses(REDEEMING),
    get("retrievePayOut", "retrieve_pay_out", "/v1/rails/pay_outs/{id}", |call| {
        Box::pin(payments::retrieve(call, PayOut))
    })
    .about("Rails", "Read a pay-out.")
    .entitlement(Entitlement::Rails)
    .answers::<wire::Payment<'static>>(200),
    post("completeSession", "complete_session", "/v1/test_helpers/gate_sessions/{id}/complete", |call| {
        Box::pin(test_helpers::complete_session(call))
    })
    .about(
        "Test helpers",
        "Sandbox only: confirm a session as its user would, and make the rail settle or refuse the movement.",
    )
    .sandbox_only()
    .body::<wire::CompleteSession>()
    .answers::<wire::Session<'static>>(200)
    .refuses(CONFIRMING),
    helper("settlePayIn", "settle_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/settle", |call| {
        Box::pin(test_helpers::resolve(call, PayIn, RailOutcome::Settled))
    })
    .about("Test helpers", "Sandbox only: make the rail settle a pay-in."),
    helper("failPayIn", "fail_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/fail", |call| {
        Box::pin(test_helpers::resolve(call, PayIn, RailOutcome::Rejected))
    })
    .about("Test helpers", "Sandbox only: make the rail refuse a pay-in for good."),
    helper("cancelPayIn", "cancel_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/cancel", |call| {
        Box::pin(test_helpers::resolve(call, PayIn, RailOutcome::Cancelled))
    })
    .about("Test helpers", "Sandbox only: make the rail cancel a pay-in."),
    helper("verifyPayIn", "verify_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/verify", |call| {
        Box::pin(test_helpers::verify(call, PayIn))
    })
    .about("Test helpers", "Sandbox only: end a pay-in's step-up as verified."),
    helper("settlePayOut", "settle_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/settle", |call| {
        Box::pin(test_helpers::resolve(call, PayOut, RailOutcome::Settled))
    })
    .about("Test helpers", "Sandbox only: make the rail settle a pay-out."),
    helper("failPayOut", "fail_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/fail", |call| {
        Box::pin(test_helpers::resolve(call, PayOut, RailOutcome::Rejected))
    })
    .about("Test helpers", "Sandbox only: make the rail refuse a pay-out for good."),
    helper("cancelPayOut", "cancel_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/cancel", |call| {
        Box::pin(test_helpers::resolve(call, PayOut, RailOutcome::Cancelled))
    })
    .about("Test helpers", "Sandbox only: make the rail cancel a pay-out."),
    helper("verifyPayOut", "verify_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/verify", |call| {
        Box::pin(test_helpers::verify(call, PayOut))
    })
    .about("Test helpers", "Sandbox only: end a pay-out's step-up as verified."),
];

/// A helper that steers a payment.
const fn helper(id: &'static str, word: &'static str, path: &'static str, handler: row::Handler) -> Operation {
    post(id, word, path, handler)
        .entitlement(Entitlement::Rails)
        .sandbox_only()
        .answers::<wire::Payment<'static>>(200)
        .refuses(&[Code::PaymentNotWaiting])
}

/// What cannot be priced.
const PRICING: &[Code] =
    &[Code::MethodUnavailable, Code::AssetUnavailable, Code::AmountOutOfRange, Code::RateUnavailable];

/// What a quote and a session can be refused for.
const REDEEMING: &[Code] = &[
    Code::NotFound,
    Code::QuoteExpired,
    Code::QuoteConsumed,
    Code::QuoteMismatch,
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::VerificationRequired,
];

/// What a session cannot be shown for that might be confirmed.
const PREVIEWING: &[Code] = &[
    Code::SessionNotOpen,
    Code::QuoteMismatch,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
];

/// What a session can be refused for that its user confirms.
const CONFIRMING_HOSTED: &[Code] = &[
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::QuoteMismatch,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
    Code::VerificationRequired,
];

/// What a session can be refused for that is confirmed: it is priced and redeemed at once.
const CONFIRMING: &[Code] = &[
    Code::SessionNotOpen,
    Code::SessionBusy,
    Code::PaymentNotWaiting,
    Code::MethodUnavailable,
    Code::AssetUnavailable,
    Code::AmountOutOfRange,
    Code::RateUnavailable,
    Code::NotEnabled,
    Code::VerificationRequired,
];

#[cfg(test)]
mod tests;
