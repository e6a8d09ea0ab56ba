//! Rows as binary COPY takes them: byte for byte what the server itself would send.

use crate::support::cluster::{Cluster, Kind};
use proptest::prelude::*;
use sqlx::{Executor, PgConnection, Row};
use tidegauge_model::{Day, I256, U256, UnixSeconds};
use tidegauge_sync::{CopyBuffer, CopyRow, Database, PostgresSettings};

/// Exact decimal text of a magnitude, by moving the point in its digits: the oracle.
fn decimal(negative: bool, magnitude: U256, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{magnitude:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let point = if scale == 0 { "" } else { "." };
    let sign = if negative && !magnitude.is_zero() {
        "-"
    } else {
        ""
    };
    format!("{sign}{whole}{point}{fraction}")
}

/// What a binary `numeric` says, read as its documentation writes it; digits at both ends count.
fn read_numeric(field: &[u8]) -> String {
    let at = |i: usize| i16::from_be_bytes([field[2 * i], field[2 * i + 1]]);
    let (count, weight, sign, scale) = (at(0), at(1), at(2), at(3) as usize);
    assert_eq!(field.len(), 8 + 2 * count as usize);
    let digit = |power: i16| {
        let index = weight - power;
        if (0..count).contains(&index) {
            at(4 + index as usize)
        } else {
            0
        }
    };
    if count > 0 {
        assert!(at(4) != 0 && at(3 + count as usize) != 0, "zeros at an end");
    }
    let mut whole: String = (0..=weight.max(0))
        .rev()
        .map(|p| format!("{:04}", digit(p)))
        .collect();
    whole = whole.trim_start_matches('0').to_owned();
    if whole.is_empty() {
        whole.push('0');
    }
    let groups = scale.div_ceil(4) as i16;
    let mut fraction: String = (1..=groups).map(|p| format!("{:04}", digit(-p))).collect();
    assert!(
        fraction.split_off(scale).bytes().all(|b| b == b'0'),
        "digits beyond the scale"
    );
    let sign = if sign == 0x4000 { "-" } else { "" };
    let point = if scale == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The one field of the one row.
fn field(fill: impl FnOnce(&mut CopyRow<'_>)) -> Vec<u8> {
    let mut buffer = CopyBuffer::new(1);
    fill(&mut buffer.row());
    let bytes = buffer.finish();
    bytes[19 + 2 + 4..bytes.len() - 2].to_vec()
}

fn magnitudes() -> impl Strategy<Value = U256> {
    // As many small ones as large ones: a random number of random bits, or near a power of ten.
    prop_oneof![
        (any::<[u8; 32]>(), 0..=256_usize).prop_map(|(bytes, bits)| U256::from_be_bytes(bytes)
            .checked_shr(256 - bits)
            .unwrap_or(U256::ZERO)),
        (0..=77_u32, -1..=1_i8).prop_map(|(power, by)| {
            let power = U256::from(10).pow(U256::from(power));
            match by {
                -1 => power - U256::from(1),
                0 => power,
                _ => power + U256::from(1),
            }
        }),
        Just(U256::MAX),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_integer_at_any_scale_is_exact(magnitude in magnitudes(), scale: u8, negative: bool) {
        let unsigned = field(|row| { row.numeric_u256(magnitude, scale); });
        prop_assert_eq!(read_numeric(&unsigned), decimal(false, magnitude, scale));
        let signed = I256::from_raw(if negative { magnitude.wrapping_neg() } else { magnitude });
        let written = field(|row| { row.numeric_i256(signed, scale); });
        prop_assert_eq!(
            read_numeric(&written),
            decimal(signed.is_negative(), signed.unsigned_abs(), scale)
        );
        if let Ok(narrow) = i128::try_from(signed) {
            prop_assert_eq!(field(|row| { row.numeric_i128(narrow, scale); }), written);
        }
    }
}

#[test]
fn bytes_of_numbers_stay_as_they_are() {
    // Taken from PostgreSQL 15: COPY (SELECT value) TO STDOUT (FORMAT binary).
    let ten = |power: u32| I256::try_from(10_i64.pow(power)).unwrap();
    for (value, scale, expected) in [
        (I256::ZERO, 0, "0000000000000000"),
        (I256::ZERO, 18, "0000000000000012"),
        (ten(0), 0, "00010000000000000001"),
        (-ten(0), 0, "00010000400000000001"),
        (ten(4), 0, "00010001000000000001"),
        (ten(0), 1, "0001ffff0000000103e8"),
        (ten(0), 18, "0001fffb000000120064"),
        (ten(18), 18, "00010000000000120001"),
    ] {
        let written: String = field(|row| {
            row.numeric_i256(value, scale);
        })
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
        assert_eq!(written, expected, "{value} / 10^{scale}");
    }
}

#[test]
fn a_row_of_another_width_is_a_fault_of_ours() {
    for fields in [0, 1, 3] {
        let filled = std::panic::catch_unwind(|| {
            let mut buffer = CopyBuffer::new(2);
            let mut row = buffer.row();
            for _ in 0..fields {
                row.null();
            }
        });
        assert!(filled.is_err(), "{fields} fields of 2");
    }
}

const TYPES: &str = "a text, b bytea, c smallint, d integer, e bigint, f boolean, g double precision, \
     h timestamptz, i date, j numeric, k numeric(78,0), l numeric(49,0), m text";

/// A row of every type, and the same in SQL.
fn every_type(buffer: &mut CopyBuffer) -> &'static str {
    buffer
        .row()
        .text("Tidegauge ü ⛵")
        .bytes(&[0, 1, 255])
        .i16(i16::MIN)
        .i32(i32::MIN)
        .i64(i64::MAX)
        .bool(true)
        .f64(-0.1)
        .timestamp(UnixSeconds(1_704_412_800))
        .date("2024-01-05".parse().unwrap())
        .numeric_i256(I256::MIN, 18)
        .numeric_i256(I256::MAX, 0)
        .numeric_u256(U256::from(1) << 160, 0)
        .null();
    buffer
        .row()
        .text("")
        .bytes(&[])
        .i16(0)
        .i32(0)
        .i64(0)
        .bool(false)
        .f64(f64::NAN)
        .timestamp(UnixSeconds(0))
        .date(Day::of(UnixSeconds(0)))
        .numeric_i128(-1, 255)
        .numeric_i128(i128::MIN, 0)
        .numeric_u256(U256::ZERO, 0)
        .text("x");
    buffer
        .row()
        .text("\u{fffd}")
        .bytes(&[7])
        .i16(1)
        .i32(1)
        .i64(1)
        .bool(true)
        .f64(1e300)
        .timestamp(UnixSeconds(u64::MAX))
        .date(Day::of(UnixSeconds(u64::MAX)))
        .numeric_i128(i128::MAX, 9)
        .null()
        .null()
        .null();
    "VALUES ('Tidegauge ü ⛵'::text, '\\x0001ff'::bytea, (-32768)::smallint, (-2147483648)::integer, \
     9223372036854775807::bigint, true, -0.1::double precision, \
     '2024-01-05 00:00:00Z'::timestamptz, '2024-01-05'::date, \
     -57896044618658097711785492504343953926634992332820282019728.792003956564819968::numeric, \
     57896044618658097711785492504343953926634992332820282019728792003956564819967::numeric, \
     (2::numeric ^ 160)::numeric(49,0), NULL::text), \
     ('', '', 0, 0, 0, false, 'NaN', '1970-01-01 00:00:00Z', '1970-01-01', \
     -('0.' || repeat('0', 254) || '1')::numeric, -170141183460469231731687303715884105728, 0, 'x'), \
     (U&'\\FFFD', '\\x07', 1, 1, 1, true, 1e300, 'infinity', '9999-12-31', \
     170141183460469231731687303715.884105727, NULL, NULL, NULL)"
}

async fn connect(cluster: &Cluster) -> PgConnection {
    Database::new(PostgresSettings::new(cluster.url().parse().unwrap()))
        .unwrap()
        .connect()
        .await
        .expect("a connection")
}

async fn copy_in(connection: &mut PgConnection, bytes: Vec<u8>) -> u64 {
    let mut copy = connection
        .copy_in_raw("COPY t FROM STDIN (FORMAT binary)")
        .await
        .unwrap();
    copy.send(bytes).await.unwrap();
    copy.finish().await.expect("the server takes it")
}

#[tokio::test]
async fn the_server_would_send_the_same_bytes() {
    use futures_util::TryStreamExt;
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let mut connection = connect(&cluster).await;
    let mut buffer = CopyBuffer::new(13);
    let sql = every_type(&mut buffer);
    assert_eq!(buffer.rows(), 3);
    let ours = buffer.finish();
    cluster.sql(&format!(
        "CREATE TABLE t ({TYPES}); CREATE TABLE theirs (LIKE t); INSERT INTO theirs {sql}"
    ));
    let theirs: Vec<u8> = connection
        .copy_out_raw("COPY theirs TO STDOUT (FORMAT binary)")
        .await
        .unwrap()
        .try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
        .unwrap();
    assert_eq!(ours, theirs);
    // And what it takes is what it was told.
    assert_eq!(copy_in(&mut connection, ours).await, 3);
    let differing = connection
        .fetch_all("(TABLE t EXCEPT TABLE theirs) UNION ALL (TABLE theirs EXCEPT TABLE t)")
        .await
        .unwrap();
    assert!(differing.is_empty());
}

#[tokio::test]
async fn a_nul_does_not_stop_the_mirror() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let mut connection = connect(&cluster).await;
    cluster.sql("CREATE TABLE t (a text)");
    let mut buffer = CopyBuffer::new(1);
    buffer.row().text("a\0b");
    assert_eq!(copy_in(&mut connection, buffer.finish()).await, 1);
    assert_eq!(cluster.sql("SELECT a FROM t"), "a\u{fffd}b");
}

#[test]
fn random_rows_read_back_as_text() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connection = tokio::sync::Mutex::new(runtime.block_on(connect(&cluster)));
    cluster.sql("CREATE TABLE t (n int, a numeric, b numeric, c text, d timestamptz)");
    let row = (
        magnitudes(),
        any::<u8>(),
        any::<bool>(),
        prop::option::of("[^\0]{0,12}"),
        0..4_102_444_800_u64,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(40));
    let checked = runner.run(&prop::collection::vec(row, 0..60), |rows| {
        let mut buffer = CopyBuffer::new(5);
        for (n, (magnitude, scale, negative, text, at)) in rows.iter().enumerate() {
            let signed = I256::from_raw(if *negative {
                magnitude.wrapping_neg()
            } else {
                *magnitude
            });
            let mut row = buffer.row();
            row.i32(n as i32)
                .numeric_u256(*magnitude, *scale)
                .numeric_i256(signed, *scale);
            match text {
                Some(text) => row.text(text),
                None => row.null(),
            };
            row.timestamp(UnixSeconds(*at));
        }
        let found = runtime.block_on(async {
            let mut connection = connection.lock().await;
            connection.execute("TRUNCATE t").await.unwrap();
            copy_in(&mut connection, buffer.finish()).await;
            connection
                .fetch_all(
                    "SELECT a::text, b::text, c, extract(epoch FROM d)::bigint FROM t ORDER BY n",
                )
                .await
                .unwrap()
        });
        prop_assert_eq!(found.len(), rows.len());
        for (found, (magnitude, scale, negative, text, at)) in found.iter().zip(&rows) {
            let signed = I256::from_raw(if *negative {
                magnitude.wrapping_neg()
            } else {
                *magnitude
            });
            prop_assert_eq!(
                found.get::<String, _>(0),
                decimal(false, *magnitude, *scale)
            );
            prop_assert_eq!(
                found.get::<String, _>(1),
                decimal(signed.is_negative(), signed.unsigned_abs(), *scale)
            );
            prop_assert_eq!(&found.get::<Option<String>, _>(2), text);
            prop_assert_eq!(found.get::<i64, _>(3) as u64, *at);
        }
        Ok(())
    });
    checked.unwrap_or_else(|e| panic!("{e}"));
}
