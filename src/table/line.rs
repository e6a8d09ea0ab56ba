//! Lines of a CSV file, none longer than we allow.

use crate::error::Error;
use std::io::{BufRead, Read};

/// A row of theirs has some 250 bytes; what is far longer is no such file.
const MOST_LINE_BYTES: u64 = 64 << 10;

/// Reads the next line without its end; `None` at the end of the file.
pub(crate) fn next_line(
    from: &mut impl BufRead,
    name: &str,
    number: u64,
) -> Result<Option<String>, Error> {
    let mut bytes = Vec::new();
    let read = from
        .by_ref()
        .take(MOST_LINE_BYTES + 1)
        .read_until(b'\n', &mut bytes)
        .map_err(Error::io(format!("read line {number} of {name}")))?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    } else if bytes.len() as u64 > MOST_LINE_BYTES {
        return Err(Error::Usage(format!(
            "line {number} of {name} is longer than {MOST_LINE_BYTES} bytes: this is no table of ours"
        )));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| Error::Usage(format!("line {number} of {name} is not UTF-8 text")))
}

/// The fields of a line (RFC 4180, without line breaks inside quotes); `None` where a quote is
/// left open or something follows one.
pub(crate) fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let field;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut text = String::new();
            let mut inside = quoted;
            loop {
                let end = inside.find('"')?;
                text.push_str(&inside[..end]);
                inside = &inside[end + 1..];
                match inside.strip_prefix('"') {
                    Some(more) => {
                        text.push('"');
                        inside = more;
                    }
                    None => break,
                }
            }
            field = text;
            rest = inside;
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            field = rest[..end].to_owned();
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some(fields),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_written() {
        for (line, expected) in [
            ("a,b", Some(vec!["a", "b"])),
            ("", Some(vec![""])),
            (",", Some(vec!["", ""])),
            ("\"a,\"\"b\"\"\",c", Some(vec!["a,\"b\"", "c"])),
            ("\"a", None),
            ("\"a\"b,c", None),
            ("a\"b,c", Some(vec!["a\"b", "c"])),
        ] {
            let expected = expected.map(|e| e.into_iter().map(str::to_owned).collect());
            assert_eq!(fields(line), expected, "{line}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let long = vec![b'a'; MOST_LINE_BYTES as usize + 10];
        let said = next_line(&mut long.as_slice(), "f.csv", 3).unwrap_err();
        assert!(
            said.to_string().contains("line 3 of f.csv is longer"),
            "{said}"
        );
        let mut two = "a\r\nb".as_bytes();
        assert_eq!(next_line(&mut two, "f", 1).unwrap().unwrap(), "a");
        assert_eq!(next_line(&mut two, "f", 2).unwrap().unwrap(), "b");
        assert_eq!(next_line(&mut two, "f", 3).unwrap(), None);
        assert!(next_line(&mut &b"\xff\n"[..], "f", 1).is_err());
    }
}
