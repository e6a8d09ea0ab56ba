//! Tokens, byte for byte as botocore 1.44.5 makes them (`generate_db_auth_token`, its clock fixed).

use std::time::{Duration, SystemTime};
use tidegauge_cloud::{CloudError, Keys, RdsLogin, RdsToken, Region};

/// 2024-01-05T12:00:00Z.
const NOON: Duration = Duration::from_secs(1_704_456_000);
const HOST: &str = "db.abc123.eu-west-1.rds.amazonaws.com";
const KEY: [&str; 2] = ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"];
const SESSION: &str = "FwoGZXIvYXdzE//token+with/signs==";
const SIGNED: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20240105%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20240105T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
const WITH_SESSION: &str = "&X-Amz-Security-Token=FwoGZXIvYXdzE%2F%2Ftoken%2Bwith%2Fsigns%3D%3D";

fn login(port: u16, user: &str) -> RdsLogin {
    RdsLogin {
        host: HOST.to_owned(),
        port,
        user: user.to_owned(),
    }
}

/// What stands between `&`, in order: the server does not mind it.
fn parts(token: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = token.split('&').collect();
    parts.sort_unstable();
    parts
}

#[test]
fn tokens_are_botocores() {
    let strange = "tide gauge+~*é";
    for (login, session, user, signature) in [
        (
            login(5432, "tidegauge"),
            None,
            "tidegauge",
            "03df920ae986973d61eae7b1ab7874dc5aebc837428eaf6b531096362acb9bba",
        ),
        (
            login(6543, strange),
            None,
            "tide%20gauge%2B~%2A%C3%A9",
            "8aee6419093e8de36ad8170e79390577b34c03a9b412671ef74da152ad620030",
        ),
        (
            login(5432, "tidegauge"),
            Some(SESSION),
            "tidegauge",
            "f53761e756f5185de031287b13f6249c2ade46ea33a1d0d0d72b0e548901986c",
        ),
        (
            login(6543, strange),
            Some(SESSION),
            "tide%20gauge%2B~%2A%C3%A9",
            "7966bb7e9973acd4ce5ffcdff2f0da2021edf945ddf8d24e305031ea115b7aef",
        ),
    ] {
        let keys = Keys::new(KEY, session);
        let now = SystemTime::UNIX_EPOCH + NOON;
        let token = RdsToken::sign(&login, &keys, "eu-west-1", now).unwrap();
        let with_session = session.map_or("", |_| WITH_SESSION);
        let expected = format!(
            "{HOST}:{}/?Action=connect&DBUser={user}&{SIGNED}{with_session}&X-Amz-Signature={signature}",
            login.port
        );
        assert_eq!(parts(token.reveal()), parts(&expected));
        assert!(
            token
                .reveal()
                .starts_with(&format!("{HOST}:{}/?Action=connect&", login.port))
        );
        // Neither keys nor tokens are shown.
        let shown = format!("{token:?} {keys:?}");
        assert!(
            !shown.contains(KEY[1]) && !shown.contains(signature),
            "{shown}"
        );
        assert!(!shown.contains(SESSION), "{shown}");
    }
}

#[test]
fn a_host_that_is_none_is_refused() {
    let mut login = login(1, "u");
    login.host = "not a host".to_owned();
    let keys = Keys::new(KEY, None);
    let error = RdsToken::sign(&login, &keys, "eu-west-1", SystemTime::UNIX_EPOCH + NOON);
    assert!(
        matches!(error, Err(CloudError::Unsigned { .. })),
        "{error:?}"
    );
}

#[test]
fn a_region_is_read_from_an_endpoint_alone() {
    for (host, region) in [
        (HOST, Some("eu-west-1")),
        (
            "c.cluster-ro-abc.us-gov-east-1.rds.amazonaws.com",
            Some("us-gov-east-1"),
        ),
        ("db.abc.cn-north-1.rds.amazonaws.com.cn", Some("cn-north-1")),
        (
            "p.proxy-abc.ap-southeast-2.rds.amazonaws.com.",
            Some("ap-southeast-2"),
        ),
        ("db.example.com", None),
        ("eu-west-1.rds.amazonaws.com", None),
        ("localhost", None),
    ] {
        assert_eq!(
            Region::of(host).map(|r| r.to_string()).as_deref(),
            region,
            "{host}"
        );
    }
    for (name, good) in [
        ("eu-west-1", true),
        ("EU", false),
        ("eu", false),
        ("", false),
        ("eu-west-1/x", false),
    ] {
        assert_eq!(Region::new(name).is_some(), good, "{name}");
    }
}
