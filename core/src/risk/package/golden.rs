//! `golden.csv`: rows with the scores that the model gave them where it was trained.

use super::FEATURE_NAMES;
use crate::risk::Features;
use crate::risk::features::COUNT;

/// Rows at most.
pub const ROWS: usize = 4_096;

/// As far beyond 0 or 1 a probability is one that was rounded.
const ROUNDING: f32 = 1e-5;

/// Reads the rows. Columns are named as in the manifest and lie in its order; the last one is the score.
pub fn read(text: &str, features: &[usize]) -> Result<Vec<(Features, f32)>, String> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let expected: Vec<&str> = features.iter().map(|&place| FEATURE_NAMES[place]).chain(["score"]).collect();
    if !header.trim_end().split(',').eq(expected.iter().copied()) {
        return Err(format!(
            "line 1 must name the manifest's features in its order, and score: {}",
            expected.join(",")
        ));
    }
    let mut rows = Vec::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if rows.len() == ROWS {
            return Err(format!("it has more than {ROWS} rows: keep some dozens or hundreds of them"));
        }
        rows.push(row(line, features).map_err(|reason| format!("line {}: {reason}", number + 2))?);
    }
    if rows.is_empty() { Err("it has no rows: write some dozens, with their scores".to_owned()) } else { Ok(rows) }
}

/// The score of a probability that float32 carried a rounding beyond 0 or 1; anything further out stays what it is, which is
/// no score. A forest of 96 trees adds up 96 times 1/96 where all agree, and that is 1.0000001: its surest score.
pub fn rounded(probability: f32) -> f32 {
    if (-ROUNDING..=1.0 + ROUNDING).contains(&probability) { probability.clamp(0.0, 1.0) } else { probability }
}

fn row(line: &str, features: &[usize]) -> Result<(Features, f32), String> {
    let cells: Result<Vec<f32>, String> = line.split(',').take(features.len() + 2).map(cell).collect();
    let cells = cells?;
    if cells.len() != features.len() + 1 {
        return Err(format!("{} cells, expected {}", line.split(',').count(), features.len() + 1));
    }
    let score = rounded(cells[features.len()]);
    if !(0.0..=1.0).contains(&score) {
        return Err(format!("the score {score} is no probability between 0 and 1"));
    }
    let mut row = Features([0.0; COUNT]);
    features.iter().zip(&cells).for_each(|(&place, &cell)| row.0[place] = cell);
    Ok((row, score))
}

fn cell(text: &str) -> Result<f32, String> {
    let number: f32 = text.trim().parse().map_err(|_| {
        let shown: String = text.chars().take(32).collect();
        format!("{shown:?} is not a number")
    })?;
    if number.is_finite() { Ok(number) } else { Err(format!("{number} is not a finite number")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_and_what_is_wrong_is_said() {
        let header = format!("{},{},score\n", FEATURE_NAMES[1], FEATURE_NAMES[0]);
        let rows = read(&(header.clone() + "2,1,0.5\n"), &[1, 0]).unwrap();
        assert_eq!((rows[0].0.0[0], rows[0].0.0[1], rows[0].1), (1.0, 2.0, 0.5));
        let check = |lines: &str, says: &str| {
            let said = read(&(header.clone() + lines), &[1, 0]).unwrap_err();
            assert!(said.contains(says), "{said}");
        };
        check("", "no rows");
        check("1,2\n", "line 2: 2 cells, expected 3");
        check("1,2,3,4\n", "line 2: 4 cells");
        check("1,2,0.5\n1,x,0.5\n", "line 3: \"x\" is not a number");
        check("1,nan,0.5\n", "not a finite number");
        check("1,2,1.5\n", "no probability");
        check("1,2,-0.001\n", "no probability");
        assert_eq!(read(&(header.clone() + "2,1,1.0000001"), &[1, 0]).unwrap()[0].1, 1.0);
        assert!(read(&(header + "2,1,0.5\n"), &[0, 1]).unwrap_err().contains("line 1 must name"));
    }

    #[test]
    fn what_is_a_rounding_beyond_a_probability_is_one() {
        for (sum, score) in [(1.000_000_1, 1.0), (1.000_009, 1.0), (-1.192_092_9e-7, 0.0), (0.5, 0.5)] {
            assert_eq!(rounded(sum), score);
        }
        for sum in [1.000_02, -0.000_02, f32::INFINITY] {
            assert_eq!(rounded(sum), sum, "it stays no probability");
        }
        assert!(rounded(f32::NAN).is_nan());
    }

    #[test]
    fn there_are_not_too_many() {
        let text = format!("{},score\n{}", FEATURE_NAMES[0], "1,0.5\n".repeat(ROWS + 1));
        assert!(read(&text, &[0]).unwrap_err().contains("more than 4096 rows"));
    }
}
