//! One file of the log: a head with the version, then frames. A frame is the length and CRC-32 of its entry, each in four
//! bytes with the lowest first, and the entry in postcard form.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::log::LogError;
use super::record::Entry;

/// The first eight bytes of every segment. The last one is the version.
pub const HEAD: [u8; 8] = *b"CWRAIL\0\x01";
/// Longest entry, in bytes; names and amounts are bounded far below it.
const ENTRY_BYTES: usize = 4 * 1_024;
/// Length and checksum.
const FRAME_HEAD: usize = 8;

/// The entries of one segment, oldest first. It ends at the first frame that is not whole.
pub struct Entries {
    path: PathBuf,
    input: BufReader<File>,
    valid_bytes: u64,
    length: u64,
    ended: bool,
}

/// Appends the frame of `entry` to `bytes`.
pub fn frame(entry: &Entry, bytes: &mut Vec<u8>) {
    let encoded = postcard::to_allocvec(entry).expect("memory takes every entry");
    assert!(encoded.len() <= ENTRY_BYTES, "an entry is bounded by the fields of rail work");
    bytes.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&encoded).to_le_bytes());
    bytes.extend_from_slice(&encoded);
}

/// Opens the segment in `path` and checks its head.
pub fn read(path: &Path) -> Result<Entries, LogError> {
    let file = File::open(path).map_err(|error| LogError::io(path, error))?;
    let length = file.metadata().map_err(|error| LogError::io(path, error))?.len();
    let mut input = BufReader::with_capacity(64 * 1_024, file);
    let mut head = [0; HEAD.len()];
    input.read_exact(&mut head).map_err(|error| LogError::io(path, error))?;
    if head[..7] != HEAD[..7] {
        return Err(LogError::Corrupt(path.to_owned(), 0));
    }
    if head != HEAD {
        return Err(LogError::Version(path.to_owned(), head[7]));
    }
    Ok(Entries { path: path.to_owned(), input, valid_bytes: HEAD.len() as u64, length, ended: false })
}

impl Entries {
    /// Bytes from the beginning of the file up to the end of the last whole frame that was read.
    pub fn valid_bytes(&self) -> u64 {
        self.valid_bytes
    }

    /// Bytes behind the last whole frame: a write that a crash cut short, once the end was reached.
    pub fn torn_bytes(&self) -> u64 {
        self.length.saturating_sub(self.valid_bytes)
    }

    /// Fails when a segment that was closed long ago does not end with a whole frame. Call it at the end.
    pub fn must_be_whole(&self) -> Result<(), LogError> {
        if self.torn_bytes() == 0 { Ok(()) } else { Err(LogError::Corrupt(self.path.clone(), self.valid_bytes)) }
    }

    /// Fails when a whole frame stands behind the broken one: a crash cuts the end off, it does not damage the middle. Call
    /// it at the end.
    pub fn must_be_cut_short(&self) -> Result<(), LogError> {
        let bytes = std::fs::read(&self.path).map_err(|error| LogError::io(&self.path, error))?;
        let behind = bytes.get(self.valid_bytes as usize..).unwrap_or_default();
        let has_frame = (1..behind.len()).any(|start| starts_with_frame(&behind[start..]));
        if has_frame { Err(LogError::Corrupt(self.path.clone(), self.valid_bytes)) } else { Ok(()) }
    }

    fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; FRAME_HEAD];
        if !fill(&mut self.input, &mut head)? {
            return Ok(None);
        }
        let [a, b, c, d, sum @ ..] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length == 0 || length > ENTRY_BYTES {
            return Ok(None);
        }
        let mut bytes = vec![0; length];
        let whole = fill(&mut self.input, &mut bytes)? && crc32fast::hash(&bytes) == u32::from_le_bytes(sum);
        Ok(whole.then_some(bytes))
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, LogError>;

    fn next(&mut self) -> Option<Result<Entry, LogError>> {
        if self.ended {
            return None;
        }
        let frame = self.next_frame();
        // What stands behind a broken frame counts for nothing, even if it looks whole.
        self.ended = !matches!(frame, Ok(Some(_)));
        let bytes = match frame {
            Ok(bytes) => bytes?,
            Err(error) => return Some(Err(LogError::io(&self.path, error))),
        };
        // A frame with the right checksum was written so: when it cannot be read, the program is at fault, not a crash.
        let Ok(entry) = postcard::from_bytes(&bytes) else {
            return Some(Err(LogError::Corrupt(self.path.clone(), self.valid_bytes)));
        };
        self.valid_bytes += (FRAME_HEAD + bytes.len()) as u64;
        Some(Ok(entry))
    }
}

