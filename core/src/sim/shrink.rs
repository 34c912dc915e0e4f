//! Cutting a failing script down: pieces are left out as long as what remains still fails in the same way.

use super::action::Action;
use super::oracle::Fault;

/// Runs that cutting down may take; what is left then is short enough to read.
const RUNS: usize = 1_500;

/// The shortest script that was found to fail still with a fault of the kind of `first`, and its fault.
pub fn cut_down(script: &[Action], first: &Fault, run: impl Fn(&[Action]) -> Option<Fault>) -> (Vec<Action>, Fault) {
    let kind = kind(first);
    let short = shrink(script, |script| run(script).is_some_and(|fault| self::kind(&fault) == kind));
    let last = run(&short).unwrap_or_else(|| first.clone());
    (short, last)
}

/// What kind of fault it is: its words without what stands in brackets and without words that hold a digit. Ids, times,
/// amounts and objects are other ones in another script, the words are not.
fn kind(fault: &Fault) -> String {
    let (mut depth, mut text) = (0_u32, String::new());
    for letter in fault.0.chars() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(letter),
            _ => {}
        }
    }
    let words = text.split_whitespace().filter(|word| !word.contains(|letter: char| letter.is_ascii_digit()));
    words.collect::<Vec<_>>().join(" ")
}

fn shrink(script: &[Action], fails: impl Fn(&[Action]) -> bool) -> Vec<Action> {
    let (mut script, mut runs) = (script.to_vec(), 0);
    let mut piece = script.len().div_ceil(2);
    while piece > 0 {
        let mut start = 0;
        while start < script.len() && runs < RUNS {
            let end = (start + piece).min(script.len());
            let rest: Vec<Action> = script[..start].iter().chain(&script[end..]).copied().collect();
            runs += 1;
            if fails(&rest) {
                script = rest;
            } else {
                start = end;
            }
        }
        piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let script: Vec<Action> = (0..100).map(Action::Pass).collect();
        let needs = |script: &[Action], span: u64| script.contains(&Action::Pass(span));
        let shrunk = shrink(&script, |script| needs(script, 7) && needs(script, 93));
        assert_eq!(shrunk, [Action::Pass(7), Action::Pass(93)]);
    }

    #[test]
    fn a_script_is_not_cut_down_to_another_fault() {
        let script: Vec<Action> = (0..100).map(Action::Pass).collect();
        let run = |script: &[Action]| {
            let has = |span| script.contains(&Action::Pass(span));
            let length = script.len();
            match (has(7), has(93)) {
                (true, true) => Some(Fault(format!("{length} batches: a quote (Quote {{ id: {length} }}) was lost"))),
                (true, false) | (false, true) => Some(Fault("a timer was lost".to_owned())),
                (false, false) => None,
            }
        };
        let (short, last) = cut_down(&script, &run(&script).unwrap(), run);
        assert_eq!(short, [Action::Pass(7), Action::Pass(93)]);
        assert_eq!(last.0, "2 batches: a quote (Quote { id: 2 }) was lost");
    }

    #[test]
    fn ids_times_and_objects_are_not_of_the_kind() {
        let fault = |text: &str| kind(&Fault(text.to_owned()));
        let one = "batch 7 at Timestamp(5), command 0, Ran { name: \"x\", of: [1, (2)] }: the reply differs";
        assert_eq!(fault(one), "batch at Timestamp, command Ran : the reply differs");
        assert_eq!(fault("column outbox: there is no row 00ab"), "column outbox: there is no row");
    }
}
