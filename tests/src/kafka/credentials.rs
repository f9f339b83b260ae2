use std::fs;
use std::path::{Path, PathBuf};

use rdkafka::ClientConfig;

use crate::random_bytes;

/// What a client needs to be let in by a broker that speaks TLS and asks for a name and a password (SASL/PLAIN).
#[derive(Clone)]
pub struct Credentials {
    /// The file with the only certificate to trust.
    pub ca: PathBuf,
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
    keystore: PathBuf,
}

impl Credentials {
    /// Makes them up, and the broker's certificate and key, in its home.
    pub(super) fn make_up(home: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let (ca, keystore) = (home.join("ca.pem"), home.join("keystore.pem"));
        fs::write(&ca, made.cert.pem()).expect("the certificate is written");
        let both = made.signing_key.serialize_pem() + &made.cert.pem();
        fs::write(&keystore, both).expect("the key is written");
        Self { ca, user: "relay".to_owned(), password: hex::encode(random_bytes::<16>()), keystore }
    }

    /// The broker's side of them, for its clients' listener.
    pub(super) fn properties(&self) -> String {
        let Self { user, password, keystore, .. } = self;
        format!(
            "sasl.enabled.mechanisms=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
             required user_{user}=\"{password}\";
listener.name.clients.ssl.keystore.type=PEM
listener.name.clients.ssl.keystore.location={}
",
            keystore.display()
        )
    }

    /// The client's side of them.
    pub(super) fn give_to(&self, config: &mut ClientConfig) {
        config.set("security.protocol", "SASL_SSL").set("sasl.mechanism", "PLAIN");
        config.set("ssl.ca.location", self.ca.to_string_lossy());
        config.set("sasl.username", &self.user).set("sasl.password", &self.password);
    }
}
