//! 256-bit integers and addresses as few bytes: length, then trimmed big-endian bytes.

use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use tidegauge_model::{I256, U256};

/// An unsigned integer without leading zero bytes; zero has no bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unsigned(pub(super) U256);

/// An unsigned 128-bit integer, likewise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Short(pub(super) u128);

/// A signed integer in two's complement without redundant sign bytes; zero has no bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Signed(pub(super) I256);

impl Encode for Unsigned {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let bytes = self.0.to_be_bytes::<32>();
        write_trimmed(encoder, &bytes[leading(&bytes, 0)..])
    }
}

impl<C> Decode<C> for Unsigned {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (bytes, length) = read_trimmed::<32, D>(decoder, 0)?;
        canonical(length == 0 || bytes[32 - length] != 0)?;
        Ok(Self(U256::from_be_bytes(bytes)))
    }
}

impl Encode for Short {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let bytes = self.0.to_be_bytes();
        write_trimmed(encoder, &bytes[leading(&bytes, 0)..])
    }
}

impl<C> Decode<C> for Short {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let (bytes, length) = read_trimmed::<16, D>(decoder, 0)?;
        canonical(length == 0 || bytes[16 - length] != 0)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl Encode for Signed {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let bytes = self.0.to_be_bytes::<32>();
        write_trimmed(encoder, &bytes[redundant(&bytes)..])
    }
}

impl<C> Decode<C> for Signed {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let length = read_length(decoder, 32)?;
        let mut bytes = [0; 32];
        decoder.reader().read(&mut bytes[32 - length..])?;
        if length > 0 && bytes[32 - length] & 0x80 != 0 {
            bytes[..32 - length].fill(0xff);
        }
        canonical(is_short(&bytes[32 - length..]))?;
        Ok(Self(I256::from_be_bytes(bytes)))
    }
}

bincode::impl_borrow_decode!(Unsigned);
bincode::impl_borrow_decode!(Short);
bincode::impl_borrow_decode!(Signed);

/// How many bytes at the front equal `byte`.
fn leading(bytes: &[u8], byte: u8) -> usize {
    bytes.iter().position(|b| *b != byte).unwrap_or(bytes.len())
}

/// How many bytes at the front repeat the sign; all of them for zero.
fn redundant(bytes: &[u8; 32]) -> usize {
    let sign = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let same = leading(bytes, sign);
    if same == 32 {
        // Zero needs no byte, minus one needs one to carry the sign.
        return if sign == 0 { 32 } else { 31 };
    }
    if same > 0 && (bytes[same] ^ sign) & 0x80 != 0 {
        return same - 1;
    }
    same
}

/// Whether [`redundant`] would leave these bytes, and no fewer.
fn is_short(bytes: &[u8]) -> bool {
    match *bytes {
        [] => true,
        [only] => only != 0,
        [first, second, ..] => match first {
            0 => second & 0x80 != 0,
            0xff => second & 0x80 == 0,
            _ => true,
        },
    }
}

fn write_trimmed<E: Encoder>(encoder: &mut E, bytes: &[u8]) -> Result<(), EncodeError> {
    // One write for length and bytes: this runs four times a swap.
    let mut buffer = [0; 33];
    buffer[0] = bytes.len() as u8;
    buffer[1..=bytes.len()].copy_from_slice(bytes);
    encoder.writer().write(&buffer[..=bytes.len()])
}

fn read_trimmed<const MAX: usize, D: Decoder>(
    decoder: &mut D,
    fill: u8,
) -> Result<([u8; MAX], usize), DecodeError> {
    let length = read_length(decoder, MAX)?;
    let mut bytes = [fill; MAX];
    decoder.reader().read(&mut bytes[MAX - length..])?;
    Ok((bytes, length))
}

fn read_length<D: Decoder>(decoder: &mut D, max: usize) -> Result<usize, DecodeError> {
    let length = usize::from(u8::decode(decoder)?);
    decoder.claim_bytes_read(length)?;
    if length > max {
        return Err(DecodeError::Other("an integer is too wide"));
    }
    Ok(length)
}

/// Each integer has one encoding, so that equal values are equal bytes.
fn canonical(holds: bool) -> Result<(), DecodeError> {
    if holds {
        Ok(())
    } else {
        Err(DecodeError::Other("an integer has redundant bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short_if_none_is_redundant() {
        let corners = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];
        for a in corners {
            for b in corners {
                for c in corners {
                    for length in 0..=3 {
                        let given = &[a, b, c][..length];
                        let sign = given
                            .first()
                            .map_or(0, |f| if f & 0x80 == 0 { 0 } else { 0xff });
                        let mut whole = [sign; 32];
                        whole[32 - length..].copy_from_slice(given);
                        let right = redundant(&whole) == 32 - length;
                        assert_eq!(is_short(given), right, "{given:x?}");
                    }
                }
            }
        }
    }
}
