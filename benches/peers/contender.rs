//! Who is compared.

use crate::origin::Door;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A way from a caller to the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    /// A bare connection of hyper: the physical limit.
    Raw,
    /// hyper's pooled client, which a service without a mesh would use.
    Hyper,
    /// tower's timeout and retry around it.
    Tower,
    /// The mesh, with all that a sidecar does by default.
    Mesh,
    /// The same, and it logs every request.
    MeshLog,
    /// The mesh, and one of a hundred requests is traced.
    MeshTrace,
    /// One sidecar, at the caller.
    Envoy,
    /// hyper's pooled client over mutual TLS.
    HyperMtls,
    /// The mesh at both ends, with mutual TLS.
    MeshMtls,
    /// The same, and both ends log every request.
    MeshMtlsLog,
    /// The mesh at both ends with mutual TLS, and both trace one of a hundred requests.
    MeshMtlsTrace,
    /// Two sidecars with mutual TLS between them: Istio.
    EnvoysMtls,
    /// The same, and both log every request.
    EnvoysMtlsLog,
}

/// What stands between a caller and the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    /// Nothing: what is done is done in the caller, and perhaps in the origin.
    Nothing,
    /// One proxy.
    Proxy,
    /// A proxy at either end.
    Proxies,
}

impl Contender {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 13] = [
        Self::Raw,
        Self::Hyper,
        Self::Tower,
        Self::Mesh,
        Self::MeshLog,
        Self::MeshTrace,
        Self::Envoy,
        Self::HyperMtls,
        Self::MeshMtls,
        Self::MeshMtlsLog,
        Self::MeshMtlsTrace,
        Self::EnvoysMtls,
        Self::EnvoysMtlsLog,
    ];

    /// As options and files call it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Hyper => "hyper",
            Self::Tower => "tower",
            Self::Mesh => "mesh",
            Self::MeshLog => "mesh-log",
            Self::MeshTrace => "mesh-trace",
            Self::Envoy => "envoy",
            Self::HyperMtls => "hyper-mtls",
            Self::MeshMtls => "mesh-mtls",
            Self::MeshMtlsLog => "mesh-mtls-log",
            Self::MeshMtlsTrace => "mesh-mtls-trace",
            Self::EnvoysMtls => "envoys-mtls",
            Self::EnvoysMtlsLog => "envoys-mtls-log",
        }
    }

    /// As people read it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Raw => "bare hyper connection",
            Self::Hyper => "hyper's pooled client",
            Self::Tower => "tower timeout + retry",
            Self::Mesh => "this mesh",
            Self::MeshLog => "this mesh, access log",
            Self::MeshTrace => "this mesh, 1 % traced",
            Self::Envoy => "one Envoy sidecar",
            Self::HyperMtls => "hyper's pooled client, mTLS",
            Self::MeshMtls => "this mesh, mTLS",
            Self::MeshMtlsLog => "this mesh, mTLS, access log",
            Self::MeshMtlsTrace => "this mesh, mTLS, 1 % traced",
            Self::EnvoysMtls => "two Envoy sidecars, mTLS",
            Self::EnvoysMtlsLog => "two Envoy sidecars, mTLS, access log",
        }
    }

    /// What stands between the caller and the origin.
    pub(crate) const fn between(self) -> Between {
        match self {
            Self::Envoy => Between::Proxy,
            Self::EnvoysMtls | Self::EnvoysMtlsLog => Between::Proxies,
            _ => Between::Nothing,
        }
    }

    /// Whether it is the mesh.
    pub(crate) fn is_mesh(self) -> bool {
        let plain = [Self::Mesh, Self::MeshLog, Self::MeshTrace];
        let secured = [Self::MeshMtls, Self::MeshMtlsLog, Self::MeshMtlsTrace];
        plain.contains(&self) || secured.contains(&self)
    }

    /// Whether it has mutual TLS, wherever that ends.
    pub(crate) const fn is_mtls(self) -> bool {
        match self {
            Self::HyperMtls | Self::MeshMtls | Self::MeshMtlsLog | Self::MeshMtlsTrace => true,
            Self::EnvoysMtls | Self::EnvoysMtlsLog => true,
            Self::Raw | Self::Hyper | Self::Tower | Self::Envoy => false,
            Self::Mesh | Self::MeshLog | Self::MeshTrace => false,
        }
    }

    /// Whether it logs every request.
    pub(crate) const fn is_logging(self) -> bool {
        matches!(self, Self::MeshLog | Self::MeshMtlsLog | Self::EnvoysMtlsLog)
    }

    /// Whether it traces one of a hundred requests.
    pub(crate) const fn is_tracing(self) -> bool {
        matches!(self, Self::MeshTrace | Self::MeshMtlsTrace)
    }

    /// The origin that it calls. Behind a sidecar that one knows nothing of TLS.
    pub(crate) const fn door(self) -> Door {
        match self {
            Self::HyperMtls => Door::Mtls,
            Self::MeshMtls => Door::Mesh,
            Self::MeshMtlsLog => Door::MeshLog,
            Self::MeshMtlsTrace => Door::MeshTrace,
            _ => Door::Plain,
        }
    }

    /// Whom it is compared with: what a service without a mesh would do.
    pub(crate) const fn peer(self) -> Self {
        if self.is_mtls() { Self::HyperMtls } else { Self::Hyper }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_files_call_them_the_same() {
        for contender in Contender::ALL {
            let id = contender.id();
            assert_eq!(Contender::from_str(id, false), Ok(contender));
            assert_eq!(serde_json::to_value(contender).unwrap(), id);
        }
        assert_eq!(Contender::ALL.len(), Contender::value_variants().len());
    }
}
