//! The table of operations. Router, pipeline, OpenAPI document, metric labels and coverage tests are derived from it.
//!
//! To add an operation: one row here, its handler and what is said of it below `operations/`, one command with its arm in the
//! core, one test file, all under the same word.

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

use crate::auth::{Entitlement, Scope};

pub use call::{Call, Handled, Rendered};
pub use embed::{Asked, cross_origin, is_for_browsers, preflight};
pub use router::{Match, find, methods};
pub use row::{Body, Idempotency, Operation, Parameter, SchemaOf, Verb};

use row::Idempotency::{Accepted, Ignored, Required};
use row::{Access, Handler, Spec, delete, get, patch, post};

/// A secret key.
const SECRET: Access = Access::secret();
/// The same, of an account with the rails entitlement.
const RAILS: Access = Access::secret().entitled(Entitlement::Rails);
/// The same with the customers entitlement.
const CUSTOMERS: Access = Access::secret().entitled(Entitlement::Customers);
/// A publishable key, from an allowed origin.
const PUBLISHABLE: Access = Access::publishable();
/// A widget's token that may read what is offered.
const READS_OFFER: Access = Access::embed(Scope::CapabilitiesRead);
/// One that may read its session.
const READS_SESSION: Access = Access::embed(Scope::SessionRead);
/// One that may confirm its session.
const CONFIRMS: Access = Access::embed(Scope::SessionConfirm);
/// A secret key of the sandbox.
const TEST: Access = Access::secret().sandbox_only();
/// The same with the rails entitlement.
const TEST_RAILS: Access = RAILS.sandbox_only();

