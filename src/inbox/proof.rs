//! Whether a message is of somebody we know, and of now.

use super::book::Message;
use crate::signature::verified;
use tidegauge_model::UnixSeconds;

/// How far a message's clock and ours may be apart.
const WINDOW_S: u64 = 300;

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// It is not proven. Who sent it is not told why.
    Unproven(String),
    /// It is theirs, and cannot be read.
    Malformed(String),
    /// It may be, and that cannot be told now.
    Unknown(String),
    /// It is, and cannot be kept now.
    Unkept,
}

/// A message that one of our keys signed within the last minutes.
pub(super) fn of_key(
    keys: &[Vec<u8>],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: UnixSeconds,
) -> Result<Message, Doubt> {
    let unproven = |why: &str| Doubt::Unproven(why.to_owned());
    let keys = keys.iter().map(Vec::as_slice);
    let Some(nonce) = verified(keys, timestamp, body, signature) else {
        return Err(unproven("no key of ours signed it"));
    };
    let at: u64 = timestamp
        .parse()
        .map_err(|_| unproven("its timestamp is no number"))?;
    if at.abs_diff(now.0) > WINDOW_S {
        return Err(unproven("it is not of now"));
    }
    Ok(Message {
        nonce,
        from: "webhook".to_owned(),
        body: object(body)?,
        is_repeated: false,
    })
}

/// A JSON object, as it came.
fn object(body: &[u8]) -> Result<String, Doubt> {
    let malformed = |why: String| Doubt::Malformed(why);
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
    let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    match read {
        Ok(_) => Ok(text.to_owned()),
        Err(e) => Err(malformed(format!("it is no JSON object: {e}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::sign;

    const NOW: UnixSeconds = UnixSeconds(1_704_500_000);

    fn ask(key: &str, timestamp: u64, body: &str) -> Result<Message, Doubt> {
        let timestamp = timestamp.to_string();
        let signature = sign(key.as_bytes(), &timestamp, body.as_bytes());
        let keys = [
            b"the older key of two".to_vec(),
            b"the newer key of two".to_vec(),
        ];
        of_key(&keys, &timestamp, &signature, body.as_bytes(), NOW)
    }

    #[test]
    fn either_key_within_five_minutes_is_taken() {
        for key in ["the older key of two", "the newer key of two"] {
            for at in [NOW.0 - 300, NOW.0, NOW.0 + 300] {
                let message = ask(key, at, r#"{"summary": "disk"}"#).unwrap();
                assert_eq!(message.body, r#"{"summary": "disk"}"#);
            }
        }
        for (key, at) in [
            ("another key of theirs", NOW.0),
            ("the newer key of two", NOW.0 - 301),
            ("the newer key of two", NOW.0 + 301),
        ] {
            let refused = ask(key, at, "{}").unwrap_err();
            assert!(matches!(refused, Doubt::Unproven(_)), "{refused:?}");
        }
        for body in ["", "[]", "{", "null", "{} {}"] {
            let refused = ask("the newer key of two", NOW.0, body).unwrap_err();
            assert!(
                matches!(refused, Doubt::Malformed(_)),
                "{body}: {refused:?}"
            );
        }
    }
}
