//! Settings and flags that do not hold: exit code 2, the key named, the nearest right one too.

use crate::support::{Program, exits_with_one_error};

#[test]
fn what_does_not_hold_is_named() {
    let cases: [(&[&str], &[&str]); 10] = [
        (
            &["--set=chain.rpc_url=http://127.0.0.1:1", "config", "check"],
            &["chain.rpc_url`", "chain.rpc_urls"],
        ),
        (
            &["--set=chain.max_in_flight=0", "config", "check"],
            &["chain.max_in_flight", "1 to 256"],
        ),
        (
            &["--set=chain.start=yesterday", "config", "check"],
            &["yesterday"],
        ),
        (
            &["--set=api.listen=0.0.0.0:8080", "config", "check"],
            &["api.listen", "127.0.0.1"],
        ),
        (
            &["--set=storage", "config", "check"],
            &["--set section.key=value"],
        ),
        (
            &["--config=/nonexistent/tidegauge.toml", "config", "check"],
            &["/nonexistent/tidegauge.toml"],
        ),
        (
            &[
                "--set=chain.factories=[\"0x12\"]",
                "--set=chain.rpc_urls=http://127.0.0.1:1",
                "backfill",
                "--last",
                "1d",
            ],
            &["chain.factories", "0x12"],
        ),
        (&["backfill", "--last", "1d"], &["chain.rpc_urls"]),
        (
            &[
                "--set=chain.rpc_urls=http://127.0.0.1:1",
                "backfill",
                "--pool",
                "0x12",
                "--last",
                "1d",
            ],
            &["0x12", "pool"],
        ),
        (&["backfil"], &["backfill"]),
    ];
    for (arguments, words) in cases {
        exits_with_one_error(&Program::new(arguments).run(), 2, words);
    }
}

#[test]
fn keys_in_addresses_stay_secret() {
    let url = "http://127.0.0.1:1/v2/canary-key-0123456789";
    for arguments in [
        &["config", "print"][..],
        &["--set=chain.max_in_flight=0", "config", "check"],
        &["status"],
    ] {
        let outcome = Program::new(arguments)
            .env("TIDEGAUGE_CHAIN__RPC_URLS", url)
            .run();
        assert!(
            !(outcome.stdout + &outcome.stderr).contains("canary"),
            "{arguments:?}"
        );
    }
}
