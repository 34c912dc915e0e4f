//! What the operator interface can do, row by row.

use http::Method;

use super::call::{Call, Handled};
use super::{
    Role, accounts, decisions, endpoints, labels, models, operators, payments, probes, redeliveries, reports, reviews,
    risk_policy, verifications,
};
use crate::gate::BoxFuture;
use crate::problem::{Code, Problem};

/// One operation of an operator.
pub struct Row {
    /// The method.
    pub method: Method,
    /// The path; pieces in braces are parameters.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// Its word in log and audit.
    pub action: &'static str,
    /// What does it.
    pub handler: for<'a> fn(Call<'a>) -> BoxFuture<'a, Handled>,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody who reaches the listener.
    Open,
    /// Operators with at least this role.
    Role(Role),
}

/// A row that fits a request.
pub struct Found<'a> {
    /// The row.
    pub row: &'static Row,
    /// The path's parameters, in their order.
    pub parameters: Vec<&'a str>,
}

const READ: Access = Access::Role(Role::Viewer);
const WRITE: Access = Access::Role(Role::Admin);

/// Every operation.
pub static TABLE: &[Row] = &[
    row(Method::GET, "/healthz", Access::Open, "health", |call| Box::pin(probes::health(call))),
    row(Method::GET, "/readyz", Access::Open, "readiness", |call| Box::pin(probes::readiness(call))),
    row(Method::GET, "/metrics", Access::Open, "metrics", |call| Box::pin(probes::metrics(call))),
    row(Method::GET, "/operator/accounts", READ, "list_accounts", |call| Box::pin(accounts::list_accounts(call))),
    row(Method::POST, "/operator/accounts", WRITE, "create_account", |call| Box::pin(accounts::create_account(call))),
    row(Method::GET, "/operator/accounts/{id}", READ, "retrieve_account", |call| {
        Box::pin(accounts::retrieve_account(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/keys", WRITE, "create_key", |call| Box::pin(accounts::create_key(call))),
    row(Method::DELETE, "/operator/accounts/{id}/keys/{key_id}", WRITE, "revoke_key", |call| {
        Box::pin(accounts::revoke_key(call))
    }),
    row(Method::PUT, "/operator/accounts/{id}/webhook", WRITE, "set_webhook", |call| {
        Box::pin(endpoints::set_webhook(call))
    }),
    row(Method::DELETE, "/operator/accounts/{id}/webhook", WRITE, "unset_webhook", |call| {
        Box::pin(endpoints::unset_webhook(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/webhook/pause", WRITE, "pause_webhook", |call| {
        Box::pin(endpoints::pause_webhook(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/webhook/resume", WRITE, "resume_webhook", |call| {
        Box::pin(endpoints::resume_webhook(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/webhook/secret", WRITE, "add_webhook_secret", |call| {
        Box::pin(endpoints::add_webhook_secret(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/webhook/secret/activate", WRITE, "activate_webhook_secret", |call| {
        Box::pin(endpoints::activate_webhook_secret(call))
    }),
    row(Method::DELETE, "/operator/accounts/{id}/webhook/secret", WRITE, "drop_webhook_secret", |call| {
        Box::pin(endpoints::drop_webhook_secret(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/webhook/redeliveries", WRITE, "start_redelivery", |call| {
        Box::pin(redeliveries::start_redelivery(call))
    }),
    row(Method::GET, "/operator/accounts/{id}/webhook/redeliveries", READ, "list_redeliveries", |call| {
        Box::pin(redeliveries::list_redeliveries(call))
    }),
    row(Method::GET, "/operator/accounts/{id}/webhook/redeliveries/{job}", READ, "retrieve_redelivery", |call| {
        Box::pin(redeliveries::retrieve_redelivery(call))
    }),
    row(Method::DELETE, "/operator/accounts/{id}/webhook/redeliveries/{job}", WRITE, "cancel_redelivery", |call| {
        Box::pin(redeliveries::cancel_redelivery(call))
    }),
    row(Method::PUT, "/operator/accounts/{id}/entitlements", WRITE, "set_entitlements", |call| {
        Box::pin(accounts::set_entitlements(call))
    }),
    row(Method::PUT, "/operator/accounts/{id}/origins", WRITE, "set_origins", |call| {
        Box::pin(accounts::set_origins(call))
    }),
    row(Method::PUT, "/operator/accounts/{id}/tier", WRITE, "set_tier", |call| Box::pin(accounts::set_tier(call))),
    row(Method::PUT, "/operator/accounts/{id}/settings", WRITE, "set_rules", |call| {
        Box::pin(accounts::set_rules(call))
    }),
    row(Method::GET, "/operator/accounts/{id}/verifications", READ, "retrieve_verification", |call| {
        Box::pin(verifications::retrieve_verification(call))
    }),
    row(Method::PUT, "/operator/accounts/{id}/verifications", WRITE, "set_verification", |call| {
        Box::pin(verifications::set_verification(call))
    }),
    row(Method::POST, "/operator/accounts/{id}/payments/{payment_id}/verify", WRITE, "verify_payment", |call| {
        Box::pin(payments::verify_payment(call))
    }),
    row(Method::GET, "/operator/payments/{payment_id}/decision", READ, "retrieve_decision", |call| {
        Box::pin(decisions::retrieve_decision(call))
    }),
    row(Method::GET, "/operator/models", READ, "list_models", |call| Box::pin(models::list_models(call))),
    row(Method::POST, "/operator/models", WRITE, "register_model", |call| Box::pin(models::register_model(call))),
    row(Method::POST, "/operator/models/rollback", WRITE, "rollback_model", |call| {
        Box::pin(models::rollback_model(call))
    }),
    row(Method::GET, "/operator/models/{name}/{version}", READ, "retrieve_model", |call| {
        Box::pin(models::retrieve_model(call))
    }),
    row(Method::POST, "/operator/models/{name}/{version}/shadow", WRITE, "shadow_model", |call| {
        Box::pin(models::shadow_model(call))
    }),
    row(Method::POST, "/operator/models/{name}/{version}/canary", WRITE, "canary_model", |call| {
        Box::pin(models::canary_model(call))
    }),
    row(Method::POST, "/operator/models/{name}/{version}/promote", WRITE, "promote_model", |call| {
        Box::pin(models::promote_model(call))
    }),
    row(Method::POST, "/operator/models/{name}/{version}/retire", WRITE, "retire_model", |call| {
        Box::pin(models::retire_model(call))
    }),
    row(Method::PUT, "/operator/labels", WRITE, "set_labels", |call| Box::pin(labels::set_labels(call))),
    row(Method::GET, "/operator/models/{name}/{version}/report", READ, "model_report", |call| {
        Box::pin(reports::model_report(call))
    }),
    row(Method::GET, "/operator/reviews", READ, "list_reviews", |call| Box::pin(reviews::list_reviews(call))),
    row(Method::GET, "/operator/reviews/{payment_id}", READ, "retrieve_review", |call| {
        Box::pin(reviews::retrieve_review(call))
    }),
    row(Method::POST, "/operator/reviews/{payment_id}/approve", WRITE, "approve_review", |call| {
        Box::pin(reviews::approve_review(call))
    }),
    row(Method::POST, "/operator/reviews/{payment_id}/decline", WRITE, "decline_review", |call| {
        Box::pin(reviews::decline_review(call))
    }),
    row(Method::GET, "/operator/risk-policy", READ, "retrieve_risk_policy", |call| {
        Box::pin(risk_policy::retrieve_risk_policy(call))
    }),
    row(Method::PUT, "/operator/risk-policy", WRITE, "set_risk_policy", |call| {
        Box::pin(risk_policy::set_risk_policy(call))
    }),
    row(Method::GET, "/operator/tokens", READ, "list_tokens", |call| Box::pin(operators::list_tokens(call))),
    row(Method::POST, "/operator/tokens", WRITE, "create_token", |call| Box::pin(operators::create_token(call))),
    row(Method::DELETE, "/operator/tokens/{name}", WRITE, "delete_token", |call| {
        Box::pin(operators::delete_token(call))
    }),
];

const fn row(
    method: Method,
    path: &'static str,
    access: Access,
    action: &'static str,
    handler: for<'a> fn(Call<'a>) -> BoxFuture<'a, Handled>,
) -> Row {
    Row { method, path, access, action, handler }
}

/// The row for a request, or that there is no such path or method.
pub fn find<'a>(method: &Method, path: &'a str) -> Result<Found<'a>, Problem> {
    let fitting = || TABLE.iter().filter_map(|row| fit(row.path, path).map(|parameters| Found { row, parameters }));
    // HEAD asks for what GET would give; the connection keeps the body back.
    let wanted = if *method == Method::HEAD { &Method::GET } else { method };
    if let Some(found) = fitting().find(|found| found.row.method == *wanted) {
        return Ok(found);
    }
    let methods: Vec<&str> = fitting().map(|found| found.row.method.as_str()).collect();
    if methods.is_empty() {
        return Err(Problem::new(Code::NotFound, "The operator interface has no such path."));
    }
    let problem = Problem::new(Code::MethodNotAllowed, Code::MethodNotAllowed.explanation());
    Err(Problem { allow: Some(methods.join(", ")), ..problem })
}

/// The parameters of `path` if it has the form of `pattern`.
fn fit<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut expected, mut given) = (pattern.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => parameters.push(value),
            (Some(name), Some(value)) if name == value => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_row() {
        let action = |method: Method, path: &str| {
            find(&method, path).map(|found| (found.row.action, found.parameters.join(" ")))
        };
        let found = |action: &'static str, parameters: &str| Ok((action, parameters.to_owned()));
        assert_eq!(action(Method::POST, "/operator/accounts"), found("create_account", ""));
        assert_eq!(action(Method::DELETE, "/operator/accounts/a/keys/k"), found("revoke_key", "a k"));
        for path in ["/", "/operator", "/operator/accounts/", "/operator/accounts/a/keys/k/x", "/v1/gate_sessions"] {
            assert_eq!(action(Method::POST, path).map_err(|problem| problem.code), Err(Code::NotFound), "{path}");
        }
        let wrong = find(&Method::PATCH, "/operator/accounts/a").map(|_| ()).unwrap_err();
        assert_eq!((wrong.code, wrong.allow.as_deref()), (Code::MethodNotAllowed, Some("GET")));
    }

    #[test]
    fn only_probes_are_open() {
        for row in TABLE {
            let is_probe = !row.path.starts_with("/operator/");
            assert_eq!(row.access == Access::Open, is_probe, "{}", row.path);
            let is_write = row.method != Method::GET;
            assert!(!is_write || row.access == WRITE, "{}", row.path);
        }
    }
}
