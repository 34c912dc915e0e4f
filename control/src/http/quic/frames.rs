//! Follows the frames of a stream on their way to h3.
//!
//! h3 holds a frame other than DATA until it is whole, however long that is; it takes an empty DATA frame for the end of a
//! body, and a body that ends within a frame for a whole one. So what passes is counted here, and what must not be is
//! stopped.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::super::exchange::HEAD_BYTES;

/// The longest frame other than DATA, in bytes. It lies above the bound on heads, which is told in words.
pub const FRAME_BYTES: usize = 2 * HEAD_BYTES;

/// Types of frames.
const DATA: u64 = 0;
const HEADERS: u64 = 1;
/// The type of a control stream, the only one of its direction whose frames h3 reads.
const CONTROL: u64 = 0;

/// Where in its frames a stream is.
pub struct Frames {
    part: Part,
    number: Number,
    /// Sections of headers so far: the head, then the trailers.
    sections: u8,
    /// Bytes of DATA so far.
    data: u64,
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A frame is longer than [`FRAME_BYTES`].
    #[error("a frame is too long")]
    TooLong,
    /// Something follows the trailers.
    #[error("a frame follows the trailers")]
    OutOfOrder,
    /// The stream ends within a frame.
    #[error("a frame is not whole")]
    Truncated,
}

/// What of a request has come, for whoever reads it through h3.
#[derive(Debug, Default)]
pub struct Arrived {
    data: AtomicU64,
    ended: AtomicBool,
}

enum Part {
    /// What a stream of one direction is for.
    Purpose,
    Type,
    Length(u64),
    Payload {
        left: u64,
        is_data: bool,
    },
    /// Nobody reads these.
    Unread,
}

/// A number of variable length that may come in pieces.
#[derive(Default)]
struct Number {
    value: u64,
    /// Bytes still to come, when it has begun.
    left: Option<u8>,
}

impl Frames {
    /// Of a stream that carries a request.
    pub fn of_request() -> Frames {
        Frames { part: Part::Type, number: Number::default(), sections: 0, data: 0 }
    }

    /// Of a stream of one direction.
    pub fn of_one_direction() -> Frames {
        Frames { part: Part::Purpose, ..Frames::of_request() }
    }

    /// These bytes come next.
    pub fn take(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match &mut self.part {
                Part::Unread => return Ok(()),
                Part::Payload { left, is_data } => {
                    let count = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= count as u64;
                    self.data += if *is_data { count as u64 } else { 0 };
                    bytes = &bytes[count..];
                    if *left == 0 {
                        self.part = Part::Type;
                    }
                }
                Part::Purpose | Part::Type | Part::Length(_) => {
                    let Some(value) = self.number.take(&mut bytes) else { return Ok(()) };
                    self.part = self.after(value)?;
                }
            }
        }
        Ok(())
    }

    /// Nothing comes after this.
    pub fn end(&self) -> Result<(), Fault> {
        let between = matches!(self.part, Part::Type) && self.number.left.is_none();
        if between || matches!(self.part, Part::Unread) { Ok(()) } else { Err(Fault::Truncated) }
    }

    /// What follows a number.
    fn after(&mut self, value: u64) -> Result<Part, Fault> {
        let kind = match self.part {
            Part::Purpose if value == CONTROL => return Ok(Part::Type),
            Part::Purpose => return Ok(Part::Unread),
            Part::Length(kind) => kind,
            Part::Type | Part::Payload { .. } | Part::Unread => return Ok(Part::Length(value)),
        };
        let is_data = kind == DATA;
        self.sections += u8::from(kind == HEADERS);
        if self.sections > 2 || self.sections == 2 && is_data {
            return Err(Fault::OutOfOrder);
        }
        if !is_data && value > FRAME_BYTES as u64 {
            return Err(Fault::TooLong);
        }
        Ok(if value == 0 { Part::Type } else { Part::Payload { left: value, is_data } })
    }
}

impl Arrived {
    /// What `frames` have counted, and whether that is all.
    pub fn note(&self, frames: &Frames, ended: bool) {
        self.data.store(frames.data, Relaxed);
        self.ended.store(ended, Relaxed);
    }

