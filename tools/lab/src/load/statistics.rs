//! Medians, ranges, and whether the machine was quiet enough to conclude anything.

/// The value in the middle, or between the two in the middle; nothing of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// The smallest and the largest; nothing of nothing.
pub fn range(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().min_by(f64::total_cmp)?;
    Some((low, values.iter().copied().max_by(f64::total_cmp)?))
}

/// How far all rounds lie apart, as a share of their median; nothing of fewer than two.
pub fn spread(values: &[f64]) -> Option<f64> {
    let (low, high) = range(values)?;
    of_median(values, high - low)
}

/// How far the middle half of the rounds lies apart, as a share of their median: one round that was disturbed moves neither.
pub fn middle_spread(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty())
        .then(|| quantile(&sorted, 0.75) - quantile(&sorted, 0.25))
        .and_then(|width| of_median(values, width))
}

fn of_median(values: &[f64], width: f64) -> Option<f64> {
    median(values).filter(|median| *median > 0.0 && values.len() > 1).map(|median| width / median)
}

/// The value below which this share of sorted values lies, between its two neighbours where it falls between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Whether the machine was quiet: judged by the ceilings, which do the same each time, and by what others used.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    bound: f64,
    /// Ceilings of which single rounds lie further apart than the bound, while their middle half does not.
    unsteady: Vec<String>,
    /// What forbids to conclude anything.
    faults: Vec<String>,
}

/// What kind of machine it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quietness {
    /// All rounds of all ceilings lie close together.
    Quiet,
    /// Only their middle halves do: medians over the rounds hold, single rounds tell little.
    Unsteady,
    /// Nothing can be concluded.
    Noisy,
}

/// The share of the processors that others may use, the host included: beyond it, figures tell of them too.
const OTHERS: f64 = 0.05;

impl Verdict {
    /// Judges the rounds of each ceiling by `bound`, a share of the median, and the share of the processors that others used;
    /// `None` when it is not known.
    pub fn of<'a>(
        ceilings: impl Iterator<Item = (&'static str, &'a [f64])>,
        bound: f64,
        others: Option<f64>,
    ) -> Verdict {
        let (mut unsteady, mut faults) = (Vec::new(), Vec::new());
        for (name, rounds) in ceilings {
            match (spread(rounds), middle_spread(rounds)) {
                (_, Some(middle)) if middle > bound => {
                    faults.push(format!("the middle half of {name}'s rounds lies {} apart", percent(middle)));
                }
                (Some(all), _) if all > bound => unsteady.push(format!("{name} {}", percent(all))),
                (Some(_) | None, _) => {}
            }
        }
        let others = others.filter(|others| *others > OTHERS);
        faults.extend(others.map(|others| format!("others used {} of the processors", percent(others))));
        Verdict { bound, unsteady, faults }
    }

    /// What kind of machine it was.
    pub fn quietness(&self) -> Quietness {
        match (self.faults.is_empty(), self.unsteady.is_empty()) {
            (false, _) => Quietness::Noisy,
            (true, false) => Quietness::Unsteady,
            (true, true) => Quietness::Quiet,
        }
    }

    /// The verdict as a sentence.
    pub fn sentence(&self) -> String {
        let bound = percent(self.bound);
        match self.quietness() {
            Quietness::Quiet => {
                format!("The machine was quiet: no ceiling's rounds lie more than {bound} of their median apart.")
            }
            Quietness::Unsteady => format!(
                "The machine was unsteady: medians hold, single rounds tell little. The middle half of each ceiling's rounds \
                 lies within {bound} of its median, all of them do not: {}.",
                self.unsteady.join(", ")
            ),
            Quietness::Noisy => format!(
                "Too noisy to conclude: {} (allowed: {bound} of the median, {} of the processors).",
                self.faults.join(", "),
                percent(OTHERS)
            ),
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(range(&[3.0, 1.0, 2.0]), Some((1.0, 3.0)));
        assert_eq!(spread(&[90.0, 100.0, 110.0]), Some(0.2));
        assert_eq!(middle_spread(&[90.0, 100.0, 110.0]), Some(0.1));
        assert_eq!(middle_spread(&[90.0, 100.0, 110.0, 100.0, 5.0]), Some(0.1), "one disturbed round");
        assert_eq!(middle_spread(&[]), None);
        assert_eq!((spread(&[5.0]), range(&[])), (None, None));
    }

    #[test]
    fn a_ceiling_that_moves_makes_the_run_inconclusive() {
        let (steady, once) = (&[100.0, 104.0, 98.0, 101.0, 99.0][..], &[100.0, 104.0, 60.0, 101.0, 99.0][..]);
        let moving = &[100.0, 60.0, 160.0][..];
        let verdict = |other| Verdict::of([("http_get", steady), ("store", other)].into_iter(), 0.2, Some(0.01));
        assert_eq!(verdict(steady).quietness(), Quietness::Quiet);
        assert_eq!(verdict(once).quietness(), Quietness::Unsteady);
        assert!(verdict(once).sentence().contains("all of them do not: store 44 %"), "{}", verdict(once).sentence());
        assert_eq!(verdict(moving).quietness(), Quietness::Noisy);
        assert!(
            verdict(moving).sentence().contains("store's rounds lies 50 % apart"),
            "{}",
            verdict(moving).sentence()
        );
    }

    #[test]
    fn others_on_the_machine_make_the_run_inconclusive() {
        let noisy = Verdict::of([("http_get", &[100.0, 100.0][..])].into_iter(), 0.2, Some(0.11));
        assert!(noisy.sentence().contains("others used 11 % of the processors"), "{}", noisy.sentence());
        let unknown = Verdict::of([("http_get", &[100.0, 100.0][..])].into_iter(), 0.2, None);
        assert_eq!(unknown.quietness(), Quietness::Quiet);
    }
}
