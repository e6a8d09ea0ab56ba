//! CBOR (RFC 8949) as JSON: as much of it as AWS's clients write.

use serde_json::{Map, Number, Value};

/// Reads one value; what follows it is ignored.
pub(crate) fn read(bytes: &[u8]) -> Value {
    let mut rest = bytes;
    value(&mut rest).expect("CBOR")
}

fn value(from: &mut &[u8]) -> Option<Value> {
    let first = take(from, 1)?[0];
    let (major, minor) = (first >> 5, first & 31);
    // Strings, arrays and maps without a length end with a break.
    if minor == 31 && (2..=5).contains(&major) {
        return endless(major, from);
    }
    let number = argument(minor, from)?;
    Some(match major {
        0 => number.into(),
        1 => (-1 - i64::try_from(number).ok()?).into(),
        2 | 3 => text(take(from, usize::try_from(number).ok()?)?),
        4 => Value::Array((0..number).map(|_| value(from)).collect::<Option<_>>()?),
        5 => {
            let pairs = (0..number).map(|_| Some((key(from)?, value(from)?)));
            Value::Object(pairs.collect::<Option<Map<_, _>>>()?)
        }
        // What a tag means its value says.
        6 => value(from)?,
        _ => match minor {
            20 | 21 => (minor == 21).into(),
            26 => float(f32::from_bits(u32::try_from(number).ok()?).into()),
            27 => float(f64::from_bits(number)),
            _ => Value::Null,
        },
    })
}

fn endless(major: u8, from: &mut &[u8]) -> Option<Value> {
    let (mut items, mut pairs) = (Vec::new(), Map::new());
    while *from.first()? != 0xff {
        match major {
            5 => drop(pairs.insert(key(from)?, value(from)?)),
            _ => items.push(value(from)?),
        }
    }
    take(from, 1)?;
    Some(match major {
        5 => Value::Object(pairs),
        4 => Value::Array(items),
        _ => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<String>()
            .into(),
    })
}

fn argument(minor: u8, from: &mut &[u8]) -> Option<u64> {
    let length = match minor {
        0..=23 => return Some(minor.into()),
        24..=27 => 1 << (minor - 24),
        _ => return None,
    };
    let bytes = take(from, length)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

fn key(from: &mut &[u8]) -> Option<String> {
    Some(value(from)?.as_str()?.to_owned())
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}
