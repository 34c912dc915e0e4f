//! Protobuf's wire format, read where it lies: nothing is copied or allocated for what a file claims, and no generated
//! types make two bytes of a hostile file into hundreds in memory.

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Integers and enumerations.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Text, bytes, messages and packed lists.
    Bytes(&'a [u8]),
    /// Four bytes, such as a float.
    Fixed32(u32),
}

/// The bytes are not what they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not an ONNX model: its bytes are not well-formed protobuf")]
pub struct Malformed;

/// The fields of one message in their order.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Those of the message in `bytes`.
    pub fn of(bytes: &'a [u8]) -> Fields<'a> {
        Fields { rest: bytes }
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Malformed)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(count).map_err(|_| Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N as u64)?.try_into().map_err(|_| Malformed)
    }

    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups were given up before ONNX began.
            _ => return Err(Malformed),
        };
        if number == 0 { Err(Malformed) } else { Ok((number, value)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Value<'a> {
    /// As the bytes of a message or a text.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => Err(Malformed),
        }
    }

    /// As text.
    pub fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    /// As an integer.
    pub fn integer(self) -> Result<i64, Malformed> {
        match self {
            Value::Varint(value) => Ok(value.cast_signed()),
            Value::Bytes(_) | Value::Fixed64(_) | Value::Fixed32(_) => Err(Malformed),
        }
    }

    /// Adds the integers of a list to `into`, packed or one by one, until it has more than `limit`.
    pub fn integers(self, into: &mut Vec<i64>, limit: usize) -> Result<(), Malformed> {
        match self {
            Value::Bytes(bytes) => {
                let mut packed = Fields::of(bytes);
                while !packed.rest.is_empty() && into.len() <= limit {
                    into.push(packed.varint()?.cast_signed());
                }
                Ok(())
            }
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => {
                into.push(self.integer()?);
                Ok(())
            }
        }
    }

    /// How many floats of four bytes a list has here, packed or one by one.
    pub fn floats(self) -> Result<u64, Malformed> {
        match self {
            Value::Bytes(bytes) if bytes.len() % 4 == 0 => Ok(bytes.len() as u64 / 4),
            Value::Fixed32(_) => Ok(1),
            Value::Bytes(_) | Value::Varint(_) | Value::Fixed64(_) => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_read_in_order() {
        // Field 1 is 150, field 2 the text "hi", field 3 the float 1.0.
        let bytes = [8, 150, 1, 18, 2, b'h', b'i', 29, 0, 0, 128, 63];
        let fields: Vec<_> = Fields::of(&bytes).map(Result::unwrap).collect();
        let expected = [(1, Value::Varint(150)), (2, Value::Bytes(b"hi")), (3, Value::Fixed32(1.0_f32.to_bits()))];
        assert_eq!(fields, expected);
    }

    #[test]
    fn what_ends_too_early_is_malformed() {
        for bytes in
            [&[8][..], &[18, 5, 1], &[18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], &[29, 1], &[3], &[2]]
        {
            assert_eq!(Fields::of(bytes).last(), Some(Err(Malformed)), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn fuzz_any_bytes_end(bytes: Vec<u8>) {
            let count = Fields::of(&bytes).count();
            prop_assert!(count <= bytes.len());
        }
    }
}
