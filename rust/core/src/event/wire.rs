//! Protobuf wire format over a slice: tags, varints, lengths.
//!
//! `None` means "not the regular shape": truncated, overlong, a group, a number out of range. The
//! caller then hands the whole record to the slow path ([`super::canonical`]), which decides
//! whether the bytes are merely unusual or no message at all. So nothing here needs an error type,
//! and the fast path needs no second opinion on what is legal.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

/// A field's payload, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64([u8; 8]),
    /// Wire type 2.
    Bytes(&'a [u8]),
    /// Wire type 5.
    Fixed32([u8; 4]),
}

/// Walks the fields of one message.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of `message`.
    #[inline(always)]
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Whether the message is used up.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field's number and payload.
    #[inline(always)]
    #[expect(
        clippy::should_implement_trait,
        reason = "None is not the end but a fault"
    )]
    pub fn next(&mut self) -> Option<(u32, Field<'a>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3)
            .ok()
            .filter(|n| *n != 0 && key <= u64::from(u32::MAX))?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Fixed64(self.fixed()?),
            2 => Field::Bytes(self.bytes()?),
            5 => Field::Fixed32(self.fixed()?),
            _ => return None,
        };
        Some((number, field))
    }

    /// A base-128 number of at most ten bytes.
    #[inline(always)]
    pub fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.rest.split_first()?;
        if first < 0x80 {
            self.rest = rest;
            return Some(u64::from(first));
        }
        // Steps are mostly of two or three bytes.
        if let Some((&[second, third], _)) = rest.split_first_chunk::<2>() {
            let low = u64::from(first & 0x7f) | u64::from(second & 0x7f) << 7;
            if second < 0x80 {
                self.rest = &rest[1..];
                return Some(low);
            }
            if third < 0x80 {
                self.rest = &rest[2..];
                return Some(low | u64::from(third) << 14);
            }
        }
        self.long_varint()
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for (i, &byte) in self.rest.iter().enumerate().take(10) {
            if i == 9 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte < 0x80 {
                self.rest = &self.rest[i + 1..];
                return Some(value);
            }
        }
        None
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    /// `N` bytes.
    #[inline(always)]
    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.fixed_bytes().copied()
    }

    /// What has not been walked yet.
    #[inline(always)]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// `N` bytes, borrowed.
    #[inline(always)]
    pub fn fixed_bytes<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(bytes)
    }

    /// The last varint of field `number` in what has not been walked yet.
    #[cold]
    pub fn last_varint(mut self, number: u32) -> Option<u64> {
        let mut last = None;
        while let Some((n, field)) = self.next() {
            match field {
                Field::Varint(v) if n == number => last = Some(v),
                _ => {}
            }
        }
        last
    }

    /// Takes `byte` if it is next: how the hot loops look at a one-byte key.
    #[inline(always)]
    pub fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// Appends a base-128 number.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_read_back(value: u64, tail: Vec<u8>) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let length = bytes.len();
            bytes.extend(&tail);
            let mut fields = Fields::of(&bytes);
            prop_assert_eq!(fields.varint(), Some(value));
            prop_assert_eq!(fields.rest, &tail);
            for cut in 0..length {
                prop_assert_eq!(Fields::of(&bytes[..cut]).varint(), None);
            }
        }

        #[test]
        fn any_bytes_end_without_panic(bytes: Vec<u8>) {
            let mut fields = Fields::of(&bytes);
            while !fields.is_empty() && fields.next().is_some() {}
        }
    }

    #[test]
    fn the_tenth_byte_holds_one_bit() {
        let mut bytes = [0xff; 10];
        bytes[9] = 1;
        assert_eq!(Fields::of(&bytes).varint(), Some(u64::MAX));
        bytes[9] = 2;
        assert_eq!(Fields::of(&bytes).varint(), None);
        assert_eq!(Fields::of(&[0x80; 11]).varint(), None);
    }
}
