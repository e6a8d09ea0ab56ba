//! Keys of alerts: a kind, then
//!
//! ```text
//! book  0
//! told  1 | number u64
//! spool 2 | length u8, sink | number u64
//! heard 3 | Unix seconds u64 | nonce, 32 bytes
//! ```

use crate::alerts::NONCE_BYTES;
use crate::codec_error::CodecError;
use tidegauge_model::UnixSeconds;

pub(crate) const BOOK_KEY: &[u8] = &[0];
const TOLD: u8 = 1;
const SPOOL: u8 = 2;
const HEARD: u8 = 3;

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

pub(crate) fn heard_key(at: UnixSeconds, nonce: &[u8; NONCE_BYTES]) -> Vec<u8> {
    let mut key = vec![HEARD];
    key.extend_from_slice(&at.0.to_be_bytes());
    key.extend_from_slice(nonce);
    key
}

pub(crate) fn parse_heard_key(key: &[u8]) -> Result<(UnixSeconds, [u8; NONCE_BYTES]), CodecError> {
    let Some((&HEARD, rest)) = key.split_first() else {
        return Err(CodecError::Impossible("kind"));
    };
    let (at, nonce) = rest
        .split_at_checked(8)
        .ok_or(CodecError::Impossible("moment"))?;
    let nonce = nonce.try_into().map_err(|_| CodecError::KeyWidth {
        expected: NONCE_BYTES,
        found: nonce.len(),
    })?;
    Ok((UnixSeconds(number(at)?), nonce))
}

pub(crate) fn heard_bounds() -> (Vec<u8>, Vec<u8>) {
    (vec![HEARD], vec![HEARD + 1])
}

fn number(bytes: &[u8]) -> Result<u64, CodecError> {
    let bytes = bytes.try_into().map_err(|_| CodecError::KeyWidth {
        expected: 8,
        found: bytes.len(),
    })?;
    Ok(u64::from_be_bytes(bytes))
}
