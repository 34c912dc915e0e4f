//! Labels: what payments turned out to be, as chargebacks and investigations tell a bank later.

use std::collections::BTreeMap;

use causeway_core::command::{Command, Reply};
use causeway_core::id::{Mode, PaymentId};
use causeway_core::limits::LABELS_AT_ONCE;
use causeway_core::payment::PaymentKind;
use causeway_core::risk::{Label, NewLabel, Taken};
use causeway_core::store::{Reader, StoreError};
use serde::{Deserialize, Serialize};

use super::call::{Call, Handled, Target, answer};
use crate::gate::{Cell, Lane};
use crate::problem::{Code, Problem};
use crate::wire::named_payment;

/// Labels that one request gives at most.
const MOST: usize = 500;

/// `PUT /operator/labels`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetLabels {
    /// The labels, all of payments of one mode.
    labels: Vec<LabelBody>,
    /// Why.
    reason: String,
}

/// What one payment turned out to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelBody {
    /// Its id, `pi_…` or `po_…`.
    payment: String,
    /// What it turned out to be.
    label: LabelWord,
}

/// A label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LabelWord {
    /// A fraud.
    Fraud,
    /// None.
    Legitimate,
    /// Nothing: what was said is taken back.
    Unknown,
}

impl LabelWord {
    /// The word that says it.
    fn word(self) -> &'static str {
        self.label().map_or("unknown", Label::word)
    }

    /// The label that is set.
    fn label(self) -> Option<Label> {
        match self {
            LabelWord::Fraud => Some(Label::Fraud),
            LabelWord::Legitimate => Some(Label::Honest),
            LabelWord::Unknown => None,
        }
    }
}

/// A label that was read, and the kind of payment that its id names.
type Given = (PaymentKind, NewLabel);

/// What came of the labels of a request.
#[derive(Serialize)]
struct LabelsView<'a> {
    object: &'static str,
    /// Labels that are new or say something else than before.
    accepted: usize,
    /// Labels that were known.
    unchanged: usize,
    /// Payments that there are none of.
    unknown: Vec<&'a str>,
}

/// Says what payments turned out to be, all of one mode, which their ids name. What is known already stays as it is, so that a
/// request can be sent again.
pub async fn set_labels(call: Call<'_>) -> Handled {
    let request: SetLabels = call.read()?;
    let reason = request.reason.trim();
    if reason.is_empty() {
        return Err(Problem::invalid("reason", "reason must say why: the audit keeps it."));
    }
    let (mode, labels) = read_all(&request.labels)?;
    let cell = call.cell(mode)?;
    // All of them: an auditor must see who said what of which payment.
    let told: Vec<String> =
        request.labels.iter().map(|label| format!("{} {}", label.payment, label.label.word())).collect();
    let object = told.join(", ");
    call.record(Target { mode: Some(mode), object: Some(&object), ..Target::default() }, Some(reason)).await?;
    let taken = take(cell, labels).await?;
    let count = |wanted| taken.iter().filter(|one| **one == wanted).count();
    let named = request.labels.iter().zip(&taken).filter(|(_, taken)| **taken == Taken::NoPayment);
    let unknown = named.map(|(label, _)| label.payment.as_str()).collect();
    answer(200, &LabelsView { object: "labels", accepted: count(Taken::New), unchanged: count(Taken::Known), unknown })
}

/// All labels of a request, and the mode that their ids name; or what is wrong with them.
fn read_all(bodies: &[LabelBody]) -> Result<(Mode, Vec<Given>), Problem> {
    if bodies.is_empty() || bodies.len() > MOST {
        return Err(Problem::invalid("labels", format!("labels must have 1–{MOST} items; send several requests.")));
    }
    let (mut labels, mut modes): (Vec<Given>, Vec<Mode>) = (Vec::with_capacity(bodies.len()), Vec::new());
    let mut said: BTreeMap<PaymentId, Option<Label>> = BTreeMap::new();
    for (place, body) in bodies.iter().enumerate() {
        let (kind, mode, label) = read(place, body)?;
        if *said.entry(label.payment).or_insert(label.label) != label.label {
            let message = "the request says two different things of this payment: send the one that holds.";
            return Err(Problem::at(Code::InvalidRequest, format!("labels[{place}].label"), message));
        }
        labels.push((kind, label));
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    let [mode] = modes[..] else {
        return Err(Problem::invalid("labels", "labels must all be of one mode: send those of test and live apart."));
    };
    Ok((mode, labels))
}

/// Hands labels to the cell: what came of each. Where the id names the other kind of payment there is none.
async fn take(cell: &Cell, labels: Vec<Given>) -> Result<Vec<Taken>, Problem> {
    let asked = labels.clone();
    let is_there = move |reader: &Reader| asked.iter().map(|given| is_of_kind(reader, given)).collect();
    let there: Vec<bool> = cell.read(is_there).await?;
    let known: Vec<NewLabel> =
        labels.iter().zip(&there).filter(|(_, there)| **there).map(|((_, new), _)| *new).collect();
    let mut taken = Vec::with_capacity(known.len());
    for some in known.chunks(LABELS_AT_ONCE) {
        let Reply::Labels(each) = cell.submit(Lane::Operator, Command::SetLabels(some.to_vec()), None).await?.reply
        else {
            return Err(Problem::internal("the cell answered labels with something else"));
        };
        taken.extend(each);
    }
    let mut taken = taken.into_iter();
    let of = |there: bool| if there { taken.next().unwrap_or(Taken::NoPayment) } else { Taken::NoPayment };
    Ok(there.into_iter().map(of).collect())
}

fn is_of_kind(reader: &Reader, (kind, label): &Given) -> Result<bool, StoreError> {
    let Some(receipt) = reader.decision(label.payment)? else { return Ok(false) };
    let payment = reader.payment(receipt.account, label.payment)?;
    Ok(payment.is_some_and(|payment| payment.kind == *kind))
}

fn read(place: usize, label: &LabelBody) -> Result<(PaymentKind, Mode, NewLabel), Problem> {
    let named = named_payment(&label.payment);
    let unnamed = || {
        Problem::at(
            Code::InvalidRequest,
            format!("labels[{place}].payment"),
            "payment must be a pay-in's or pay-out's id.",
        )
    };
    let (kind, mode, payment) = named.ok_or_else(unnamed)?;
    Ok((kind, mode, NewLabel { payment, label: label.label.label() }))
}

#[cfg(test)]
mod tests {
    use causeway_core::payment::PaymentStatus;
    use causeway_core::time::Timestamp;

    use super::*;
    use crate::reports::tests::{decision, ended, reader_with};

    /// A pay-in under the id of a pay-out is none, as it is for partners and for the view of a decision.
    #[test]
    fn an_id_of_the_other_kind_names_no_payment() {
        let receipt = decision(0, 0.1);
        let payment = ended(&receipt, PaymentStatus::Settled { at: Timestamp(1) });
        let label = NewLabel { payment: receipt.payment, label: Some(Label::Fraud) };
        let nobody = NewLabel { payment: PaymentId(1), ..label };
        let reader = reader_with(vec![receipt], &[], vec![payment]);
        let check = |kind, label, expect| assert_eq!(is_of_kind(&reader, &(kind, label)).unwrap(), expect);
        check(PaymentKind::PayIn, label, true);
        check(PaymentKind::PayOut, label, false);
        check(PaymentKind::PayIn, nobody, false);
    }
}
