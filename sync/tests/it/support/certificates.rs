//! Certificates of an authority of our own: good ones, and bad ones of every kind.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// What is wrong with a server's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certificate {
    /// Nothing: it is for `localhost` and 127.0.0.1.
    Good,
    /// It ended long ago.
    Expired,
    /// It is for another host.
    WrongName,
    /// It is by an authority that the client does not know.
    Foreign,
}

/// PEM texts of a server, and of the authority that its clients trust.
pub struct Pems {
    /// The authority's certificate.
    pub authority: String,
    /// The server's certificate.
    pub certificate: String,
    /// The server's private key.
    pub key: String,
}

/// Makes an authority and a server's certificate.
pub fn make(kind: Certificate) -> Pems {
    let (authority, issuer) = authority("tidegauge test authority");
    let (_, foreign) = self::authority("somebody else's authority");
    let names = match kind {
        Certificate::WrongName => vec!["elsewhere.example".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
    };
    let mut params = CertificateParams::new(names).expect("names");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = match kind {
        Certificate::Expired => date_time_ymd(2021, 1, 1),
        _ => date_time_ymd(2100, 1, 1),
    };
    let key = KeyPair::generate().expect("a key");
    let signer = match kind {
        Certificate::Foreign => &foreign,
        _ => &issuer,
    };
    let certificate = params.signed_by(&key, signer).expect("a certificate");
    Pems {
        authority,
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    }
}

fn authority(name: &str) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("an authority");
    (certificate.pem(), Issuer::new(params, key))
}