    /// Whether `taken` bytes are the whole body.
    pub fn is_all(&self, taken: u64) -> bool {
        self.ended.load(Relaxed) && self.data.load(Relaxed) == taken
    }
}

impl Number {
    /// Takes the bytes that belong to it; the number, once it is whole.
    fn take(&mut self, bytes: &mut &[u8]) -> Option<u64> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            let left = match self.left {
                // The two highest bits of the first byte say how many there are: 1, 2, 4 or 8.
                None => {
                    self.value = u64::from(byte & 0x3f);
                    (1 << (byte >> 6)) - 1
                }
                Some(left) => {
                    self.value = self.value << 8 | u64::from(byte);
                    left - 1
                }
            };
            if left == 0 {
                self.left = None;
                return Some(self.value);
            }
            self.left = Some(left);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of this type with this many bytes, of which only the first ones are there.
    fn frame(kind: u8, length: u32, there: usize) -> Vec<u8> {
        let length = (length | 0x8000_0000).to_be_bytes();
        [&[kind][..], &length, &vec![b'x'; there]].concat()
    }

    /// What becomes of these bytes, however they are cut: bytes of DATA, or what is wrong.
    fn follow(start: fn() -> Frames, bytes: &[u8]) -> Result<u64, Fault> {
        let run = |size: usize| {
            let mut frames = start();
            bytes.chunks(size).try_for_each(|piece| frames.take(piece))?;
            frames.end().map(|()| frames.data)
        };
        let outcome = run(usize::MAX);
        for size in 1..8 {
            assert_eq!(run(size), outcome, "in pieces of {size}");
        }
        outcome
    }

    #[test]
    fn data_is_counted_and_must_be_whole() {
        let request = |parts: &[Vec<u8>]| follow(Frames::of_request, &parts.concat());
        let (head, empty) = (frame(1, 20, 20), frame(0, 0, 0));
        assert_eq!(request(std::slice::from_ref(&head)), Ok(0));
        assert_eq!(request(&[head.clone(), frame(0, 7, 7), empty, frame(0, 3, 3), frame(1, 2, 2)]), Ok(10));
        assert_eq!(request(&[head.clone(), frame(0, 7, 6)]), Err(Fault::Truncated));
        assert_eq!(request(&[head.clone(), vec![0]]), Err(Fault::Truncated));
        assert_eq!(request(&[head.clone(), vec![0, 0x40]]), Err(Fault::Truncated));
        assert_eq!(request(&[head, frame(0x21, 5, 5), frame(0, 1, 1)]), Ok(1), "unknown frames pass");
    }

    #[test]
    fn long_frames_and_a_wrong_order_are_stopped_at_once() {
        let stops = |parts: &[Vec<u8>]| Frames::of_request().take(&parts.concat());
        let (head, bound) = (frame(1, 20, 20), FRAME_BYTES as u32);
        assert_eq!(stops(&[frame(1, bound, 0)]), Ok(()));
        assert_eq!(stops(&[frame(1, bound + 1, 0)]), Err(Fault::TooLong));
        assert_eq!(stops(&[head.clone(), frame(0x21, bound + 1, 0)]), Err(Fault::TooLong));
        assert_eq!(stops(&[head.clone(), frame(0, u32::MAX >> 2, 0)]), Ok(()), "bodies have a bound of their own");
        assert_eq!(stops(&[head.clone(), head.clone(), frame(0, 1, 1)]), Err(Fault::OutOfOrder));
        assert_eq!(stops(&[head.clone(), head.clone(), head]), Err(Fault::OutOfOrder));
    }

    #[test]
    fn of_streams_of_one_direction_only_control_is_followed() {
        let long = frame(4, FRAME_BYTES as u32 + 1, 0);
        let stops = |kind: u8| Frames::of_one_direction().take(&[&[kind][..], &long].concat());
        assert_eq!(stops(0), Err(Fault::TooLong));
        assert_eq!(stops(2), Ok(()));
        assert_eq!(follow(Frames::of_one_direction, &[2, 0xff, 0xff]), Ok(0));
    }
}
