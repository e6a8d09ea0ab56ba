//! JSON-RPC hex into fixed-size values, without allocating.

use alloy::primitives::{Address, B256, U256};

/// A quantity of at most 64 bits, `0x` included.
pub(crate) fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0u64, |value, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
}

/// A quantity of at most 32 bits.
pub(crate) fn quantity_u32(text: &str) -> Option<u32> {
    u32::try_from(quantity(text)?).ok()
}

/// A quantity of at most 256 bits.
pub(crate) fn quantity_u256(text: &str) -> Option<U256> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty() || digits.len() > 64 {
        return None;
    }
    U256::from_str_radix(digits, 16).ok()
}

/// Exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?;
    let mut out = [0; N];
    alloy::hex::decode_to_slice(digits, &mut out).ok()?;
    Some(out)
}

/// A 32-byte hash.
pub(crate) fn hash(text: &str) -> Option<B256> {
    fixed(text).map(B256::new)
}

/// A 20-byte address.
pub(crate) fn address(text: &str) -> Option<Address> {
    fixed(text).map(Address::new)
}

/// Any number of bytes; the length is bounded by the body's.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    alloy::hex::decode(text.strip_prefix("0x")?).ok()
}

/// Up to `N` bytes, and how many; `None` if malformed, or longer than fits.
pub(crate) fn bounded<const N: usize>(text: &str) -> Option<([u8; N], usize)> {
    let digits = text.strip_prefix("0x")?;
    let len = digits.len() / 2;
    let mut out = [0; N];
    alloy::hex::decode_to_slice(digits, out.get_mut(..len)?).ok()?;
    Some((out, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_or_refused() {
        for (text, expected) in [
            ("0x0", Some(0)),
            ("0xfF", Some(255)),
            ("0xffffffffffffffff", Some(u64::MAX)),
            ("0x00000001", Some(1)),
            ("0x10000000000000000", None),
            ("0x", None),
            ("12", None),
            ("0xg", None),
            ("0x-1", None),
            ("0x+1", None),
        ] {
            assert_eq!(quantity(text), expected, "{text}");
        }
        assert_eq!(quantity_u256("0x"), None);
        assert_eq!(
            quantity_u256(&format!("0x{}", "f".repeat(64))),
            Some(U256::MAX)
        );
    }

    #[test]
    fn bytes_have_their_exact_length() {
        assert_eq!(fixed::<2>("0x0aFf"), Some([10, 255]));
        for bad in ["0x0aff00", "0x0a", "0aff", "0x0af", "0xzzzz"] {
            assert_eq!(fixed::<2>(bad), None, "{bad}");
        }
        assert_eq!(bounded::<4>("0x0102"), Some(([1, 2, 0, 0], 2)));
        assert_eq!(bounded::<4>("0x"), Some(([0; 4], 0)));
        assert_eq!(bounded::<1>("0x0102"), None);
        assert_eq!(bounded::<4>("0x012"), None);
    }
}
