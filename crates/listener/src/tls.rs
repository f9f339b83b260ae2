//! TLS with a certificate that may change while connections are open.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem};
use tracing::{info, warn};

use crate::settings::TlsFiles;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(1);

/// Why a certificate cannot be shown to clients.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing, unreadable, or holds nothing of its kind.
    #[error("cannot read {what} from {path}: {reason}")]
    File {
        /// Certificate or private key.
        what: &'static str,
        /// The file, as configured.
        path: String,
        /// What the reader said; never content of the file.
        reason: pem::Error,
    },
    /// The two files do not belong together, or rustls cannot use them.
    #[error("cannot use the certificate with its private key: {0}")]
    Pair(#[from] rustls::Error),
}

/// The certificate that new connections are shown.
pub(crate) struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    /// What the files were before they were first read.
    first: Stamp,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Loads the pair of `files`.
    pub(crate) fn load(files: TlsFiles) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let first = Stamp::of(&files);
        let current = RwLock::new(read_pair(&files, &provider)?);
        Ok(Arc::new(Self { files, provider, first, current }))
    }

    /// What a TLS server needs to show it: HTTP/1.1 only, as the guard knows no other.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Loads the files again whenever they change, for ever. A pair that cannot be used, such as one of which only one file has
    /// been replaced so far, leaves the one before in place.
    pub(crate) async fn follow(self: Arc<Self>, listener: &'static str) {
        let mut seen = self.first;
        loop {
            tokio::time::sleep(POLL).await;
            let now = Stamp::of(&self.files);
            if now == seen {
                continue;
            }
            seen = now;
            match read_pair(&self.files, &self.provider) {
                Ok(pair) => {
                    *self.current.write().unwrap_or_else(PoisonError::into_inner) = pair;
                    info!(listener, "certificate loaded again");
                }
                Err(error) => {
                    warn!(listener, %error, "the new certificate cannot be used; still showing the old one")
                }
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

fn read_pair(files: &TlsFiles, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(|reason| unreadable("the certificate", &files.certificate, reason))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|reason| unreadable("the private key", &files.key, reason))?;
    Ok(Arc::new(CertifiedKey::from_der(chain, key, provider)?))
}

fn unreadable(what: &'static str, path: &Path, reason: pem::Error) -> TlsError {
    TlsError::File { what, path: path.display().to_string(), reason }
}

/// What tells one content of the files from another without reading them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    fn of(files: &TlsFiles) -> Self {
        Self([&files.certificate, &files.key].map(|path| stamp(path).ok()))
    }
}

fn stamp(path: &Path) -> io::Result<(SystemTime, u64)> {
    let metadata = path.metadata()?;
    Ok((metadata.modified()?, metadata.len()))
}
