//! What all verifiers have in common: whether whoever shows a certificate has its key.

/// The methods of a verifier for that, by algorithms that it has. Written `verifies_signatures!(self => self.algorithms)`
/// among its others, since rustls asks each verifier for them.
macro_rules! verifies_signatures {
    ($verifier:ident => $algorithms:expr) => {
        fn verify_tls12_signature(
            &$verifier,
            message: &[u8],
            shown: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls12_signature(message, shown, signature, &$algorithms)
        }

        fn verify_tls13_signature(
            &$verifier,
            message: &[u8],
            shown: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls13_signature(message, shown, signature, &$algorithms)
        }

        fn supported_verify_schemes(&$verifier) -> Vec<rustls::SignatureScheme> {
            $algorithms.supported_schemes()
        }
    };
}

pub(super) use verifies_signatures;
