//! The records of what a store says about itself: its format and its mode.

use super::numbers::Numbered;
use super::{Malformed, read, write};
use crate::id::Mode;

/// Appends the record of the format's number.
pub fn encode_format(format: u32, out: &mut Vec<u8>) {
    write(out, &format);
}

/// Reads the record of the format's number.
pub fn decode_format(bytes: &[u8]) -> Result<u32, Malformed> {
    read(bytes)
}

/// Appends the record of the mode.
pub fn encode_mode(mode: Mode, out: &mut Vec<u8>) {
    write(out, &mode.number());
}

/// Reads the record of the mode.
pub fn decode_mode(bytes: &[u8]) -> Result<Mode, Malformed> {
    Mode::from_number(read(bytes)?)
}
