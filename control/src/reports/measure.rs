//! What a report counts while receipts pass by. What is kept of a decision takes 40 bytes or so, whatever its features: 200,000 of
//! them are 8 MB.

use std::collections::BTreeMap;

use causeway_core::payment::PaymentStatus;
use causeway_core::receipt::Receipt;
use causeway_core::risk::approval::Share;
use causeway_core::risk::drift::Expected;
use causeway_core::risk::{Features, Label, Labelled, Verdict};
use causeway_core::store::{Reader, StoreError};
use causeway_core::time::{Millis, Timestamp};

use super::collect::Taker;
use super::rescore::Rescored;
use super::{Named, Request};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
/// Points over time at most.
const POINTS: u64 = 62;

/// One decision of the model, or one of the other's that the model scored again.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// When it was decided.
    pub at: Timestamp,
    /// The model's score.
    pub score: f32,
    /// The model's verdict.
    pub verdict: Verdict,
    /// Whether it ended without any money moving, as far as that matters: nobody will ever complain of it.
    pub moved_nothing: bool,
    /// What became known of it.
    pub label: Option<Labelled>,
    /// The other model's score and verdict.
    pub other: Option<(f32, Verdict)>,
}

/// Decisions of one stretch.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// How many were approved.
    pub approved: Share,
    /// Scores by the reference's bins.
    pub score: Vec<u64>,
    /// Features by the reference's bins.
    pub features: Vec<Vec<u64>>,
}

/// Everything that is counted.
pub struct Tally<'a> {
    reader: &'a Reader,
    model: Rescored<'a>,
    against: Option<Rescored<'a>>,
    until: Timestamp,
    /// Until when decisions are old enough to count without a label.
    mature: Timestamp,
    seen: Seen,
}

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// The decisions.
    pub decisions: Vec<Decision>,
    /// How many of them another model decided.
    pub rescored: usize,
    /// Receipts that the fallback rules decided.
    pub of_fallback: usize,
    /// Receipts that some other model decided.
    pub of_others: usize,
    /// How long a part is.
    pub width: Millis,
    /// The parts that have decisions, by where they begin.
    pub parts: BTreeMap<u64, Part>,
    /// Why scores could not be computed again, if they could not.
    pub trouble: Option<String>,
}

