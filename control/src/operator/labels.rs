//! Labels: what payments turned out to be, as chargebacks and investigations tell a bank later.

use causeway_core::command::{Command, Reply};
use causeway_core::id::Mode;
use causeway_core::limits::LABELS_AT_ONCE;
use causeway_core::risk::{Label, NewLabel, Taken};
use serde::{Deserialize, Serialize};

use super::call::{Call, Handled, Target, answer};
use crate::gate::Lane;
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
    reason: Option<String>,
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
    /// The label that is set.
    fn label(self) -> Option<Label> {
        match self {
            LabelWord::Fraud => Some(Label::Fraud),
            LabelWord::Legitimate => Some(Label::Honest),
            LabelWord::Unknown => None,
        }
    }
}

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
    if request.labels.is_empty() || request.labels.len() > MOST {
        return Err(Problem::invalid("labels", format!("labels must have 1–{MOST} items; send several requests.")));
    }
    let mut labels = Vec::with_capacity(request.labels.len());
    let mut modes: Vec<Mode> = Vec::new();
    for (place, label) in request.labels.iter().enumerate() {
        let (mode, label) = read(place, label)?;
        labels.push(label);
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    let [mode] = modes[..] else {
        return Err(Problem::invalid("labels", "labels must all be of one mode: send those of test and live apart."));
    };
    let cell = call.cell(mode)?;
    let object = format!("{} labels, first {}", labels.len(), request.labels[0].payment);
    let target = Target { mode: Some(mode), object: Some(&object), ..Target::default() };
    call.record(target, request.reason.as_deref()).await?;
    let mut taken = Vec::with_capacity(labels.len());
    for some in labels.chunks(LABELS_AT_ONCE) {
        let Reply::Labels(each) = cell.submit(Lane::Operator, Command::SetLabels(some.to_vec()), None).await?.reply
        else {
            return Err(Problem::internal("the cell answered labels with something else"));
        };
        taken.extend(each);
    }
    let count = |wanted| taken.iter().filter(|one| **one == wanted).count();
    let named = request.labels.iter().zip(&taken).filter(|(_, taken)| **taken == Taken::NoPayment);
    let unknown = named.map(|(label, _)| label.payment.as_str()).collect();
    answer(200, &LabelsView { object: "labels", accepted: count(Taken::New), unchanged: count(Taken::Known), unknown })
}

fn read(place: usize, label: &LabelBody) -> Result<(Mode, NewLabel), Problem> {
    let named = named_payment(&label.payment);
    let unnamed = || {
        Problem::at(
            Code::InvalidRequest,
            format!("labels[{place}].payment"),
            "payment must be a pay-in's or pay-out's id.",
        )
    };
    let (_, mode, payment) = named.ok_or_else(unnamed)?;
    Ok((mode, NewLabel { payment, label: label.label.label() }))
}
