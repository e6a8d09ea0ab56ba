//! A server, a user and a database: where a connection leads, without secrets.

use std::{fmt, net::IpAddr};

/// Where a connection leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Server {
    /// A name, an address (IPv6 without brackets), or the folder of a unix socket.
    pub host: String,
    /// The port, which is part of a socket's name as well.
    pub port: u16,
    /// The role to log in as.
    pub user: String,
    /// The database.
    pub database: String,
}

impl Server {
    /// Whether the host is the folder of a unix socket.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Whether what is sent there stays on this machine.
    pub fn is_local(&self) -> bool {
        self.is_socket()
            || self.host.eq_ignore_ascii_case("localhost")
            || self
                .host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for Server {
    /// As a URL without password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            port,
            user,
            database,
        } = self;
        if self.is_socket() {
            write!(
                f,
                "postgres:///{database}?host={host}&port={port}&user={user}"
            )
        } else if host.contains(':') {
            write!(f, "postgres://{user}@[{host}]:{port}/{database}")
        } else {
            write!(f, "postgres://{user}@{host}:{port}/{database}")
        }
    }
}
