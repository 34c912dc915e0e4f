//! What fuzz targets share. Each target is a test named `fuzz_…` beside what it feeds; they use bolero, because one target
//! runs on stable as a test of fixed length and, without a change, under a fuzzer: `cargo bolero test -p causeway-control
//! <target>`. cargo-fuzz needs nightly and a package of its own.

/// How many inputs a target gets as a test; `BOLERO_RANDOM_ITERATIONS` asks for another number.
pub const INPUTS: usize = 4_000;

/// A text that is nearly right: one of `examples`, changed as the input says. Half of the inputs stand for themselves, so that
/// a fuzzer that knows better is not held up.
pub fn edited(examples: &[&str], input: &[u8]) -> Vec<u8> {
    let Some((&first, edits)) = input.split_first() else { return Vec::new() };
    if first % 2 == 0 || examples.is_empty() {
        return edits.to_vec();
    }
    let mut text = examples[usize::from(first / 2) % examples.len()].as_bytes().to_vec();
    // A few changes each: what is changed everywhere is refused at its first letter.
    for edit in edits.chunks_exact(4).take(usize::from(edits.first().copied().unwrap_or_default() % 5)) {
        let place = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % (text.len() + 1);
        match edit[2] % 4 {
            0 => text.insert(place, edit[3]),
            1 => text.truncate(place),
            2 => text.extend_from_within(place..),
            _ => drop(text.get_mut(place).map(|byte| *byte = edit[3])),
        }
    }
    text
}

#[test]
fn half_of_the_inputs_are_nearly_right() {
    assert_eq!(edited(&["right"], &[0, 1, 2]), [1, 2]);
    assert_eq!(edited(&["right"], &[1]), *b"right");
    assert_eq!(edited(&["right"], &[1, 1, 0, 0, b'-']), *b"righ-t", "the place is 256 of six");
    assert!(edited(&["right"], &[]).is_empty());
}
