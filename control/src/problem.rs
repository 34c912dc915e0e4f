//! What partners hear when something is not done: one flat body, one table of codes, one match from refusals to HTTP.

use std::borrow::Cow;
use std::fmt;

use causeway_core::command::{Refusal, Subject};
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::{Response, to_json};

/// Why a request was not done, on its way to the error body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The code: names status and type too.
    pub code: Code,
    /// What happened, to what, and what to do.
    pub message: Cow<'static, str>,
    /// The JSON path, query name or header at fault.
    pub param: Option<Cow<'static, str>>,
    /// The methods that the path takes, for 405.
    pub allow: Option<String>,
    /// Whole seconds after which a retry makes sense, where the code does not say it.
    pub retry_after: Option<u32>,
    /// What went wrong on our side: for the log, never for the partner.
    pub cause: Option<String>,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $status:literal $kind:literal $word:literal;)*) => {
        /// The codes of the contract. Their doc comments are what the page behind `doc_url` says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// The type: the family by which clients branch.
            pub fn kind(self) -> &'static str {
                match self { $(Code::$name => $kind,)* }
            }

            /// The code on the wire.
            pub fn word(self) -> &'static str {
                match self { $(Code::$name => $word,)* }
            }

            /// What it means and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)* }
            }
        }
    };
}

