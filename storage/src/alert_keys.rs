//! Keys of alerts: a kind, then
//!
//! ```text
//! book  0
//! told  1 | number u64
//! spool 2 | length u8, sink | number u64
//! ```

use crate::codec_error::CodecError;

pub(crate) const BOOK_KEY: &[u8] = &[0];
const TOLD: u8 = 1;
const SPOOL: u8 = 2;

pub(crate) fn told_key(id: u64) -> Vec<u8> {
    let mut key = vec![TOLD];
    key.extend_from_slice(&id.to_be_bytes());
    key
}

pub(crate) fn parse_told_key(key: &[u8]) -> Result<u64, CodecError> {
    match key.split_first() {
        Some((&TOLD, id)) => number(id),
        _ => Err(CodecError::Impossible("kind")),
    }
}

pub(crate) fn told_bounds() -> (Vec<u8>, Vec<u8>) {
    (vec![TOLD], vec![TOLD + 1])
}

/// Names longer than a byte counts are cut: they are refused where they are read.
pub(crate) fn spool_key(sink: &str, id: u64) -> Vec<u8> {
    let name = sink.as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    let mut key = vec![SPOOL, length];
    key.extend_from_slice(&name[..usize::from(length)]);
    key.extend_from_slice(&id.to_be_bytes());
    key
}

pub(crate) fn parse_spool_key(key: &[u8]) -> Result<(String, u64), CodecError> {
    let impossible = CodecError::Impossible;
    let [SPOOL, length, rest @ ..] = key else {
        return Err(impossible("kind"));
    };
    let (name, id) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(impossible("sink"))?;
    let name = std::str::from_utf8(name).map_err(|_| impossible("sink"))?;
    Ok((name.to_owned(), number(id)?))
}

pub(crate) fn spool_bounds() -> (Vec<u8>, Vec<u8>) {
    (vec![SPOOL], vec![SPOOL + 1])
}

fn number(bytes: &[u8]) -> Result<u64, CodecError> {
    let bytes = bytes.try_into().map_err(|_| CodecError::KeyWidth {
        expected: 8,
        found: bytes.len(),
    })?;
    Ok(u64::from_be_bytes(bytes))
}
