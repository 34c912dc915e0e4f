//! The operators' own tokens.

use std::sync::Arc;

use serde::Serialize;

use super::body::{self, CreateToken, Delete};
use super::call::{Call, Handled, Target, answer};
use super::tokens::Known;
use super::{TokenError, Tokens};
use crate::problem::{Code, Problem};
use crate::wire::{List, Time};

#[derive(Serialize)]
struct TokenView {
    object: &'static str,
    name: String,
    role: &'static str,
    created_at: Option<Time>,
}

#[derive(Serialize)]
struct NewTokenView<'a> {
    object: &'static str,
    name: &'a str,
    role: &'static str,
    token: &'a str,
}

#[derive(Serialize)]
struct DeletedTokenView<'a> {
    object: &'static str,
    name: &'a str,
    deleted: bool,
}

/// All tokens, by name; nothing that they could be used by.
pub async fn list_tokens(call: Call<'_>) -> Handled {
    let view = |known: Known| TokenView {
        object: "operator_token",
        name: known.name,
        role: known.role.word(),
        created_at: known.created_at.map(Time),
    };
    let tokens = call.interface.tokens.list().into_iter().map(view).collect();
    answer(200, &List::new(call.row.path, tokens, false))
}

/// Makes a token and shows it, this once.
pub async fn create_token(call: Call<'_>) -> Handled {
    let request: CreateToken = call.read()?;
    body::token_name(&request.name)?;
    call.record(Target { object: Some(&request.name), ..Target::default() }, request.reason.as_deref()).await?;
    let (name, role) = (request.name.clone(), request.role);
    let token = changed(&call, move |tokens| tokens.add(&name, role)).await?;
    let view = NewTokenView { object: "operator_token", name: &request.name, role: role.word(), token: token.reveal() };
    answer(201, &view)
}

/// Deletes a token; it is refused from now on.
pub async fn delete_token(call: Call<'_>) -> Handled {
    let request: Delete = call.read_if_any()?;
    let name = percent_encoding::percent_decode_str(call.parameter(0)).decode_utf8_lossy().into_owned();
    call.record(Target { object: Some(&name), ..Target::default() }, request.reason.as_deref()).await?;
    let removed = name.clone();
    changed(&call, move |tokens| tokens.remove(&removed)).await?;
    answer(200, &DeletedTokenView { object: "operator_token", name: &name, deleted: true })
}

/// Changes the token file, where waiting for the disk is allowed.
async fn changed<T: Send + 'static>(
    call: &Call<'_>,
    change: impl FnOnce(&Tokens) -> Result<T, TokenError> + Send + 'static,
) -> Result<T, Problem> {
    let tokens = Arc::clone(&call.interface.tokens);
    let changing = tokio::task::spawn_blocking(move || change(&tokens));
    changing.await.map_err(Problem::internal)?.map_err(Problem::from)
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Problem {
        let message = error.to_string();
        match error {
            TokenError::NameTaken => Problem::invalid("name", message),
            TokenError::Unknown => Problem::new(Code::NotFound, message),
            TokenError::LastAdmin | TokenError::Full => Problem::new(Code::LimitReached, message),
            TokenError::File(..) | TokenError::Damaged(..) | TokenError::Randomness(_) => Problem::internal(message),
        }
    }
}