codes! {
    /// A field, parameter or header is missing or wrong; `param` names it. Correct the request.
    InvalidRequest = 400 "invalid_request" "invalid_request";
    /// The body has a key that the operation does not know; `param` names it. Remove it.
    UnknownField = 400 "invalid_request" "unknown_field";
    /// The body is not JSON in UTF-8. Correct the request.
    InvalidJson = 400 "invalid_request" "invalid_json";
    /// The body broke off or took too long. Send the request again.
    BodyIncomplete = 400 "invalid_request" "body_incomplete";
    /// The request is not HTTP. Correct the client.
    MalformedHttp = 400 "invalid_request" "malformed_http";
    /// The payment method is not available for this side and currency. Choose another one.
    MethodUnavailable = 400 "invalid_request" "method_unavailable";
    /// The asset is not available. Choose another one.
    AssetUnavailable = 400 "invalid_request" "asset_unavailable";
    /// The amount is outside what can be priced or carried. Choose another one.
    AmountOutOfRange = 400 "invalid_request" "amount_out_of_range";
    /// The operation needs an `Idempotency-Key`. Send one that is unique to this action and keep it for retries.
    IdempotencyKeyRequired = 400 "invalid_request" "idempotency_key_required";
    /// No API key was sent. Send `Authorization: Bearer <key>`, or a widget's `X-Embed-Token`.
    MissingKey = 401 "authentication_error" "missing_key";
    /// The API key or embed token is unknown, revoked or of a mode that is not served here. Check key and host.
    InvalidKey = 401 "authentication_error" "invalid_key";
    /// The embed token's time ran out. Bootstrap again.
    TokenExpired = 401 "authentication_error" "token_expired";
    /// The credential is of the wrong kind for this operation. Use a secret key on servers, a publishable key to start the widget, its token after that.
    KeyKindNotAllowed = 401 "authentication_error" "key_kind_not_allowed";
    /// The account may not use this. Ask the operator for the entitlement.
    NotEntitled = 403 "permission_error" "not_entitled";
    /// The embed token does not allow this. Bootstrap with the scope, and with a session's client secret.
    InsufficientScope = 403 "permission_error" "insufficient_scope";
    /// The session's user must be verified before money moves. Have the user verified, or ask the operator.
    VerificationRequired = 403 "permission_error" "verification_required";
    /// The request's origin is not one of the account's allowed origins. Have it added by the operator.
    OriginNotAllowed = 403 "permission_error" "origin_not_allowed";
    /// There is no such object for this account and mode, or no such path. Check path and id.
    NotFound = 404 "not_found" "not_found";
    /// The path does not take this method. Use one that the `Allow` header names.
    MethodNotAllowed = 405 "invalid_request" "method_not_allowed";
    /// Answers are JSON. Send `Accept: application/json` or none.
    NotAcceptable = 406 "invalid_request" "not_acceptable";
    /// The body is larger than the operation takes. Send a smaller one.
    BodyTooLarge = 413 "invalid_request" "body_too_large";
    /// The path and query are too long. Shorten them.
    UriTooLong = 414 "invalid_request" "uri_too_long";
    /// The body is not sent as plain `application/json`. Set the content type; do not compress.
    UnsupportedMediaType = 415 "invalid_request" "unsupported_media_type";
    /// The headers are too many or too large. Send fewer or smaller ones.
    HeadersTooLarge = 431 "invalid_request" "headers_too_large";
    /// The quote's time ran out. Lock a new one.
    QuoteExpired = 409 "conflict" "quote_expired";
    /// The quote was redeemed before. Lock a new one.
    QuoteConsumed = 409 "conflict" "quote_consumed";
    /// Side, flow, amount, currency or asset of quote and session differ. Lock a quote that fits the session.
    QuoteMismatch = 409 "conflict" "quote_mismatch";
    /// The session is completed, cancelled or expired. Create a new one.
    SessionNotOpen = 409 "conflict" "session_not_open";
    /// A movement of the session is running. Wait for its end.
    SessionBusy = 409 "conflict" "session_busy";
    /// A customer has or had this email address or external id. List customers by it; a deleted customer's stay taken.
    CustomerAlreadyExists = 409 "conflict" "customer_already_exists";
    /// The webhook endpoint is disabled, its secret is being rotated, or there is none to activate. Look at the account.
    EndpointNotReady = 409 "conflict" "endpoint_not_ready";
    /// A redelivery of the account's events is running. Wait for its end, or cancel it.
    RedeliveryRunning = 409 "conflict" "redelivery_running";
    /// The model cannot do this from the stage in which it is, or another model does it. Look at the models.
    ModelNotReady = 409 "conflict" "model_not_ready";
    /// The payment does not wait for what was asked of it. Read it and branch from its status.
    PaymentNotWaiting = 409 "conflict" "payment_not_waiting";
    /// A limit of the account is reached. Ask the operator.
    LimitReached = 409 "conflict" "limit_reached";
    /// The idempotency key was used for another request. Use a new one for a new action.
    IdempotencyKeyReused = 409 "idempotency_error" "idempotency_key_reused";
    /// The first request with this key is still running. Wait, and send the same request with the same key again.
    IdempotencyInProgress = 409 "idempotency_error" "idempotency_in_progress";
    /// The account asks for more than its tier allows. Slow down and retry after the given seconds.
    RateLimited = 429 "rate_limit" "rate_limited";
    /// This deployment does not run the capability. Ask the operator.
    NotEnabled = 501 "not_enabled" "not_enabled";
    /// Something is wrong on our side. Quote the request id to support.
    Internal = 500 "api_error" "internal";
    /// Too much is going on. Retry after the given seconds, with the same idempotency key.
    Overloaded = 503 "api_error" "overloaded";
    /// There is no fresh rate and none is guessed. Retry after the given seconds.
    RateUnavailable = 503 "api_error" "rate_unavailable";
    /// Whether it happened is not known. Retry with the same idempotency key: it happens once.
    OutcomeUnknown = 503 "api_error" "outcome_unknown";
}

/// The error body.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ErrorBody<'a> {
    /// The family of the error.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What exactly is wrong, for programs.
    pub code: &'static str,
    /// What exactly is wrong, for people.
    pub message: &'a str,
    /// The JSON path, query name or header at fault.
    pub param: Option<&'a str>,
    /// The request, as in `X-Request-Id`.
    pub request_id: &'a str,
    /// The page that explains the code.
    pub doc_url: &'a str,
    /// The HTTP status.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
}

