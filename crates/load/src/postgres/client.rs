//! A connection, called as if it were synchronous: its own runtime drives it while a call waits.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::fault;
use super::settings::{Settings, Trust};
use crate::error::{Error, Result};

/// Values of a statement, each with its type: none is asked for, so that one round trip is enough.
pub(super) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// A connection to the server.
pub(super) struct Client {
    runtime: Runtime,
    client: tokio_postgres::Client,
}

impl Client {
    pub(super) fn connect(settings: &Settings) -> Result<Client> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| Error::bug("no runtime").with_source(error))?;
        let mut config = settings.config.clone();
        if let Some(password) = &settings.password {
            let password = password().map_err(|error| {
                let name = &settings.shown;
                Error::sink(
                    "sink/password",
                    format!("there is no password for {name}: {error}"),
                )
            })?;
            config.password(password);
        }
        let fail = |error| fault(&settings.shown, "connecting to")(error);
        let client = if config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(fail)?;
            runtime.spawn(connection);
            client
        } else {
            let tls = MakeRustlsConnect::new(tls(settings)?);
            let (client, connection) = runtime.block_on(config.connect(tls)).map_err(fail)?;
            runtime.spawn(connection);
            client
        };
        Ok(Client { runtime, client })
    }

    /// Waits for something to come to its end.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    pub(super) fn inner(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// Runs statements that have no parameters.
    pub(super) fn run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Runs a statement; the number of rows it touched.
    pub(super) fn execute(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<u64, tokio_postgres::Error> {
        self.wait(self.client.execute_typed(sql, parameters))
    }

    pub(super) fn rows(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.wait(self.client.query_typed(sql, parameters))
    }

    /// Gives every row, as it comes.
    pub(super) fn each(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        each: &mut dyn FnMut(&Row) -> Result<(), tokio_postgres::Error>,
    ) -> Result<(), tokio_postgres::Error> {
        self.wait(async {
            let parameters = parameters.iter().cloned();
            let mut rows = pin!(self.client.query_typed_raw(sql, parameters).await?);
            while let Some(row) = rows.try_next().await? {
                each(&row)?;
            }
            Ok(())
        })
    }

    /// The first row, if there is one.
    pub(super) fn row(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Row>, tokio_postgres::Error> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }
}

fn tls(settings: &Settings) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::bug("no version of TLS").with_source(error))?;
    let verifier: Arc<dyn ServerCertVerifier> = match settings.trust {
        Trust::Anybody => Arc::new(Lenient {
            provider,
            known: None,
        }),
        Trust::Named => known(settings, provider)?,
        Trust::Certified => Arc::new(Lenient {
            known: Some(known(settings, Arc::clone(&provider))?),
            provider,
        }),
    };
    Ok(versions
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Trusts the certificates of a file, or else those of the system.
fn known(settings: &Settings, provider: Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    let fail = |what: String| Error::sink("sink/certificates", what);
    match &settings.root_certificates {
        Some(path) => {
            let name = path.display();
            let found = CertificateDer::pem_file_iter(path);
            let found = found.map_err(|error| fail(format!("{name} cannot be read: {error}")))?;
            for certificate in found {
                let certificate = certificate.map_err(|error| fail(format!("{name}: {error}")))?;
                let added = roots.add(certificate);
                added.map_err(|error| fail(format!("{name}: {error}")))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(found);
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| fail(format!("no certificate is trusted: {error}")))
}

/// What libpq asks of a server with `require` (nothing) and `verify-ca` (any name).
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    known: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(known) = &self.known else {
            return Ok(ServerCertVerified::assertion());
        };
        match known.verify_server_cert(end_entity, intermediates, server_name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
