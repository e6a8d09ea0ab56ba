//! What was told of troubles.

use super::{read, write};
use crate::alert_keys::{parse_heard_key, parse_spool_key, parse_told_key};
use crate::alerts::{HeardMessage, SpooledAlert, ToldAlert};
use crate::codec_error::CodecError;
use bincode::{Decode, Encode};
use tidegauge_model::UnixSeconds;

const BOOK_VERSION: u8 = 1;
const TOLD_VERSION: u8 = 1;
const SPOOL_VERSION: u8 = 1;
const HEARD_VERSION: u8 = 1;

pub(crate) fn encode_alert_book(book: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(BOOK_VERSION, &book, out)
}

pub(crate) fn decode_alert_book(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    read(BOOK_VERSION, bytes)
}

pub(crate) fn encode_told_alert(alert: &ToldAlert, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(TOLD_VERSION, &alert.body, out)
}

pub(crate) fn decode_told_alert(key: &[u8], bytes: &[u8]) -> Result<ToldAlert, CodecError> {
    Ok(ToldAlert {
        id: parse_told_key(key)?,
        body: read(TOLD_VERSION, bytes)?,
    })
}

#[derive(Encode, Decode)]
struct SpoolValue {
    body: String,
    since: u64,
    attempts: u32,
    error: Option<String>,
    given_up: bool,
}

pub(crate) fn encode_spooled_alert(
    alert: &SpooledAlert,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let value = SpoolValue {
        body: alert.body.clone(),
        since: alert.since.0,
        attempts: alert.attempts,
        error: alert.error.clone(),
        given_up: alert.given_up,
    };
    write(SPOOL_VERSION, &value, out)
}

pub(crate) fn decode_spooled_alert(key: &[u8], bytes: &[u8]) -> Result<SpooledAlert, CodecError> {
    let (sink, id) = parse_spool_key(key)?;
    let value: SpoolValue = read(SPOOL_VERSION, bytes)?;
    Ok(SpooledAlert {
        sink,
        id,
        body: value.body,
        since: UnixSeconds(value.since),
        attempts: value.attempts,
        error: value.error,
        given_up: value.given_up,
    })
}

pub(crate) fn encode_heard_message(
    message: &HeardMessage,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    write(HEARD_VERSION, &(&message.from, &message.body), out)
}

pub(crate) fn decode_heard_message(key: &[u8], bytes: &[u8]) -> Result<HeardMessage, CodecError> {
    let (at, nonce) = parse_heard_key(key)?;
    let (from, body) = read(HEARD_VERSION, bytes)?;
    Ok(HeardMessage {
        at,
        nonce,
        from,
        body,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::alert_keys::{heard_key, spool_key, told_key};
    use crate::alerts::NONCE_BYTES;
    use alloy_primitives::hex;

    #[test]
    fn golden_bytes_of_alerts() {
        let told = ToldAlert {
            id: 0x0102_0304_0506,
            body: "{}".to_owned(),
        };
        let mut value = Vec::new();
        encode_told_alert(&told, &mut value).unwrap();
        assert_eq!(hex::encode(told_key(told.id)), "010000010203040506");
        assert_eq!(hex::encode(&value), "01027b7d");
        assert_eq!(decode_told_alert(&told_key(told.id), &value).unwrap(), told);

        let spooled = SpooledAlert {
            sink: "pager".to_owned(),
            id: 7,
            body: "{}".to_owned(),
            since: UnixSeconds(1_704_500_000),
            attempts: 2,
            error: Some("503".to_owned()),
            given_up: true,
        };
        let key = spool_key(&spooled.sink, spooled.id);
        value.clear();
        encode_spooled_alert(&spooled, &mut value).unwrap();
        assert_eq!(hex::encode(&key), "020570616765720000000000000007");
        assert_eq!(hex::encode(&value), "01027b7dfc209b986502010335303301");
        assert_eq!(decode_spooled_alert(&key, &value).unwrap(), spooled);

        let heard = HeardMessage {
            at: UnixSeconds(1_704_500_000),
            nonce: [0xab; NONCE_BYTES],
            from: "key 1".to_owned(),
            body: "{}".to_owned(),
        };
        let key = heard_key(heard.at, &heard.nonce);
        value.clear();
        encode_heard_message(&heard, &mut value).unwrap();
        assert_eq!(
            hex::encode(&key),
            format!("030000000065989b20{}", "ab".repeat(32))
        );
        assert_eq!(hex::encode(&value), "01056b65792031027b7d");
        assert_eq!(decode_heard_message(&key, &value).unwrap(), heard);

        value.clear();
        encode_alert_book(b"book", &mut value).unwrap();
        assert_eq!(hex::encode(&value), "0104626f6f6b");
        assert_eq!(decode_alert_book(&value).unwrap(), b"book");
    }
}