impl Problem {
    /// A problem that no single field is the cause of.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem { code, message: message.into(), param: None, allow: None, retry_after: None, cause: None }
    }

    /// A problem with one field, parameter or header.
    pub fn at(code: Code, param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem { param: Some(param.into()), ..Problem::new(code, message) }
    }

    /// A field, parameter or header that is missing or wrong.
    pub fn invalid(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem::at(Code::InvalidRequest, param, message)
    }

    /// Something went wrong on our side.
    pub fn internal(cause: impl fmt::Display) -> Problem {
        let message = "Something went wrong on our side; quote the request id to support.";
        Problem { cause: Some(cause.to_string()), ..Problem::new(Code::Internal, message) }
    }

    /// There is no such object for this account: the same words whether it belongs to someone else or to nobody.
    pub fn not_found() -> Problem {
        Problem::new(Code::NotFound, Code::NotFound.explanation())
    }

    /// The response, without the headers that every response has.
    pub fn response(&self, request_id: &str, docs_url: &str) -> Response {
        let doc_url = format!("{docs_url}/{}", self.code.word());
        let body = ErrorBody {
            kind: self.code.kind(),
            code: self.code.word(),
            message: &self.message,
            param: self.param.as_deref(),
            request_id,
            doc_url: &doc_url,
            status_code: self.code.status(),
        };
        let mut response = Response::json(self.code.status(), to_json(&body));
        if self.code.status() == 401 {
            response = response.with("www-authenticate", "Bearer");
        }
        if let Some(seconds) = self.retry_after.or(self.code.retry_after()) {
            response = response.with("retry-after", seconds.to_string());
        }
        match &self.allow {
            Some(methods) => response.with("allow", methods.as_str()),
            None => response,
        }
    }
}

impl Code {
    /// Whole seconds after which a retry makes sense.
    pub fn retry_after(self) -> Option<u32> {
        match self.status() {
            503 if self == Code::RateUnavailable => Some(5),
            429 | 503 => Some(1),
            _ => None,
        }
    }
}

/// The only place where the core's refusals become HTTP.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let code = match refusal {
            Refusal::Overloaded | Refusal::StoreDown => Code::Overloaded,
            Refusal::OutcomeUnknown => Code::OutcomeUnknown,
            Refusal::UnknownAccount | Refusal::NotFound(_) => Code::NotFound,
            Refusal::LimitReached => Code::LimitReached,
            Refusal::NotEntitled => Code::NotEntitled,
            Refusal::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Refusal::SessionNotOpen => Code::SessionNotOpen,
            Refusal::SessionBusy => Code::SessionBusy,
            Refusal::QuoteConsumed => Code::QuoteConsumed,
            Refusal::QuoteExpired => Code::QuoteExpired,
            Refusal::QuoteMismatch(_) => Code::QuoteMismatch,
            Refusal::SwapNotEnabled => Code::NotEnabled,
            Refusal::VerificationRequired => Code::VerificationRequired,
            Refusal::PaymentNotWaiting => Code::PaymentNotWaiting,
            Refusal::DeliveryNotDead | Refusal::NoEndpoint => Code::InvalidRequest,
            Refusal::EndpointNotReady => Code::EndpointNotReady,
            Refusal::RedeliveryRunning => Code::RedeliveryRunning,
            Refusal::ModelNotReady => Code::ModelNotReady,
            Refusal::MethodUnavailable => Code::MethodUnavailable,
            Refusal::AssetUnavailable => Code::AssetUnavailable,
            Refusal::RateUnavailable => Code::RateUnavailable,
            Refusal::TooManyDecimals => Code::InvalidRequest,
            Refusal::AmountOutOfRange => Code::AmountOutOfRange,
            Refusal::CustomerAlreadyExists => Code::CustomerAlreadyExists,
        };
        let message = special_message(refusal).unwrap_or(code.explanation());
        Problem { param: param(refusal).map(Cow::Borrowed), ..Problem::new(code, message) }
    }
}

/// What is said where the code's own explanation would be too general.
fn special_message(refusal: Refusal) -> Option<&'static str> {
    let special = [
        (Refusal::TooManyDecimals, "The amount has more decimals than its currency or asset; nothing is rounded."),
        (Refusal::DeliveryNotDead, "The delivery is not dead-lettered: only one that was given up can be replayed."),
        (Refusal::NoEndpoint, "The account has no webhook endpoint in this mode. Have one set by the operator."),
        (
            Refusal::StoreDown,
            "The store is being reopened after a failure; nothing was done. Retry with the same idempotency key.",
        ),
    ];
    special.into_iter().find(|(special, _)| *special == refusal).map(|(_, message)| message)
}