impl<'a> Tally<'a> {
    /// Nothing counted.
    pub fn new(reader: &'a Reader, model: Rescored<'a>, against: Option<Rescored<'a>>, request: &Request) -> Tally<'a> {
        let mature = Timestamp(request.now.0.saturating_sub(request.maturity.0));
        Tally { reader, model, against, until: request.until, mature, seen: Seen::default() }
    }

    /// What was seen.
    pub fn finish(self) -> Seen {
        self.seen
    }

    /// Sorts a receipt to whom it belongs: the model's own first, then the other's.
    fn sort(&mut self, receipts: Vec<Receipt>) -> [Vec<Receipt>; 2] {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for receipt in receipts {
            let decider = &receipt.risk.decider;
            if self.model.model.is(decider) {
                own.push(receipt);
            } else if self.against.as_ref().is_some_and(|against| against.model.is(decider)) {
                others.push(receipt);
            } else if Named::of(decider).is_some() {
                self.seen.of_others += 1;
            } else {
                self.seen.of_fallback += 1;
            }
        }
        [own, others]
    }

    /// Decisions of the model itself; the other one scores them again.
    fn take_own(&mut self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let others = self.against.as_mut().map(|against| against.score(&rows(receipts)));
        let others = self.or_trouble(others);
        for (place, receipt) in receipts.iter().enumerate() {
            let other = others.as_ref().map(|others| others[place]);
            self.add(receipt, (receipt.risk.score, receipt.risk.verdict), other)?;
        }
        Ok(())
    }

    /// Decisions of the other model, which this one scores again; without its scores they say nothing of it.
    fn take_others(&mut self, receipts: &[Receipt]) -> Result<(), StoreError> {
        let scored = Some(self.model.score(&rows(receipts)));
        let Some(scored) = self.or_trouble(scored) else { return Ok(()) };
        self.seen.rescored += receipts.len();
        for (receipt, own) in receipts.iter().zip(scored) {
            self.add(receipt, own, Some((receipt.risk.score, receipt.risk.verdict)))?;
        }
        Ok(())
    }

    fn or_trouble<T>(&mut self, scored: Option<Result<T, String>>) -> Option<T> {
        match scored? {
            Ok(scored) => Some(scored),
            Err(reason) => {
                self.seen.trouble.get_or_insert(reason);
                None
            }
        }
    }

    fn add(
        &mut self,
        receipt: &Receipt,
        (score, verdict): (f32, Verdict),
        other: Option<(f32, Verdict)>,
    ) -> Result<(), StoreError> {
        let label = self.reader.label(receipt.payment)?;
        let moved_nothing = label.is_none() && receipt.at <= self.mature && self.moved_nothing(receipt)?;
        self.seen.decisions.push(Decision { at: receipt.at, score, verdict, moved_nothing, label, other });
        if self.seen.width.0 == 0 {
            self.seen.width = width(self.until.since(receipt.at));
        }
        let begin = receipt.at.0 - receipt.at.0 % self.seen.width.0;
        let expected = self.model.about.as_ref().and_then(|about| about.expected.as_ref());
        let part = self.seen.parts.entry(begin).or_insert_with(|| Part::new(expected));
        part.approved.count(verdict == Verdict::Approve);
        if let Some(expected) = expected {
            part.place(expected, &receipt.features, score);
        }
        Ok(())
    }
}

impl Tally<'_> {
    /// The end counts, not the first word: a review may have declined it, a verification have come too late, a block list have
    /// been set meanwhile, a rail have refused it. It is looked up where there is no label, by the key of the payment.
    fn moved_nothing(&self, receipt: &Receipt) -> Result<bool, StoreError> {
        if receipt.applied == Verdict::Decline {
            return Ok(true);
        }
        let payment = self.reader.payment(receipt.account, receipt.payment)?;
        Ok(payment.is_some_and(|payment| match payment.status {
            PaymentStatus::Verifying { .. } | PaymentStatus::Reviewing { .. } => true,
            PaymentStatus::Failed { .. } | PaymentStatus::Cancelled => true,
            PaymentStatus::Routed | PaymentStatus::Settled { .. } => false,
        }))
    }
}

impl Taker for Tally<'_> {
    fn take(&mut self, receipts: Vec<Receipt>) -> Result<(), StoreError> {
        let [own, others] = self.sort(receipts);
        self.take_own(&own)?;
        self.take_others(&others)
    }
}

impl Decision {
    /// Whether it was a fraud, if that is known.
    pub fn is_fraud(&self) -> Option<bool> {
        self.label.map(|label| label.label == Label::Fraud)
    }
}

impl Part {
    fn new(expected: Option<&Expected>) -> Part {
        let Some(Expected { reference, .. }) = expected else { return Part::default() };
        let features = reference.features.iter().map(|(_, histogram)| vec![0; histogram.shares.len()]).collect();
        Part { approved: Share::default(), score: vec![0; reference.score.shares.len()], features }
    }

    fn place(&mut self, Expected { reference, .. }: &Expected, features: &Features, score: f32) {
        self.score[reference.score.place(score)] += 1;
        for (counts, (feature, histogram)) in self.features.iter_mut().zip(&reference.features) {
            counts[histogram.place(features.0[*feature])] += 1;
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Part) {
        self.approved.hits += other.approved.hits;
        self.approved.of += other.approved.of;
        add(&mut self.score, &other.score);
        if self.features.is_empty() {
            self.features = other.features.iter().map(|counts| vec![0; counts.len()]).collect();
        }
        self.features.iter_mut().zip(&other.features).for_each(|(sum, counts)| add(sum, counts));
    }
}

fn add(sum: &mut Vec<u64>, counts: &[u64]) {
    sum.resize(counts.len(), 0);
    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
}

fn rows(receipts: &[Receipt]) -> Vec<Features> {
    receipts.iter().map(|receipt| receipt.features).collect()
}

/// Hours for up to two days, days for up to two months, and as many days as it takes for more.
fn width(span: Millis) -> Millis {
    let days = span.0.div_ceil(DAY);
    Millis(if days <= 2 { HOUR } else { DAY * days.div_ceil(POINTS).max(1) })
}
