//! Which connections are taken, and how.

use mesh_core::model::TlsDemand;

/// The first byte of a TLS handshake. No request starts with it.
pub(super) const HANDSHAKE: u8 = 0x16;

/// What clients in the mesh offer besides HTTP's own names, to tell their TLS from the application's.
const OF_MESH: [&[u8]; 5] =
    [b"istio-peer-exchange", b"istio", b"istio-http/1.0", b"istio-http/1.1", b"istio-h2"];

/// The names that a server of the mesh agrees to, the one it likes best first. HTTP's own come first, so that a client
/// that offers one of them gets it; the others mean the same, and are for clients that offer nothing else. What
/// `istio-peer-exchange` announces is not spoken.
pub(super) const AGREED: [&[u8]; 6] =
    [b"h2", b"http/1.1", b"istio-h2", b"istio-http/1.1", b"istio-http/1.0", b"istio"];

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beginning {
    /// With anything but TLS.
    Plain,
    /// With TLS, as the mesh speaks it.
    Mesh,
    /// With TLS that is the application's own.
    Other,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is served as it is.
    Serve,
    /// It is served once both ends have proven who they are.
    Secure,
    /// It is the application's, untouched.
    Pass,
    /// It is reset.
    Reset,
}

/// What becomes of a connection to a port of which this is asked.
pub(super) fn judge(demand: TlsDemand, beginning: Beginning) -> Verdict {
    match (demand, beginning) {
        (TlsDemand::Disabled, _) | (TlsDemand::Permissive, Beginning::Plain) => Verdict::Serve,
        (TlsDemand::Permissive, Beginning::Other) => Verdict::Pass,
        (TlsDemand::Permissive, Beginning::Mesh) => Verdict::Secure,
        (TlsDemand::Strict, Beginning::Plain) => Verdict::Reset,
        (TlsDemand::Strict, Beginning::Mesh | Beginning::Other) => Verdict::Secure,
    }
}

/// How a TLS connection begins whose client offers these protocols.
pub(super) fn beginning<'a>(mut offered: impl Iterator<Item = &'a [u8]>) -> Beginning {
    if offered.any(|name| OF_MESH.contains(&name)) { Beginning::Mesh } else { Beginning::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_reset_only_where_tls_must_be_spoken() {
        for (demand, plain, mesh, other) in [
            (TlsDemand::Disabled, Verdict::Serve, Verdict::Serve, Verdict::Serve),
            (TlsDemand::Permissive, Verdict::Serve, Verdict::Secure, Verdict::Pass),
            (TlsDemand::Strict, Verdict::Reset, Verdict::Secure, Verdict::Secure),
        ] {
            let judged = [Beginning::Plain, Beginning::Mesh, Beginning::Other].map(|of| judge(demand, of));
            assert_eq!(judged, [plain, mesh, other], "{demand:?}");
        }
    }

    #[test]
    fn one_name_of_the_mesh_among_others_is_enough() {
        let of = |names: &[&'static [u8]]| beginning(names.iter().copied());
        assert_eq!(of(&[b"h2", b"istio"]), Beginning::Mesh);
        assert_eq!(of(&[b"istio-peer-exchange"]), Beginning::Mesh);
        assert_eq!(of(&[b"h2", b"http/1.1", b"istio-x"]), Beginning::Other);
        assert_eq!(of(&[]), Beginning::Other);
    }
}