/// The field that a refusal is about.
fn param(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::NotFound(subject) | Refusal::QuoteMismatch(subject) => match subject {
            Subject::Path => None,
            Subject::Quote => Some("quote_id"),
            Subject::Session => Some("session_id"),
        },
        Refusal::MethodUnavailable => Some("payment_method"),
        Refusal::AssetUnavailable => Some("asset"),
        Refusal::TooManyDecimals | Refusal::AmountOutOfRange => Some("amount"),
        Refusal::IdempotencyKeyReused => Some("Idempotency-Key"),
        Refusal::Overloaded
        | Refusal::StoreDown
        | Refusal::OutcomeUnknown
        | Refusal::UnknownAccount
        | Refusal::LimitReached
        | Refusal::NotEntitled
        | Refusal::SessionNotOpen
        | Refusal::SessionBusy
        | Refusal::QuoteConsumed
        | Refusal::QuoteExpired
        | Refusal::SwapNotEnabled
        | Refusal::PaymentNotWaiting
        | Refusal::DeliveryNotDead
        | Refusal::NoEndpoint
        | Refusal::EndpointNotReady
        | Refusal::RedeliveryRunning
        | Refusal::ModelNotReady
        | Refusal::RateUnavailable
        | Refusal::CustomerAlreadyExists
        | Refusal::VerificationRequired => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_flat_and_complete() {
        let problem = Problem::invalid("amount", "must be greater than zero");
        let response = problem.response("req_0", "/docs/errors");
        assert_eq!(
            String::from_utf8(response.body.to_vec()).unwrap(),
            r#"{"type":"invalid_request","code":"invalid_request","message":"must be greater than zero","param":"amount","request_id":"req_0","doc_url":"/docs/errors/invalid_request","statusCode":400}"#
        );
        assert_eq!(response.status, 400);
    }

    #[test]
    fn what_went_wrong_inside_is_for_the_log_alone() {
        let problem = Problem::internal("the disk of rack 7");
        let response = problem.response("req_0", "/docs/errors");
        let body = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(response.status == 500 && body.contains(r#""code":"internal""#) && body.contains("req_0"), "{body}");
        assert!(!body.contains("rack 7"), "{body}");
        assert_eq!(problem.cause.as_deref(), Some("the disk of rack 7"));
    }

    #[test]
    fn headers_follow_from_the_code() {
        let header = |code, name: &str| {
            let response = Problem::new(code, "").response("req_0", "");
            response.headers.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        };
        assert_eq!(header(Code::InvalidKey, "www-authenticate").as_deref(), Some("Bearer"));
        assert_eq!(header(Code::NotEntitled, "www-authenticate"), None);
        for &code in Code::ALL {
            assert_eq!(header(code, "retry-after").is_some(), [429, 503].contains(&code.status()), "{code:?}");
        }
    }

    #[test]
    fn a_store_that_is_down_is_not_taken_for_load() {
        let said = |refusal: Refusal| (Problem::from(refusal).code.status(), Problem::from(refusal).message);
        let (status, message) = said(Refusal::StoreDown);
        assert!(
            status == 503 && message.contains("store is being reopened") && message.contains("same idempotency key")
        );
        assert_eq!(said(Refusal::Overloaded).1, Code::Overloaded.explanation());
    }

    #[test]
    fn types_belong_to_their_status() {
        for &code in Code::ALL {
            let expect: &[&str] = match code.status() {
                401 => &["authentication_error"],
                403 => &["permission_error"],
                404 => &["not_found"],
                409 => &["conflict", "idempotency_error"],
                429 => &["rate_limit"],
                501 => &["not_enabled"],
                500 | 503 => &["api_error"],
                _ => &["invalid_request"],
            };
            assert!(expect.contains(&code.kind()), "{code:?}");
            assert!(code.explanation().ends_with('.') && !code.explanation().starts_with(' '), "{code:?}");
        }
    }

    #[test]
    fn words_are_unique() {
        let words = Code::ALL.iter().map(|code| code.word()).collect::<std::collections::HashSet<_>>();
        assert_eq!(words.len(), Code::ALL.len());
    }
}
