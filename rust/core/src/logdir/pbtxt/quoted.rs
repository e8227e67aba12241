//! Quoted strings and the escapes in them, which are those of C.

use super::{Parser, Result};

impl Parser<'_> {
    /// One quoted piece of a string, its escapes read.
    pub(super) fn piece(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let bytes = self.text.as_bytes();
        let quote = bytes.get(self.at).copied();
        self.at += 1;
        loop {
            let byte = bytes.get(self.at).copied();
            self.at += 1;
            match byte {
                _ if byte == quote => return Ok(()),
                Some(b'\\') => self.escape(out)?,
                None | Some(b'\n') => return Err(self.error("the line ends inside a string")),
                Some(byte) => out.push(byte),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let byte = self.text.as_bytes().get(self.at).copied();
        self.at += 1;
        let plain = match byte {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 0x07,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'v') => 0x0b,
            Some(same @ (b'\\' | b'\'' | b'"' | b'?')) => same,
            Some(b'0'..=b'7') => {
                self.at -= 1;
                let code = self.digits(8, 1, 3)?;
                u8::try_from(code).map_err(|_| self.error("an octal escape above \\377"))?
            }
            Some(b'x' | b'X') => self.digits(16, 1, 2)? as u8,
            Some(b'u' | b'U') => {
                let width = if byte == Some(b'u') { 4 } else { 8 };
                let code = self.digits(16, width, width)?;
                let character = char::from_u32(code)
                    .ok_or_else(|| self.error(format!("U+{code:04X} is no character")))?;
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.at -= 1;
                return Err(self.error("a backslash that begins no escape"));
            }
        };
        out.push(plain);
        Ok(())
    }

    /// From `least` to `most` digits of an escape.
    fn digits(&mut self, radix: u32, least: usize, most: usize) -> Result<u32> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let mut code = 0;
        let mut count = 0;
        for &byte in rest.iter().take(most) {
            let Some(digit) = char::from(byte).to_digit(radix) else {
                break;
            };
            code = code * radix + digit;
            count += 1;
        }
        if count < least {
            return Err(self.error("an escape with too few digits"));
        }
        self.at += count;
        Ok(code)
    }
}
