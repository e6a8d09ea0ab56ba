//! Signatures of webhooks, out and in: `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a
//! point and the body as it is sent (as GitHub and Stripe do it).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SCHEME: &str = "sha256=";

/// Bytes of a signature.
pub(crate) const SIGNATURE_BYTES: usize = 32;

/// Signs what is sent.
pub(crate) fn sign(key: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut text = String::from(SCHEME);
    if let Some(mac) = mac(key, timestamp, body) {
        for byte in mac.finalize().into_bytes() {
            text.push_str(&format!("{byte:02x}"));
        }
    }
    text
}

/// The signature, if one of the keys made it. Every key is tried, each compared in constant time: how
/// long it takes says nothing.
pub(crate) fn verified<'a>(
    keys: impl Iterator<Item = &'a [u8]>,
    timestamp: &str,
    body: &[u8],
    signature: &str,
) -> Option<[u8; SIGNATURE_BYTES]> {
    let claimed = read(signature)?;
    let mut found = None;
    for key in keys {
        let Some(mac) = mac(key, timestamp, body) else {
            continue;
        };
        if mac.verify_slice(&claimed).is_ok() {
            found = Some(claimed);
        }
    }
    found
}

/// 64 lower-case hex digits, no more, no less: one signature has one form.
fn read(signature: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let digits = signature.strip_prefix(SCHEME)?.as_bytes();
    let mut bytes = [0; SIGNATURE_BYTES];
    if digits.len() != 2 * SIGNATURE_BYTES {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        });
        *byte = high? << 4 | low?;
    }
    Some(bytes)
}

fn mac(key: &[u8], timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length is one.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_others() {
        // printf '1704500000.{}' | openssl dgst -sha256 -hmac secret
        let expected = "sha256=cc89d9291a96277cb6018e277bd0c2318d3ec39540e690d14702c6ec67c751e0";
        assert_eq!(sign(b"secret", "1704500000", b"{}"), expected);
        let keys = || [b"old".as_slice(), b"secret"].into_iter();
        assert!(verified(keys(), "1704500000", b"{}", expected).is_some());
        for (timestamp, body, signature) in [
            ("1704500001", "{}", expected.to_owned()),
            ("1704500000", "{ }", expected.to_owned()),
            ("1704500000", "{}", expected.to_uppercase()),
            ("1704500000", "{}", expected[..70].to_owned()),
            ("1704500000", "{}", format!("{expected}00")),
            ("1704500000", "{}", expected.replace("sha256=", "")),
            ("1704500000", "{}", expected.replace("sha256=", "sha1=")),
            ("1704500000", "{}", String::new()),
        ] {
            let found = verified(keys(), timestamp, body.as_bytes(), &signature);
            assert!(found.is_none(), "{timestamp} {body} {signature}");
        }
        assert!(verified(std::iter::empty(), "1704500000", b"{}", expected).is_none());
    }
}
