//! Who is verified or refused, by an operator's word: a person by the partner's name for it, a customer, or a session's user.

use causeway_core::command::{Command, Who};
use causeway_core::customer::{Customer, CustomerName, KycStatus, NameKey};
use causeway_core::id::{AccountId, CustomerId, Mode, SessionId};
use causeway_core::limits::REFERENCE_CHARS;
use causeway_core::risk::keys::{named_person_key, person_key};
use causeway_core::risk::{Person, Said, Word};
use causeway_core::session::{KycPackage, PackageVerdict};
use causeway_core::store::{Reader, StoreError};
use serde::Serialize;

use super::body::{ModeWord, SetVerification, StatusWord};
use super::call::{Call, Handled, Target, answer, unknown_account};
use crate::gate::{Cell, Lane};
use crate::problem::{Code, Problem};
use crate::wire::{Time, mode_word};

/// Says of somebody that they were verified or are refused, or takes it back, and shows how it stands.
pub async fn set_verification(call: Call<'_>) -> Handled {
    let request: SetVerification = call.read()?;
    let (id, mode) = (call.account_id()?, request.mode.mode());
    let asked = [&request.user_reference, &request.customer_id, &request.session_id];
    let [reference, customer, session] = asked.map(|text| text.as_deref());
    let named = Named::read(mode, reference, customer, session)?;
    let cell = call.cell(mode)?;
    if call.accounts(id).is_empty() {
        return Err(unknown_account());
    }
    let standing = stands(cell, id, &named).await?;
    if request.status == StatusWord::Refused && !standing.is_person() {
        let message = "No session belongs to a customer without an external_id: refuse its sessions' users instead.";
        return Err(Problem::invalid("customer_id", message));
    }
    let who = standing.who(&named);
    // The word comes first: what is behind it may be any text of a partner's.
    let object = format!("{}: {}", request.status.text(), named.text(mode));
    let target = Target { account: Some(id), mode: Some(mode), object: Some(&object) };
    call.record(target, request.reason.as_deref()).await?;
    let cell = call.ensure_account(mode, id).await?;
    cell.submit(Lane::Operator, Command::SetVerification(id, who, request.status.word()), None).await?;
    answer(200, &VerificationView::new(id, mode, &stands(cell, id, &named).await?))
}

/// Shows how it stands with somebody: `mode`, and one of `user_reference`, `customer_id` and `session_id`.
pub async fn retrieve_verification(call: Call<'_>) -> Handled {
    let id = call.account_id()?;
    let mode = call.query.parsed("mode", "sandbox or live", ModeWord::parse)?;
    let mode = mode.ok_or_else(|| Problem::invalid("mode", "mode must be sandbox or live."))?.mode();
    let reference = call.query.get("user_reference")?;
    let (customer, session) = (call.query.get("customer_id")?, call.query.get("session_id")?);
    let named = Named::read(mode, reference.as_deref(), customer.as_deref(), session.as_deref())?;
    let cell = call.cell(mode)?;
    if call.accounts(id).is_empty() {
        return Err(unknown_account());
    }
    answer(200, &VerificationView::new(id, mode, &stands(cell, id, &named).await?))
}

/// Whom an operator named.
#[derive(Clone)]
enum Named {
    Reference(String),
    Customer(CustomerId),
    Session(SessionId),
}

/// What is known of somebody who was named.
struct Standing {
    reference: Option<String>,
    customer: Option<Customer>,
    session: Option<SessionId>,
    package: Option<KycPackage>,
    person: Option<Person>,
}

/// Somebody as operators see him.
#[derive(Serialize)]
struct VerificationView {
    object: &'static str,
    account_id: String,
    mode: &'static str,
    user_reference: Option<String>,
    customer_id: Option<String>,
    session_id: Option<String>,
    /// By an operator's word.
    status: &'static str,
    /// Since when an operator says so; null when none does, and for a customer that is joined to no person.
    since: Option<Time>,
    /// What came of the package that was handed over with the session.
    kyc_package: Option<&'static str>,
}

impl Named {
    /// Exactly one of the three.
    fn read(
        mode: Mode,
        reference: Option<&str>,
        customer: Option<&str>,
        session: Option<&str>,
    ) -> Result<Named, Problem> {
        match (reference, customer, session) {
            (Some(reference), None, None) => {
                if reference.is_empty() || reference.chars().count() > REFERENCE_CHARS {
                    let message = format!("user_reference must have 1–{REFERENCE_CHARS} characters.");
                    return Err(Problem::invalid("user_reference", message));
                }
                Ok(Named::Reference(reference.to_owned()))
            }
            (None, Some(id), None) => CustomerId::parse(id, mode).map(Named::Customer).ok_or_else(nobody),
            (None, None, Some(id)) => SessionId::parse(id, mode).map(Named::Session).ok_or_else(nobody),
            (None, None, None) | (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
                let message = "Name exactly one of user_reference, customer_id and session_id.";
                Err(Problem::invalid("user_reference", message))
            }
        }
    }

