//! Services that end TLS themselves.

use crate::tls::Authority;
use mesh_tower::{Arrival, Untouched};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{io, sync::Arc};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// Ends TLS for a host, and answers with what it is told.
///
/// # Panics
/// When there can be no such certificate.
pub fn echo(
    authority: &Authority,
    host: &str,
) -> impl Fn(Untouched, Arrival) -> futures_util::future::BoxFuture<'static, io::Result<()>> + Send + Sync + 'static
{
    let certified = authority.certify(host, &[host]);
    let chain = CertificateDer::from_pem_slice(certified.certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(certified.key.as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    move |stream, _| {
        let acceptor = acceptor.clone();
        Box::pin(async move {
            let (mut from, mut to) = tokio::io::split(acceptor.accept(stream).await?);
            tokio::io::copy(&mut from, &mut to).await?;
            to.shutdown().await
        })
    }
}
