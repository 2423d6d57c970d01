//! TLS as git does it, with a witness: verification as usual, and the certificate's issuer remembered.

use super::stage::DialError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Where the issuer of the server's certificate will be found.
pub(super) type Issuer = Arc<Mutex<Option<String>>>;

/// A client that trusts these and nobody else.
pub(super) async fn client(roots: Roots) -> Result<(ClientConfig, Issuer), String> {
    let roots = tokio::task::spawn_blocking(move || trusted(&roots)).await.map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Witness::new(roots, &provider)?;
    let issuer = Arc::clone(&verifier.issuer);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((config, issuer))
}

/// What a failed handshake means.
pub(super) fn explain(error: &rustls::Error) -> DialError {
    use rustls::{AlertDescription, CertificateError, Error};
    let text = error.to_string();
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            DialError::Untrusted(text)
        }
        Error::InvalidCertificate(CertificateError::Other(_))
            if text.contains("UnknownIssuer") || text.contains("CaUsedAsEndEntity") =>
        {
            DialError::Untrusted(text)
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => DialError::WrongName(text),
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => DialError::NotValidNow(text),
        Error::InvalidCertificate(_) => DialError::Untrusted(text),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure) => {
            DialError::TlsTooOld(text)
        }
        _ => DialError::Other(text),
    }
}

/// Whom to trust.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Certificates in PEM form.
    pub pem: Option<Vec<u8>>,
    /// A folder of certificates.
    pub folder: Option<PathBuf>,
    /// Whether the system's certificates count as well (`SSL_CERT_FILE` and `SSL_CERT_DIR` are respected).
    pub system: bool,
}

fn trusted(roots: &Roots) -> RootCertStore {
    use rustls::pki_types::pem::PemObject;
    let mut store = RootCertStore::empty();
    if let Some(pem) = &roots.pem {
        store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
    }
    if let Some(folder) = &roots.folder {
        store.add_parsable_certificates(rustls_native_certs::load_certs_from_paths(None, Some(folder)).certs);
    }
    if roots.system {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    store
}

/// Verifies as usual, and remembers who issued the certificate.
#[derive(Debug)]
struct Witness {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    issuer: Issuer,
}

impl Witness {
    fn new(roots: RootCertStore, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let inner = if roots.is_empty() {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
            Some(builder.build().map_err(|error| error.to_string())?)
        };
        Ok(Self { inner, provider: Arc::clone(provider), issuer: Arc::default() })
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let (Ok(mut issuer), Ok((_, certificate))) = (self.issuer.lock(), x509_parser::parse_x509_certificate(leaf))
        {
            *issuer = Some(certificate.issuer().to_string());
        }
        match &self.inner {
            Some(inner) => inner.verify_server_cert(leaf, intermediates, name, ocsp, now),
            None => Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
