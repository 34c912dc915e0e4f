//! What a row of the table says.

use causeway_core::id::Mode;
use causeway_core::limits::BODY_BYTES;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Call, Handled};
use crate::auth::{Credential, Entitlement, Scope};
use crate::gate::{BoxFuture, Lane};
use crate::problem::{Code, Problem};
use crate::quota::Class;

/// One operation.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The contract's name: `lockQuote`.
    pub id: &'static str,
    /// The same as a word: `lock_quote`; labels metrics and log lines, and is part of idempotency keys.
    pub word: &'static str,
    /// The method.
    pub verb: Verb,
    /// The path, with at most one `{parameter}`.
    pub path: &'static str,
    /// Which kind of key it takes.
    pub credential: Credential,
    /// What the account must be entitled to.
    pub entitlement: Option<Entitlement>,
    /// What it is counted together with, for the account's rates.
    pub class: Class,
    /// The queue that its command waits in.
    pub lane: Lane,
    /// What it does with an `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// The body that it takes.
    pub body: Body,
    /// The query parameters that it reads.
    pub query: &'static [Parameter],
    /// The status when it is done.
    pub ok: u16,
    /// The object of the answer.
    pub response: SchemaOf,
    /// What it refuses with, beyond what follows from the rest of the row; see [`Operation::codes`].
    pub refusals: &'static [Code],
    /// Whether it exists in the sandbox only, outside the contract's 31.
    pub sandbox_only: bool,
    /// What does it.
    pub handler: Handler,
    /// The group that documents show it in.
    pub tag: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
}

/// Translates a request for the core and its answer for the partner.
pub type Handler = for<'a> fn(Call<'a>) -> BoxFuture<'a, Handled>;

/// Gives the schema of a wire type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Writes.
    Post,
    /// Changes what is there.
    Patch,
    /// Deletes.
    Delete,
}

/// What an operation does with an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Refuses a request without one.
    Required,
    /// Obeys one that is there.
    Accepted,
    /// Takes one and ignores it.
    Ignored,
    /// Reads are repeatable by themselves.
    None,
}

/// The body that an operation takes.
#[derive(Clone, Copy)]
pub enum Body {
    /// Any is ignored.
    Ignored,
    /// JSON, or nothing at all.
    Optional {
        /// Its longest form, in bytes.
        bytes: usize,
        /// The request's schema.
        schema: SchemaOf,
    },
    /// JSON.
    Required {
        /// Its longest form, in bytes.
        bytes: usize,
        /// The request's schema.
        schema: SchemaOf,
    },
}

/// A query parameter, for documents.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// Its JSON schema, as JSON.
    pub schema: &'static str,
}

/// The cursor of a list whose items' ids begin with this.
macro_rules! starting_after {
    ($prefix:literal) => {
        Parameter {
            name: "starting_after",
            description: "The id of the last item of the page before; it need not exist any more.",
            schema: concat!(
                r#"{"type":"string","pattern":"^"#,
                $prefix,
                r#"_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$"}"#
            ),
        }
    };
}

impl Parameter {
    /// How many items a page has.
    pub const LIMIT: Parameter = Parameter {
        name: "limit",
        description: "How many items a page has.",
        schema: r#"{"type":"integer","minimum":1,"maximum":100,"default":10}"#,
    };

    /// Where a page of sessions starts.
    pub const AFTER_SESSION: Parameter = starting_after!("gs");
    /// Where a page of transactions starts.
    pub const AFTER_TRANSACTION: Parameter = starting_after!("tx");
    /// Where a page of customers starts.
    pub const AFTER_CUSTOMER: Parameter = starting_after!("cus");
}

/// Who may ask for an operation.
#[derive(Clone, Copy)]
pub(super) struct Access {
    credential: Credential,
    entitlement: Option<Entitlement>,
    sandbox_only: bool,
}

/// What an operation says of itself beside its handler.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    tag: &'static str,
    summary: &'static str,
    handler: Handler,
    query: &'static [Parameter],
    body: Body,
    ok: u16,
    response: SchemaOf,
    refusals: &'static [Code],
}

impl Access {
    pub(super) const fn secret() -> Access {
        Access { credential: Credential::Secret, entitlement: None, sandbox_only: false }
    }

    pub(super) const fn publishable() -> Access {
        Access { credential: Credential::Publishable, ..Access::secret() }
    }

    pub(super) const fn embed(scope: Scope) -> Access {
        Access { credential: Credential::Embed(scope), ..Access::secret() }
    }

    pub(super) const fn entitled(self, entitlement: Entitlement) -> Access {
        Access { entitlement: Some(entitlement), ..self }
    }

    pub(super) const fn sandbox_only(self) -> Access {
        Access { sandbox_only: true, ..self }
    }
}

impl Spec {
    /// An operation of the group `tag` that takes no body, in a sentence.
    pub(super) const fn new(tag: &'static str, summary: &'static str, handler: Handler) -> Spec {
        let response: SchemaOf = |_| Schema::default();
        Spec { tag, summary, handler, query: &[], body: Body::Ignored, ok: 200, response, refusals: &[] }
    }

