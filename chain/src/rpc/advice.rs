//! Numbers in an endpoint's words: the limit it names, the width it suggests.

/// The block-range limit that a text names: the number after a word of limit, else the smallest.
pub(super) fn limit_in(text: &str) -> Option<u64> {
    const WORDS: [&str; 7] = [
        "max",
        "limit",
        "up to",
        "allowed",
        "over",
        "set to",
        "larger than",
    ];
    let numbers = decimals(text);
    let after_word = numbers.iter().rev().find(|(at, _)| {
        let lead = text.get(at.saturating_sub(24)..*at).unwrap_or_default();
        WORDS.iter().any(|word| lead.contains(word))
    });
    after_word
        .or_else(|| numbers.iter().min_by_key(|(_, value)| *value))
        .map(|(_, value)| *value)
        .filter(|value| *value > 0)
}

/// Decimal numbers with their places; `10,000` and `1k` are understood, hex is left out.
fn decimals(text: &str) -> Vec<(usize, u64)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        let in_word = start > 0 && (bytes[start - 1].is_ascii_alphanumeric());
        let mut value = 0u64;
        while at < bytes.len() {
            match bytes[at] {
                digit @ b'0'..=b'9' => {
                    value = value
                        .saturating_mul(10)
                        .saturating_add(u64::from(digit - b'0'));
                }
                b',' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
                _ => break,
            }
            at += 1;
        }
        let suffix = bytes.get(at).copied();
        let ends_word = |offset: usize| {
            !bytes
                .get(at + offset)
                .is_some_and(u8::is_ascii_alphanumeric)
        };
        if suffix == Some(b'k') && ends_word(1) {
            value = value.saturating_mul(1_000);
            at += 1;
        } else if !ends_word(0) {
            // `0x…`, an identifier, or something in a URL.
            while bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                at += 1;
            }
            continue;
        }
        if !in_word {
            found.push((start, value));
        }
    }
    found
}

/// The width of a range that a text suggests: `[0x…, 0x…]`, `from`/`to` in the data, or `A-B`.
///
/// Only the width: providers have suggested the very range that failed, and inverted ones.
pub(super) fn width_in(text: &str) -> Option<u64> {
    let hex: Vec<u64> = text
        .match_indices("0x")
        .filter_map(|(at, _)| {
            let digits = text.get(at + 2..)?;
            let end = digits
                .find(|c: char| !c.is_ascii_hexdigit())
                .unwrap_or(digits.len());
            u64::from_str_radix(digits.get(..end)?, 16).ok()
        })
        .collect();
    let pair = match hex.as_slice() {
        // Infura repeats the data's range in the words.
        [from, to] | [from, to, ..] => Some((*from, *to)),
        _ => text.split_whitespace().find_map(|word| {
            let (from, to) = word.trim_end_matches('.').split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        }),
    };
    let (from, to) = pair?;
    to.checked_sub(from)?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_widths_are_read() {
        for (text, limit, width) in [
            (
                "up to a 500 block range. this should work: [0x1be4213, 0x1be4406]",
                Some(500),
                Some(500),
            ),
            ("limited to a 10,000 blocks range", Some(10_000), None),
            (
                "eth_getlogs range is too large, max is 1k blocks",
                Some(1_000),
                None,
            ),
            (
                "block range = 5120, max block range = 5000",
                Some(5_000),
                None,
            ),
            (
                "requested too many blocks from 1 to 5000, maximum is set to 2048",
                Some(2_048),
                None,
            ),
            (
                "block range too large (2000), maximum allowed is 1000 blocks",
                Some(1_000),
                None,
            ),
            (
                "retry with the range 25766988-25775072",
                Some(25_766_988),
                Some(8_085),
            ),
            ("block range: [0x10, 0x5]", None, None),
        ] {
            if text.contains("range") && !text.starts_with("retry") {
                assert_eq!(limit_in(text), limit, "{text}");
            }
            assert_eq!(width_in(text), width, "{text}");
        }
    }
}
