//! From a score to a verdict.

use super::Features;

/// What risk says of a redemption, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Goes on.
    Approve,
    /// The user is verified first.
    StepUp,
    /// Somebody at the bank decides first.
    Review,
    /// Ends here.
    Decline,
}

/// Scores from which on a verdict holds, each in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// From here on the user is verified first.
    pub step_up: f32,
    /// From here on somebody at the bank decides; as high as `decline`, nobody is asked.
    pub review: f32,
    /// From here on the answer is no.
    pub decline: f32,
}

/// Who gave the score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decider {
    /// A model, by name and version.
    Model {
        /// The package's name.
        name: String,
        /// The package's version.
        version: String,
    },
    /// The fallback rules, and why.
    Fallback {
        /// What kept the model from deciding.
        reason: String,
    },
}

/// The score of a redemption and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Probability of fraud, 0..=1.
    pub score: f32,
    /// What follows from it, whether or not the sandbox obeys.
    pub verdict: Verdict,
    /// Who gave it.
    pub decider: Decider,
}

impl Thresholds {
    /// The verdict of `score`.
    pub fn verdict(&self, score: f32) -> Verdict {
        if score >= self.decline {
            Verdict::Decline
        } else if score >= self.review {
            Verdict::Review
        } else if score >= self.step_up {
            Verdict::StepUp
        } else {
            Verdict::Approve
        }
    }
}

/// The rules that decide without a model: many redemptions in an hour, or a large first amount, are verified; repeated
/// declines end it. Scores are chosen to meet the fallback's own thresholds.
pub fn fallback_score(features: &Features) -> f32 {
    let declined_often = features.named("person_declines_24h") >= 3.0;
    let bursts = features.named("person_count_1h") >= 10.0;
    let large_and_new = features.named("is_new_person") > 0.5 && features.named("amount_usd_log10") >= 4.0;
    if declined_often {
        0.95
    } else if bursts || large_and_new {
        0.6
    } else {
        0.05
    }
}

impl Thresholds {
    /// The thresholds that go with [`fallback_score`]. It asks nobody: without a model people would drown in what it doubts.
    pub const FALLBACK: Thresholds = Thresholds { step_up: 0.5, review: 0.9, decline: 0.9 };
}

impl Verdict {
    /// The word in receipts and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Approve => "approve",
            Verdict::StepUp => "step_up",
            Verdict::Review => "review",
            Verdict::Decline => "decline",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_rules_agree() {
        let check = |count_1h: f32, declines: f32, amount: f32, expect: Verdict| {
            let mut features = Features([0.0; super::super::features::COUNT]);
            let named = [
                ("person_count_1h", count_1h),
                ("person_declines_24h", declines),
                ("amount_usd_log10", amount),
                ("is_new_person", 1.0),
            ];
            for (name, value) in named {
                let place = super::super::FEATURE_NAMES.iter().position(|known| *known == name).unwrap();
                features.0[place] = value;
            }
            assert_eq!(Thresholds::FALLBACK.verdict(fallback_score(&features)), expect);
        };
        check(0.0, 0.0, 2.0, Verdict::Approve);
        check(10.0, 0.0, 2.0, Verdict::StepUp);
        check(0.0, 0.0, 4.5, Verdict::StepUp);
        check(10.0, 3.0, 2.0, Verdict::Decline);
    }

    #[test]
    fn a_review_lies_between_step_up_and_decline() {
        let thresholds = Thresholds { step_up: 0.2, review: 0.5, decline: 0.8 };
        let verdicts = [0.1, 0.2, 0.5, 0.8].map(|score| thresholds.verdict(score));
        assert_eq!(verdicts, [Verdict::Approve, Verdict::StepUp, Verdict::Review, Verdict::Decline]);
        assert!(verdicts.is_sorted());
        assert_eq!(Thresholds { review: 0.8, ..thresholds }.verdict(0.79), Verdict::StepUp);
    }
}
