//! How tokens are signed: the algorithms of RFC 7518 and RFC 8037 that prove anything.

use aws_lc_rs::{hmac, signature as sig, signature::RsaParameters};

/// One of them. `none` is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding.
    Rs(Bits),
    /// RSA with PSS padding.
    Ps(Bits),
    /// ECDSA with the curve that goes with the hash.
    Es(Bits),
    /// Ed25519.
    EdDsa,
    /// HMAC: whoever can verify can sign.
    Hs(Bits),
}

/// The length of a SHA-2 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bits {
    B256,
    B384,
    B512,
}

impl Bits {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::B256 => 32,
            Self::B384 => 48,
            Self::B512 => 64,
        }
    }
}

impl Algorithm {
    /// The algorithm of a name, which must be exactly that.
    pub(super) fn parse(name: &str) -> Option<Self> {
        if matches!(name, "EdDSA" | "Ed25519") {
            return Some(Self::EdDsa);
        }
        let (family, bits) = name.split_at_checked(2)?;
        let bits = match bits {
            "256" => Bits::B256,
            "384" => Bits::B384,
            "512" => Bits::B512,
            _ => return None,
        };
        Some(match family {
            "RS" => Self::Rs(bits),
            "PS" => Self::Ps(bits),
            "ES" => Self::Es(bits),
            "HS" => Self::Hs(bits),
            _ => return None,
        })
    }

    /// How aws-lc verifies such a signature of RSA's.
    pub(super) fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs(Bits::B256) => &sig::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs(Bits::B384) => &sig::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs(Bits::B512) => &sig::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps(Bits::B256) => &sig::RSA_PSS_2048_8192_SHA256,
            Self::Ps(Bits::B384) => &sig::RSA_PSS_2048_8192_SHA384,
            Self::Ps(Bits::B512) => &sig::RSA_PSS_2048_8192_SHA512,
            Self::Es(_) | Self::EdDsa | Self::Hs(_) => return None,
        })
    }

    /// How aws-lc authenticates with a secret.
    pub(super) fn hmac(self) -> Option<hmac::Algorithm> {
        match self {
            Self::Hs(Bits::B256) => Some(hmac::HMAC_SHA256),
            Self::Hs(Bits::B384) => Some(hmac::HMAC_SHA384),
            Self::Hs(Bits::B512) => Some(hmac::HMAC_SHA512),
            Self::Rs(_) | Self::Ps(_) | Self::Es(_) | Self::EdDsa => None,
        }
    }
}
