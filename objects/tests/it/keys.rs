//! Keys and digests: what is one, what is none, and that reading undoes writing.

use proptest::prelude::*;
use tidegauge_objects::{MOST_KEY_BYTES, ObjectError, ObjectKey, Sha256, Stamp};

#[test]
fn what_is_no_key_says_why() {
    let long = "k/".repeat(MOST_KEY_BYTES / 2);
    let part = "p".repeat(201);
    for (text, words) in [
        ("", "empty"),
        ("/a", "begins or ends with a slash"),
        ("a/", "begins or ends with a slash"),
        ("a//b", "begins or ends with a slash"),
        (".", "begins with a dot"),
        ("a/../b", "begins with a dot"),
        ("a/.hidden", "begins with a dot"),
        ("a b", "printable ASCII"),
        ("a\nb", "printable ASCII"),
        ("é", "printable ASCII"),
        (&format!("{long}k"), "longer than 512"),
        (&part, "longer than 200"),
    ] {
        let error = ObjectKey::new(text).unwrap_err();
        assert!(matches!(error, ObjectError::Key { .. }));
        assert!(error.to_string().contains(words), "{text:?}: {error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let longest = &long[..MOST_KEY_BYTES - 1];
    assert!(ObjectKey::new(longest).is_ok());
    assert!(ObjectKey::new(longest).unwrap().join("x").is_err());
}

#[test]
fn a_digest_reads_as_it_is_written() {
    // The empty message's, by FIPS 180.
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Sha256::of(b"").to_string(), empty);
    assert_eq!(empty.parse::<Sha256>().unwrap(), Sha256::of(b""));
    let json = serde_json::to_string(&Stamp::of(b"")).unwrap();
    assert_eq!(json, format!(r#"{{"bytes":0,"sha256":"{empty}"}}"#));
    assert_eq!(
        serde_json::from_str::<Stamp>(&json).unwrap(),
        Stamp::of(b"")
    );
    for wrong in [
        "",
        "e3",
        &empty[1..],
        &format!("{empty}0"),
        &empty.to_uppercase(),
        &empty.replace('e', "g"),
        &format!("é{}", &empty[2..]),
    ] {
        assert!(wrong.parse::<Sha256>().is_err(), "{wrong}");
    }
}

proptest! {
    /// Whatever is taken as a key is safe as a path and as a URL's path, and reads as it is written.
    #[test]
    fn a_key_stays_below_its_place(text in "[ -~/.é\u{0}]{0,40}") {
        if let Ok(key) = ObjectKey::new(&text) {
            prop_assert_eq!(key.to_string(), text.as_str());
            prop_assert_eq!(key.as_ref(), text.as_str());
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<ObjectKey>(&json).unwrap(), key.clone());
            let path = std::path::Path::new(key.as_ref());
            prop_assert!(path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
            prop_assert_eq!(path.components().count(), text.split('/').count());
            prop_assert!(key.join("x").unwrap() > key);
        }
    }

    /// Parts of graphic characters make a key, whichever they are.
    #[test]
    fn graphic_parts_make_a_key(parts in prop::collection::vec("[!-\\-0-~][!-.0-~]{0,20}", 1..8)) {
        prop_assert!(ObjectKey::new(&parts.join("/")).is_ok(), "{parts:?}");
    }
}