/// Every operation, in the order of the contract; the hosted widget's calls behind its bootstrap, the sandbox's test helpers
/// last. What else an operation says of itself stands beside its handler.
#[rustfmt::skip]
pub const TABLE: &[Operation] = &[
    get("listSessions", "list_sessions", "/v1/gate_sessions", SECRET, sessions::LIST),
    post("createSession", "create_session", "/v1/gate_sessions", SECRET, Required, sessions::CREATE),
    get("retrieveSession", "retrieve_session", "/v1/gate_sessions/{id}", SECRET, sessions::RETRIEVE),
    post("cancelSession", "cancel_session", "/v1/gate_sessions/{id}/cancel", SECRET, Accepted, sessions::CANCEL),
    get("listCountries", "list_countries", "/v1/capabilities/countries", SECRET, capabilities::COUNTRIES),
    get("listCurrencies", "list_currencies", "/v1/capabilities/currencies", SECRET, capabilities::CURRENCIES),
    get("listAssets", "list_assets", "/v1/capabilities/assets", SECRET, capabilities::ASSETS),
    get("getAsset", "get_asset", "/v1/capabilities/assets/{symbol}", SECRET, capabilities::ONE_ASSET),
    get("listPaymentMethods", "list_payment_methods", "/v1/capabilities/payment-methods", SECRET, capabilities::PAYMENT_METHODS),
    get("listPayoutMethods", "list_payout_methods", "/v1/capabilities/payout-methods", SECRET, capabilities::PAYOUT_METHODS),
    get("checkEligibility", "check_eligibility", "/v1/capabilities/eligibility", SECRET, capabilities::ELIGIBILITY),
    post("previewQuotes", "preview_quotes", "/v1/quotes/preview", SECRET, Ignored, quotes::PREVIEW),
    get("listTransactions", "list_transactions", "/v1/transactions", SECRET, transactions::LIST),
    get("retrieveTransaction", "retrieve_transaction", "/v1/transactions/{refid}", SECRET, transactions::RETRIEVE),
    post("createEmbedToken", "create_embed_token", "/v1/embed/bootstrap", PUBLISHABLE, Ignored, embed::BOOTSTRAP),
    get("retrieveEmbedSession", "retrieve_embed_session", "/v1/embed/session", READS_SESSION, embed::SESSION),
    get("listEmbedPaymentMethods", "list_embed_payment_methods", "/v1/embed/payment-methods", READS_OFFER, embed::PAYMENT_METHODS),
    get("listEmbedPreviews", "list_embed_previews", "/v1/embed/previews", READS_SESSION, embed::PREVIEWS),
    post("confirmEmbedSession", "confirm_embed_session", "/v1/embed/confirm", CONFIRMS, Accepted, embed::CONFIRM),
    get("getBranding", "get_branding", "/v1/branding", SECRET, branding::GET),
    patch("updateBranding", "update_branding", "/v1/branding", SECRET, branding::UPDATE),
    post("createCustomer", "create_customer", "/v1/customers", CUSTOMERS, Required, customers::CREATE),
    get("listCustomers", "list_customers", "/v1/customers", CUSTOMERS, customers::LIST),
    get("getCustomer", "get_customer", "/v1/customers/{id}", CUSTOMERS, customers::GET),
    patch("updateCustomer", "update_customer", "/v1/customers/{id}", CUSTOMERS, customers::UPDATE),
    delete("deleteCustomer", "delete_customer", "/v1/customers/{id}", CUSTOMERS, customers::DELETE),
    get("listPartnerWebhookDeliveries", "list_partner_webhook_deliveries", "/v1/webhooks/deliveries", SECRET, webhooks::LIST),
    post("replayWebhookDelivery", "replay_webhook_delivery", "/v1/webhooks/deliveries/{id}/replay", SECRET, Ignored, webhooks::REPLAY),
    post("sendTestWebhook", "send_test_webhook", "/v1/webhooks/test", SECRET, Ignored, webhooks::TEST),
    post("lockQuote", "lock_quote", "/v1/quotes", RAILS, Accepted, quotes::LOCK),
    get("retrieveSignedQuote", "retrieve_signed_quote", "/v1/quotes/{id}", RAILS, quotes::RETRIEVE),
    post("createPayIn", "create_pay_in", "/v1/rails/pay_ins", RAILS, Required, payments::CREATE_PAY_IN),
    get("retrievePayIn", "retrieve_pay_in", "/v1/rails/pay_ins/{id}", RAILS, payments::RETRIEVE_PAY_IN),
    post("createPayOut", "create_pay_out", "/v1/rails/pay_outs", RAILS, Required, payments::CREATE_PAY_OUT),
    get("retrievePayOut", "retrieve_pay_out", "/v1/rails/pay_outs/{id}", RAILS, payments::RETRIEVE_PAY_OUT),
    post("completeSession", "complete_session", "/v1/test_helpers/gate_sessions/{id}/complete", TEST, Accepted, test_helpers::COMPLETE_SESSION),
    post("settlePayIn", "settle_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/settle", TEST_RAILS, Accepted, test_helpers::SETTLE_PAY_IN),
    post("failPayIn", "fail_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/fail", TEST_RAILS, Accepted, test_helpers::FAIL_PAY_IN),
    post("cancelPayIn", "cancel_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/cancel", TEST_RAILS, Accepted, test_helpers::CANCEL_PAY_IN),
    post("verifyPayIn", "verify_pay_in", "/v1/test_helpers/rails/pay_ins/{id}/verify", TEST, Accepted, test_helpers::VERIFY_PAY_IN),
    post("settlePayOut", "settle_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/settle", TEST_RAILS, Accepted, test_helpers::SETTLE_PAY_OUT),
    post("failPayOut", "fail_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/fail", TEST_RAILS, Accepted, test_helpers::FAIL_PAY_OUT),
    post("cancelPayOut", "cancel_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/cancel", TEST_RAILS, Accepted, test_helpers::CANCEL_PAY_OUT),
    post("verifyPayOut", "verify_pay_out", "/v1/test_helpers/rails/pay_outs/{id}/verify", TEST, Accepted, test_helpers::VERIFY_PAY_OUT),
];

#[cfg(test)]
mod tests;