    pub(super) const fn query(self, query: &'static [Parameter]) -> Spec {
        Spec { query, ..self }
    }

    pub(super) const fn body<T: JsonSchema>(self) -> Spec {
        Spec { body: Body::Required { bytes: BODY_BYTES, schema: schema_of::<T> }, ..self }
    }

    pub(super) const fn optional_body<T: JsonSchema>(self) -> Spec {
        Spec { body: Body::Optional { bytes: BODY_BYTES, schema: schema_of::<T> }, ..self }
    }

    pub(super) const fn answers<T: JsonSchema>(self, ok: u16) -> Spec {
        Spec { ok, response: schema_of::<T>, ..self }
    }

    pub(super) const fn refuses(self, refusals: &'static [Code]) -> Spec {
        Spec { refusals, ..self }
    }
}

/// A row for a read.
pub(super) const fn get(
    id: &'static str,
    word: &'static str,
    path: &'static str,
    access: Access,
    spec: Spec,
) -> Operation {
    row((id, word), (Verb::Get, path), access, Idempotency::None, spec)
}

/// A row for a write.
pub(super) const fn post(
    id: &'static str,
    word: &'static str,
    path: &'static str,
    access: Access,
    idempotency: Idempotency,
    spec: Spec,
) -> Operation {
    row((id, word), (Verb::Post, path), access, idempotency, spec)
}

/// A row for a change.
pub(super) const fn patch(
    id: &'static str,
    word: &'static str,
    path: &'static str,
    access: Access,
    spec: Spec,
) -> Operation {
    row((id, word), (Verb::Patch, path), access, Idempotency::Accepted, spec)
}

/// A row for a deletion.
pub(super) const fn delete(
    id: &'static str,
    word: &'static str,
    path: &'static str,
    access: Access,
    spec: Spec,
) -> Operation {
    row((id, word), (Verb::Delete, path), access, Idempotency::Accepted, spec)
}

const fn row(
    (id, word): (&'static str, &'static str),
    (verb, path): (Verb, &'static str),
    Access { credential, entitlement, sandbox_only }: Access,
    idempotency: Idempotency,
    Spec { tag, summary, handler, query, body, ok, response, refusals }: Spec,
) -> Operation {
    let class = match (credential, verb, entitlement) {
        (Credential::Publishable | Credential::Embed(_), _, _) => Class::Embed,
        (Credential::Secret, Verb::Get, _) => Class::Reads,
        (Credential::Secret, Verb::Post, Some(Entitlement::Rails)) if !sandbox_only => Class::Rails,
        (Credential::Secret, Verb::Post | Verb::Patch | Verb::Delete, _) => Class::Writes,
    };
    Operation {
        id,
        word,
        verb,
        path,
        credential,
        entitlement,
        class,
        lane: Lane::Partner,
        idempotency,
        body,
        query,
        ok,
        response,
        refusals,
        sandbox_only,
        handler,
        tag,
        summary,
    }
}

impl Operation {
    /// Refuses an operation that the world of `mode` does not have, as if its path did not exist.
    pub fn exists_in(&self, mode: Mode) -> Result<(), Problem> {
        if self.sandbox_only && mode == Mode::Live { Err(Problem::not_found()) } else { Ok(()) }
    }
}

impl Operation {
    /// Every code that it can be refused with, by status.
    pub fn codes(&self) -> Vec<Code> {
        let mut codes = vec![
            Code::InvalidRequest,
            Code::MalformedHttp,
            Code::NotAcceptable,
            Code::UriTooLong,
            Code::HeadersTooLarge,
            Code::Internal,
            Code::Overloaded,
            Code::RateLimited,
            Code::MissingKey,
            Code::InvalidKey,
            Code::KeyKindNotAllowed,
        ];
        let mut when = |applies: bool, more: &[Code]| codes.extend(more.iter().copied().filter(|_| applies));
        when(!matches!(self.body, Body::Ignored), &[Code::UnknownField, Code::InvalidJson, Code::BodyIncomplete]);
        when(!matches!(self.body, Body::Ignored), &[Code::BodyTooLarge, Code::UnsupportedMediaType]);
        when(self.entitlement.is_some(), &[Code::NotEntitled]);
        when(self.credential.is_for_browsers(), &[Code::OriginNotAllowed]);
        when(matches!(self.credential, Credential::Embed(_)), &[Code::TokenExpired, Code::InsufficientScope]);
        when(self.sandbox_only || self.path.contains('{'), &[Code::NotFound]);
        when(self.idempotency == Idempotency::Required, &[Code::IdempotencyKeyRequired]);
        let is_remembered = matches!(self.idempotency, Idempotency::Required | Idempotency::Accepted);
        when(is_remembered, &[Code::IdempotencyKeyReused, Code::IdempotencyInProgress, Code::OutcomeUnknown]);
        when(true, self.refusals);
        codes.sort_by_key(|code| (code.status(), *code as u8));
        codes.dedup();
        codes
    }
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Verb {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Patch => "PATCH",
            Verb::Delete => "DELETE",
        }
    }
}
