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

/// How far the middle half of the rounds lies apart, as a share of their median; nothing of fewer than two. One round that
/// was disturbed moves no median, so it does not count here either.
pub fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values).filter(|median| *median > 0.0 && values.len() > 1)?;
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    Some((quantile(&values, 0.75) - quantile(&values, 0.25)) / middle)
}

/// The value below which this share of sorted values lies, between its two neighbours where it falls between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Whether the machine was quiet: judged by the ceilings, which do the same in each round, and by what others used.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    bound: f64,
    faults: Vec<String>,
}

/// The share of the processors that others may use: beyond it, figures tell of them too.
const OTHERS: f64 = 0.05;

impl Verdict {
    /// Judges the rounds of each ceiling by `bound`, a share of the median, and the share of the processors that others used.
    pub fn of<'a>(ceilings: impl Iterator<Item = (&'static str, &'a [f64])>, bound: f64, others: f64) -> Verdict {
        let spreads = ceilings.filter_map(|(name, rounds)| Some((name, spread(rounds)?)));
        let wide = spreads.filter(|(_, spread)| *spread > bound);
        let mut faults: Vec<String> =
            wide.map(|(name, spread)| format!("rounds of {name} lie {} apart", percent(spread))).collect();
        if others > OTHERS {
            faults.push(format!("others used {} of the processors", percent(others)));
        }
        Verdict { bound, faults }
    }

    /// Whether something can be concluded.
    pub fn is_quiet(&self) -> bool {
        self.faults.is_empty()
    }

    /// The verdict as a sentence.
    pub fn sentence(&self) -> String {
        let (bound, others) = (percent(self.bound), percent(OTHERS));
        let allowed = format!(
            "{bound} of their median between the middle half of a ceiling's rounds, {others} of the processors for others"
        );
        match self.faults.as_slice() {
            [] => format!("The machine was quiet (at most {allowed})."),
            faults => format!("Too noisy to conclude: {} (allowed: {allowed}).", faults.join(", ")),
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
        assert_eq!(spread(&[90.0, 100.0, 110.0]), Some(0.1));
        assert_eq!(spread(&[90.0, 100.0, 110.0, 100.0, 5.0]), Some(0.1), "one disturbed round");
        assert_eq!((spread(&[5.0]), range(&[])), (None, None));
    }

    #[test]
    fn a_ceiling_that_moves_makes_the_run_inconclusive() {
        let (steady, moving) = (&[100.0, 104.0, 98.0][..], &[100.0, 60.0, 160.0][..]);
        assert!(Verdict::of([("http_get", steady)].into_iter(), 0.2, 0.01).is_quiet());
        let noisy = Verdict::of([("http_get", steady), ("store", moving)].into_iter(), 0.2, 0.01);
        assert!(!noisy.is_quiet());
        assert!(noisy.sentence().contains("rounds of store lie 50 % apart (allowed: 20 %"), "{}", noisy.sentence());
    }

    #[test]
    fn others_on_the_machine_make_the_run_inconclusive() {
        let noisy = Verdict::of([("http_get", &[100.0, 100.0][..])].into_iter(), 0.2, 0.11);
        assert!(noisy.sentence().contains("others used 11 % of the processors"), "{}", noisy.sentence());
    }
}
