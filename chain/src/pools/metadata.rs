//! What tokens say of themselves, read with tolerance and kept within bounds.

use alloy::primitives::U256;
use tidegauge_model::Refusal;

/// Longest symbol or name kept, in characters.
const MAX_TEXT_CHARS: usize = 64;

/// Most decimals that a 256-bit amount can have: 10⁷⁷ < 2²⁵⁶ < 10⁷⁸.
const MAX_DECIMALS: u8 = 77;

/// A symbol or name: an ABI string, or the bytes32 of tokens from before that was usual.
pub(super) fn text(returned: &[u8]) -> Option<String> {
    let raw = match returned.len() {
        32 => returned,
        _ => abi_string(returned)?,
    };
    let end = raw.iter().rposition(|byte| *byte != 0)? + 1;
    printable(&String::from_utf8_lossy(raw.get(..end)?))
}

/// `decimals()`.
pub(super) fn decimals(returned: Option<&[u8]>) -> Result<u8, Refusal> {
    let word = returned
        .and_then(|bytes| bytes.first_chunk::<32>())
        .ok_or(Refusal::DecimalsMissing)?;
    u8::try_from(U256::from_be_bytes(*word))
        .ok()
        .filter(|decimals| *decimals <= MAX_DECIMALS)
        .ok_or(Refusal::DecimalsAbsurd)
}

fn abi_string(returned: &[u8]) -> Option<&[u8]> {
    let length_at = usize_at(returned, 0)?;
    let length = usize_at(returned, length_at)?;
    let start = length_at.checked_add(32)?;
    returned.get(start..start.checked_add(length)?)
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..)?.first_chunk::<32>()?;
    usize::try_from(U256::from_be_bytes(*word)).ok()
}

fn printable(text: &str) -> Option<String> {
    let clean: String = text
        .chars()
        .filter(|c| !c.is_control() && !is_deceptive(*c))
        .take(MAX_TEXT_CHARS)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// Characters that change how the text around them is shown, or do not show at all.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol_types::SolValue;

    fn word(value: u64) -> [u8; 32] {
        U256::from(value).to_be_bytes()
    }

    #[test]
    fn texts_are_read_in_both_encodings() {
        let mut bytes32 = [0u8; 32];
        bytes32[..3].copy_from_slice(b"MKR");
        for (returned, expected) in [
            (bytes32.to_vec(), Some("MKR")),
            (String::from("USDC").abi_encode(), Some("USDC")),
            (String::from(" a\u{202e}b\n ").abi_encode(), Some("ab")),
            (String::new().abi_encode(), None),
            (Vec::new(), None),
            (vec![0; 32], None),
            (vec![0xff; 96], None),
            (vec![0xff; 40], None),
        ] {
            assert_eq!(text(&returned).as_deref(), expected, "{returned:?}");
        }
        let long = "x".repeat(10_000).abi_encode();
        assert_eq!(text(&long).map(|text| text.len()), Some(MAX_TEXT_CHARS));
    }

    #[test]
    fn decimals_are_bounded() {
        for (returned, expected) in [
            (word(0).to_vec(), Ok(0)),
            (word(18).to_vec(), Ok(18)),
            (word(77).to_vec(), Ok(77)),
            (word(78).to_vec(), Err(Refusal::DecimalsAbsurd)),
            (word(255).to_vec(), Err(Refusal::DecimalsAbsurd)),
            (vec![0xff; 32], Err(Refusal::DecimalsAbsurd)),
            (vec![], Err(Refusal::DecimalsMissing)),
            (vec![0; 31], Err(Refusal::DecimalsMissing)),
        ] {
            assert_eq!(decimals(Some(&returned)), expected, "{returned:?}");
        }
        assert_eq!(decimals(None), Err(Refusal::DecimalsMissing));
    }
}
