//! From a byte of a text file to the line that a person looks for.

/// The line, from 1, in which the byte at `offset` stands.
pub fn at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|&&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        for (offset, line) in [(0, 1), (1, 1), (2, 2), (3, 3), (99, 3)] {
            assert_eq!(at("a\n\nb", offset), line, "{offset}");
        }
    }
}
