//! URLs of databases and settings: read strictly, printed without secrets, contradictions refused.

use tidegauge_sync::{
    Auth, Database, Password, PasswordSource, PostgresCause, PostgresSettings, PostgresUrl, Server,
    SyncError, TlsMode,
};

fn read(text: &str) -> Result<PostgresUrl, String> {
    text.parse().map_err(|e: SyncError| {
        assert_eq!(e.postgres_cause(), Some(PostgresCause::Settings));
        e.to_string()
    })
}

#[test]
fn a_url_leads_where_it_says() {
    for (text, printed) in [
        (
            "postgres://u:p@db.example/main",
            "postgres://u:***@db.example:5432/main",
        ),
        (
            "postgresql://u@db.example:6000/main",
            "postgres://u@db.example:6000/main",
        ),
        (
            "postgres://u:p%40%2Fss@[::1]:1/m",
            "postgres://u:***@[::1]:1/m",
        ),
        (
            "postgres://u:@10.0.0.1/m?sslmode=verify-full",
            "postgres://u@10.0.0.1:5432/m",
        ),
        (
            "postgres://u@%2Frun%2Fpg/m",
            "postgres:///m?host=/run/pg&port=5432&user=u",
        ),
        (
            "postgres:///?host=/run/pg&port=7&user=u&password=p&dbname=m",
            "postgres:///m?host=/run/pg&port=7&user=u&password=***",
        ),
    ] {
        let url = read(text).expect(text);
        assert_eq!(url.to_string(), printed);
        assert_eq!(format!("{url:?}"), printed);
        // What is printed reads again, apart from the password.
        assert_eq!(
            read(&printed.replace(":***", "").replace("&password=***", ""))
                .expect(printed)
                .server,
            url.server
        );
    }
}

#[test]
fn a_refused_url_says_why_and_is_not_repeated() {
    for (text, expected) in [
        ("s3cret", "cannot be read"),
        ("mysql://u:s3cret@h/d", "does not begin with postgres://"),
        ("postgres://u:s3cret@/d", "cannot be read"),
        ("postgres:///d?user=u&password=s3cret", "names no host"),
        ("postgres://:s3cret@h/d", "names no user"),
        ("postgres://u:s3cret@h", "names no database"),
        ("postgres://u:s3c#ret@h/d", ""),
        ("postgres://u:s3cret@h/d#x", "write %23"),
        (
            "postgres://u:s3cret@h/d?sslmode=require",
            "sslmode=require, which does not prove",
        ),
        (
            "postgres://u:s3cret@h/d?sslmode=yes",
            "sslmode that is not known",
        ),
        (
            "postgres://u:s3cret@h/d?options=-csearch_path%3Dx",
            "parameter `options`",
        ),
        ("postgres://u:s3cret@h/d?host=a,b", "several hosts"),
        ("postgres://u:s3cret@h/d?port=x", "no number as port"),
        ("postgres://u:s3cret%00user@h/d", "NUL"),
        ("postgres://u:s3cret@h/%FF", "no UTF-8"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("s3c"), "{error}");
        assert!(
            error.contains("write postgres://USER:PASSWORD@HOST"),
            "{error}"
        );
    }
}

#[derive(Debug)]
struct Token;

impl PasswordSource for Token {
    fn password<'a>(
        &'a self,
        _: &'a Server,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Password, SyncError>> + Send + 'a>> {
        Box::pin(async { Ok(Password::new("token")) })
    }
}

#[test]
fn settings_that_contradict_themselves_are_refused() {
    let far = "postgres://u:s3cret@db.example/d";
    let near = "postgres://u:s3cret@localhost/d";
    let socket = "postgres://u@%2Frun%2Fpg/d".to_owned();
    let token = || Auth::Source(std::sync::Arc::new(Token));
    type Change = Box<dyn Fn(&mut PostgresSettings)>;
    let changed: [(&str, Change, Option<&str>); 12] = [
        (far, Box::new(|_| {}), None),
        (near, Box::new(|_| {}), None),
        (&socket, Box::new(|_| {}), None),
        (far, Box::new(|s| s.tls = TlsMode::Disable), None),
        (far, Box::new(move |s| s.auth = token()), None),
        (
            "postgres://u@h/d?sslmode=disable",
            Box::new(|s| s.tls = TlsMode::VerifyFull),
            Some("contradict each other"),
        ),
        (
            &socket,
            Box::new(|s| s.tls = TlsMode::VerifyFull),
            Some("a unix socket speaks no TLS"),
        ),
        (
            far,
            Box::new(|s| {
                s.tls = TlsMode::Disable;
                s.ca_file = Some("ca.pem".into());
            }),
            Some("a CA file is given, but TLS is off"),
        ),
        (
            far,
            Box::new(move |s| {
                s.tls = TlsMode::Disable;
                s.auth = Auth::Source(std::sync::Arc::new(Token));
            }),
            Some("a token would be sent in the open"),
        ),
        (
            far,
            Box::new(|s| s.schema = "Public".to_owned()),
            Some("sync.postgres.schema = `Public`"),
        ),
        (
            far,
            Box::new(|s| s.schema = "a\"; DROP".to_owned()),
            Some("write lower-case letters"),
        ),
        (
            far,
            Box::new(|s| s.schema = "pg_toast".to_owned()),
            Some("not pg_"),
        ),
    ];
    for (url, change, expected) in changed {
        let mut settings = PostgresSettings::new(read(url).expect(url));
        change(&mut settings);
        let shown = format!("{settings:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        match (Database::new(settings), expected) {
            (Ok(_), None) => {}
            (Err(e), Some(expected)) => {
                assert_eq!(e.postgres_cause(), Some(PostgresCause::Settings));
                let e = e.to_string();
                assert!(e.contains(expected) && !e.contains("s3cret"), "{e}");
            }
            (result, _) => panic!("{url}: {result:?}, expected {expected:?}"),
        }
    }
}
