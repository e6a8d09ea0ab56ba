//! Connections to real servers: what is wrong is told by its cause, with what to do about it.

use crate::support::{
    certificates::Certificate,
    cluster::{Cluster, Kind, PASSWORD},
    proxy::{Mode, TcpProxy},
};
use sqlx::{Connection, Executor, Row};
use std::time::{Duration, Instant};
use tidegauge_model::ErrorClass;
use tidegauge_sync::{
    Auth, Database, Password, PasswordSource, PostgresCause, PostgresSettings, Server, SyncError,
    TlsMode,
};

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings::new(url.parse().expect(url))
}

/// Connects, expecting failure of a cause that says these words and no password.
async fn fails(settings: PostgresSettings, cause: PostgresCause, words: &[&str]) -> SyncError {
    let error = Database::new(settings)
        .expect("settings hold")
        .connect()
        .await
        .expect_err("connected");
    let text = error.to_string();
    assert_eq!(error.postgres_cause(), Some(cause), "{text}");
    for word in words.iter().chain(&["Postgres at postgres://"]) {
        assert!(text.contains(word), "{text}: lacks {word}");
    }
    assert!(
        !text.contains(PASSWORD) && !text.contains("wr0ng"),
        "{text}"
    );
    error
}

#[tokio::test]
async fn a_plain_server_is_told_apart_from_each_mistake() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let mut connection = Database::new(settings(&cluster.url()))
        .unwrap()
        .connect()
        .await
        .expect("loopback needs no TLS");
    let row = connection
        .fetch_one(
            "SELECT current_setting('application_name'), current_setting('tcp_user_timeout'), \
             current_setting('extra_float_digits'), current_setting('client_connection_check_interval')",
        )
        .await
        .unwrap();
    let shown: Vec<String> = (0..4).map(|i| row.get(i)).collect();
    assert_eq!(shown, ["tidegauge", "15000", "1", "5s"]);
    connection.close().await.unwrap();
    // By its socket, without a password.
    let socket = Database::new(settings(&cluster.socket_url())).unwrap();
    socket.connect().await.expect("the socket");

    let wrong = settings(&cluster.url_as("admin", "wr0ng"));
    let error = fails(
        wrong,
        PostgresCause::WrongPassword,
        &["28P01", "sync.postgres.url"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Refused);
    let nobody = settings(&cluster.url_as("nobody", "wr0ng"));
    fails(nobody, PostgresCause::WrongPassword, &["nobody"]).await;
    let no_database = cluster.url().rsplit_once('/').unwrap().0.to_owned() + "/elsewhere";
    fails(
        settings(&no_database),
        PostgresCause::NoDatabase,
        &["elsewhere", "3D000", "create it"],
    )
    .await;
    let mut tls = settings(&cluster.url());
    tls.tls = TlsMode::VerifyFull;
    fails(
        tls,
        PostgresCause::NoTls,
        &["does not offer TLS", "tls = \"disable\""],
    )
    .await;

    cluster.sql("CREATE DATABASE narrow ENCODING 'SQL_ASCII' TEMPLATE template0");
    let narrow = cluster.url().rsplit_once('/').unwrap().0.to_owned() + "/narrow";
    fails(
        settings(&narrow),
        PostgresCause::Encoding,
        &["it is SQL_ASCII"],
    )
    .await;
    cluster.sql("CREATE ROLE watcher LOGIN PASSWORD 'w'");
    cluster.sql("ALTER ROLE watcher SET default_transaction_read_only = on");
    let watcher = settings(&cluster.url_as("watcher", "w"));
    let error = fails(
        watcher,
        PostgresCause::ReadOnly,
        &["default_transaction_read_only"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[tokio::test]
async fn an_address_without_a_server_is_told_from_a_name_without_an_address() {
    let port = crate::support::guard::free_port();
    let refused = settings(&format!("postgres://u:wr0ng@127.0.0.1:{port}/d"));
    let error = fails(
        refused,
        PostgresCause::Unreachable,
        &["cannot be reached", "refused"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Transient);
    let socket = settings("postgres://u@%2Fno%2Fsuch%2Ffolder/d");
    fails(
        socket,
        PostgresCause::Unreachable,
        &["?host=/no/such/folder"],
    )
    .await;
    let unknown = settings("postgres://u:wr0ng@no-such-host.invalid/d");
    let error = fails(
        unknown,
        PostgresCause::UnknownHost,
        &["the host is not known", "no-such-host.invalid"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let begun = Instant::now();
    let silent = settings(&format!("postgres://u:wr0ng@127.0.0.1:{port}/d"));
    let error = fails(silent, PostgresCause::Deadline, &["within 5s"]).await;
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn tls_proves_to_whom_one_speaks() {
    for (certificate, expected) in [
        (Certificate::Good, None),
        (
            Certificate::Expired,
            Some((PostgresCause::ExpiredCertificate, "renew")),
        ),
        (
            Certificate::WrongName,
            Some((PostgresCause::WrongName, "elsewhere.example")),
        ),
        (
            Certificate::Foreign,
            Some((PostgresCause::UntrustedCertificate, "ca_file")),
        ),
    ] {
        let Some(cluster) = Cluster::start(Kind::Tls(certificate)) else {
            return;
        };
        let mut trusting = settings(&cluster.url());
        trusting.ca_file = Some(cluster.ca_file());
        if let Some((cause, words)) = expected {
            let error = fails(trusting, cause, &[words]).await;
            assert_eq!(error.class(), ErrorClass::Refused);
            continue;
        }
        let row = Database::new(trusting.clone())
            .unwrap()
            .connect()
            .await
            .expect("a good certificate")
            .fetch_one("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            .await
            .unwrap();
        assert!(row.get::<bool, _>(0));
        assert_eq!(row.get::<String, _>(1), "TLSv1.3");
        // Without the authority nobody is trusted; without TLS the server admits nobody.
        let mut alone = settings(&cluster.url());
        alone.tls = TlsMode::VerifyFull;
        fails(
            alone,
            PostgresCause::UntrustedCertificate,
            &["global-bundle.pem"],
        )
        .await;
        let plain = settings(&cluster.url());
        fails(
            plain,
            PostgresCause::NotAdmitted,
            &["no encryption", "pg_hba.conf", "28000"],
        )
        .await;
        for (text, problem) in [
            ("", "holds no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAA", "broken"),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            trusting.ca_file = Some(file.path().to_owned());
            fails(
                trusting.clone(),
                PostgresCause::Settings,
                &["sync.postgres.ca_file", problem],
            )
            .await;
        }
        trusting.ca_file = Some("/no/such/bundle.pem".into());
        fails(
            trusting,
            PostgresCause::Settings,
            &["/no/such/bundle.pem", "No such file"],
        )
        .await;
    }
}

#[tokio::test]
async fn a_standby_is_left_alone() {
    let Some(primary) = Cluster::start(Kind::Plain) else {
        return;
    };
    let standby = primary.standby();
    let error = fails(
        settings(&standby.url()),
        PostgresCause::ReadOnly,
        &["standby", "writer endpoint"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Transient);
}

#[tokio::test]
async fn what_the_server_refuses_later_has_its_cause() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    cluster.sql("CREATE TABLE held (id int PRIMARY KEY); CREATE TABLE ours (); CREATE ROLE guest LOGIN PASSWORD 'g'");
    let database = Database::new(settings(&cluster.url())).unwrap();
    let mut holder = database.connect().await.unwrap();
    holder.execute("BEGIN; LOCK TABLE held").await.unwrap();
    let guest = Database::new(settings(&cluster.url_as("guest", "g"))).unwrap();
    use {ErrorClass as C, PostgresCause as P};
    for (whose, sql, cause, class, words) in [
        (
            &guest,
            "SELECT * FROM ours",
            P::Privilege,
            C::Refused,
            "table ours",
        ),
        (
            &guest,
            "CREATE TABLE public.t (a int)",
            P::Privilege,
            C::Refused,
            "schema public",
        ),
        (
            &database,
            "SET lock_timeout = 50; SELECT * FROM held",
            P::LockTimeout,
            C::Transient,
            "pg_locks",
        ),
        (
            &database,
            "SET statement_timeout = 50; SELECT pg_sleep(9)",
            P::StatementTimeout,
            C::Transient,
            "too long",
        ),
        (
            &database,
            "SELECT * FROM absent",
            P::Schema,
            C::Refused,
            "by hand",
        ),
        (
            &database,
            "SELECT absent FROM pg_class",
            P::Schema,
            C::Refused,
            "42703",
        ),
        (
            &database,
            "SELECT pg_terminate_backend(pg_backend_pid())",
            P::Shutdown,
            C::Transient,
            "57P01",
        ),
        (
            &database,
            "SET transaction_read_only = on; CREATE TABLE t ()",
            P::ReadOnly,
            C::Transient,
            "25006",
        ),
        (
            &database,
            "SELECT 1/0",
            P::Value,
            C::Corrupt,
            "division by zero",
        ),
        (
            &database,
            "CREATE TABLE u (a int UNIQUE); INSERT INTO u VALUES (1), (1)",
            P::Constraint,
            C::Corrupt,
            "23505",
        ),
        (&database, "SELEKT", P::Other, C::Refused, "SELEKT"),
    ] {
        let mut connection = whose.connect().await.unwrap();
        let error: SyncError = connection.execute(sql).await.expect_err(sql).into();
        let text = error.to_string();
        assert_eq!(
            (error.postgres_cause(), error.class()),
            (Some(cause), class),
            "{text}"
        );
        assert!(text.contains(words), "{text}: lacks {words}");
    }
}

#[tokio::test]
async fn too_many_connections_pass_by_themselves() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    cluster.sql("CREATE ROLE one LOGIN PASSWORD 'o' CONNECTION LIMIT 1");
    let database = Database::new(settings(&cluster.url_as("one", "o"))).unwrap();
    let first = database.connect().await.unwrap();
    let error = fails(
        settings(&cluster.url_as("one", "o")),
        PostgresCause::TooManyConnections,
        &["53300"],
    )
    .await;
    assert_eq!(error.class(), ErrorClass::Transient);
    drop(first);
}

#[tokio::test]
async fn a_lost_connection_is_transient_and_the_next_one_is_fresh() {
    let Some(mut cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let proxy = TcpProxy::start(cluster.port());
    let through = cluster
        .url()
        .replace(&cluster.port().to_string(), &proxy.port().to_string());
    let database = Database::new(settings(&through)).unwrap();
    cluster.sql("CREATE TABLE kept (a int)");

    // The server dies under a connection.
    let mut connection = database.connect().await.unwrap();
    cluster.kill();
    let error: SyncError = connection
        .execute("SELECT 1")
        .await
        .expect_err("dead")
        .into();
    assert_eq!(error.postgres_cause(), Some(PostgresCause::Lost), "{error}");
    assert_eq!(error.class(), ErrorClass::Transient);
    cluster.restart();

    // The same COMMIT, lost on its way there and on its way back: the error is the same.
    for (mode, rows) in [
        (Mode::CutBefore(b"COMMIT".to_vec()), "0"),
        (Mode::CutAfter(b"COMMIT".to_vec()), "1"),
    ] {
        let mut connection = database.connect().await.unwrap();
        connection
            .execute("BEGIN; INSERT INTO kept VALUES (1)")
            .await
            .unwrap();
        proxy.set(mode);
        let error: SyncError = connection.execute("COMMIT").await.expect_err("cut").into();
        assert_eq!(error.postgres_cause(), Some(PostgresCause::Lost), "{error}");
        assert_eq!(cluster.sql("SELECT count(*) FROM kept"), rows);
    }
    assert_eq!(proxy.cuts(), 2);
    database.connect().await.expect("the line is whole again");
    proxy.set(Mode::Refuse);
    let error = database.connect().await.expect_err("refused");
    assert_eq!(error.class(), ErrorClass::Transient, "{error}");
}

/// Gives the wrong password the first time, the right one later, as a secret that is rotated.
#[derive(Debug, Default)]
struct Rotated(std::sync::atomic::AtomicBool);

impl PasswordSource for Rotated {
    fn password<'a>(
        &'a self,
        server: &'a Server,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Password, SyncError>> + Send + 'a>> {
        Box::pin(async {
            assert_eq!(
                (server.host.as_str(), server.user.as_str()),
                ("localhost", "admin")
            );
            let again = self.0.swap(true, std::sync::atomic::Ordering::SeqCst);
            Ok(Password::new(if again { PASSWORD } else { "wr0ng" }))
        })
    }
}

#[tokio::test]
async fn a_source_is_asked_for_each_connection() {
    let Some(cluster) = Cluster::start(Kind::Tls(Certificate::Good)) else {
        return;
    };
    let mut rotating = settings(&cluster.url_as("admin", "unused"));
    rotating.ca_file = Some(cluster.ca_file());
    rotating.auth = Auth::Source(std::sync::Arc::new(Rotated::default()));
    let database = Database::new(rotating).unwrap();
    let error = database.connect().await.expect_err("the old secret");
    assert_eq!(error.postgres_cause(), Some(PostgresCause::WrongPassword));
    database.connect().await.expect("the new secret");
}