    /// In the words of the audit.
    fn text(&self, mode: Mode) -> String {
        match self {
            Named::Reference(reference) => format!("user_reference {reference}"),
            Named::Customer(id) => id.text(mode),
            Named::Session(id) => id.text(mode),
        }
    }
}

impl Standing {
    /// Nothing when there is no such customer or session. A reference may be of somebody who was never seen.
    fn read(
        reader: &Reader,
        (mode, account): (Mode, AccountId),
        key: &NameKey,
        named: &Named,
    ) -> Result<Option<Standing>, StoreError> {
        let of_person = |reference: &str| {
            let person = reader.person(named_person_key(mode, account, reference))?;
            let customer = reader.customer_named(&[CustomerName::of_external_id(key, account, reference)])?;
            let reference = Some(reference.to_owned());
            Ok(Standing { reference, customer, session: None, package: None, person })
        };
        match named {
            Named::Reference(reference) => of_person(reference).map(Some),
            Named::Customer(id) => {
                let Some(customer) = reader.customer(account, *id)? else { return Ok(None) };
                let reference = customer.terms.external_id.clone();
                let alone = || Standing { reference: None, customer: None, session: None, package: None, person: None };
                let standing = reference.as_deref().map(of_person).transpose()?.unwrap_or_else(alone);
                Ok(Some(Standing { customer: Some(customer), ..standing }))
            }
            Named::Session(id) => {
                let Some(session) = reader.session(account, *id)? else { return Ok(None) };
                let (package, id) = (session.terms.kyc_package, Some(*id));
                if let Some(reference) = &session.terms.user_reference {
                    return Ok(Some(Standing { session: id, package, ..of_person(reference)? }));
                }
                let person = reader.person(person_key(mode, &session))?;
                Ok(Some(Standing { reference: None, customer: None, session: id, package, person }))
            }
        }
    }

    /// Of whom the core is to be told: of a session's person, if it names one.
    fn who(&self, named: &Named) -> Who {
        match (named, &self.reference) {
            (Named::Reference(reference), _) | (Named::Session(_), Some(reference)) => {
                Who::Reference(reference.clone())
            }
            (Named::Customer(id), _) => Who::Customer(*id),
            (Named::Session(id), None) => Who::Session(*id),
        }
    }

    fn said(&self) -> Option<Said> {
        self.person.as_ref()?.said
    }

    /// A customer that is joined to no person has but its own note.
    fn status(&self) -> StatusWord {
        let note = self.customer.as_ref().map(|customer| customer.facts.kyc_status);
        match (self.said().map(|said| said.word), note) {
            (Some(Word::Refused), _) => StatusWord::Refused,
            (Some(Word::Verified), _) | (None, Some(KycStatus::Verified)) => StatusWord::Verified,
            (None, Some(KycStatus::Unverified) | None) => StatusWord::Unverified,
        }
    }

    /// Whether sessions can be this one's.
    fn is_person(&self) -> bool {
        self.reference.is_some() || self.session.is_some()
    }
}

impl VerificationView {
    fn new(account: AccountId, mode: Mode, standing: &Standing) -> VerificationView {
        VerificationView {
            object: "verification",
            account_id: account.text(),
            mode: mode_word(mode),
            user_reference: standing.reference.clone(),
            customer_id: standing.customer.as_ref().map(|customer| customer.facts.id.text(mode)),
            session_id: standing.session.map(|id| id.text(mode)),
            status: standing.status().text(),
            since: standing.said().map(|said| Time(said.at)),
            kyc_package: standing.package.map(|package| match package.verdict {
                PackageVerdict::Accepted => "accepted",
                PackageVerdict::Rejected => "rejected",
            }),
        }
    }
}

impl StatusWord {
    fn text(self) -> &'static str {
        match self {
            StatusWord::Unverified => "unverified",
            StatusWord::Verified => "verified",
            StatusWord::Refused => "refused",
        }
    }

    fn word(self) -> Option<Word> {
        match self {
            StatusWord::Unverified => None,
            StatusWord::Verified => Some(Word::Verified),
            StatusWord::Refused => Some(Word::Refused),
        }
    }
}

async fn stands(cell: &Cell, account: AccountId, named: &Named) -> Result<Standing, Problem> {
    let (whose, key, named) = ((cell.mode(), account), cell.keys().name_key(), named.clone());
    let standing = cell.read(move |reader| Standing::read(reader, whose, &key, &named)).await?;
    standing.ok_or_else(nobody)
}

fn nobody() -> Problem {
    Problem::new(Code::NotFound, "There is no such customer or session of this account and mode; check the id.")
}