fn starts_with_frame(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_first_chunk::<FRAME_HEAD>() else { return false };
    let [a, b, c, d, sum @ ..] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let entry = rest.get(..length).filter(|_| (1..=ENTRY_BYTES).contains(&length));
    entry.is_some_and(|entry| crc32fast::hash(entry) == u32::from_le_bytes(sum))
}

/// Reads as many bytes as `buffer` has; `false` when the file ends before.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use causeway_core::id::AttemptId;
    use causeway_core::time::Timestamp;

    use super::super::record::{End, State};
    use super::*;

    fn ended(attempt: u128) -> Entry {
        Entry::Ended(End { attempt: AttemptId(attempt), state: State::Settled, at: Timestamp(300) })
    }

    #[test]
    fn damage_in_the_middle_is_no_torn_end() {
        let mut bytes = Vec::new();
        (1..=3).for_each(|attempt| frame(&ended(attempt), &mut bytes));
        let middle = bytes.len() / 2;
        let tail = |bytes: &[u8]| {
            let (_directory, path) = segment(bytes);
            let mut entries = read(&path).unwrap();
            entries.by_ref().for_each(|entry| drop(entry.unwrap()));
            entries.must_be_cut_short()
        };
        assert!(tail(&bytes).is_ok());
        assert!(tail(&bytes[..bytes.len() - 3]).is_ok());
        bytes[middle] ^= 1;
        assert!(matches!(tail(&bytes), Err(LogError::Corrupt(..))));
    }

    fn segment(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("segment");
        std::fs::write(&path, [&HEAD[..], bytes].concat()).unwrap();
        (directory, path)
    }

    /// The checksum was computed with Python's `zlib.crc32`.
    #[test]
    fn the_form_of_a_frame_is_fixed() {
        let mut bytes = Vec::new();
        frame(&ended(0x0102), &mut bytes);
        let mut expected = vec![20, 0, 0, 0];
        expected.extend_from_slice(&CHECKSUM.to_le_bytes());
        expected.extend_from_slice(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0xac, 2]);
        assert_eq!(bytes, expected);
    }

    const CHECKSUM: u32 = 3_201_212_147;

    #[test]
    fn a_cut_at_any_byte_loses_only_the_last_frame() {
        let mut bytes = Vec::new();
        frame(&ended(1), &mut bytes);
        let first = bytes.len();
        frame(&ended(2), &mut bytes);
        for cut in first..bytes.len() {
            let (_directory, path) = segment(&bytes[..cut]);
            let mut entries = read(&path).unwrap();
            assert_eq!(entries.by_ref().map(Result::unwrap).collect::<Vec<_>>(), [ended(1)], "cut at {cut}");
            assert_eq!(entries.torn_bytes(), (cut - first) as u64);
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_segment() {
        let mut bytes = Vec::new();
        frame(&ended(1), &mut bytes);
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 4;
            let (_directory, path) = segment(&flipped);
            assert!(read(&path).unwrap().next().is_none(), "byte {place}");
        }
    }

    #[test]
    fn other_files_and_newer_versions_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("segment");
        std::fs::write(&path, b"CWRAIL\0\x02").unwrap();
        assert!(matches!(read(&path), Err(LogError::Version(_, 2))));
        std::fs::write(&path, b"something else").unwrap();
        assert!(matches!(read(&path), Err(LogError::Corrupt(_, 0))));
    }
}
