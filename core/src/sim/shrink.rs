//! Cutting a failing script down: pieces are left out as long as what remains still fails.

use super::action::Action;

/// Runs that cutting down may take; what is left then is short enough to read.
const RUNS: usize = 1_500;

/// The shortest script that was found to fail still.
pub fn shrink(script: &[Action], fails: impl Fn(&[Action]) -> bool) -> Vec<Action> {
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
}
