//! Why a token is not good.

use std::fmt;

/// Why a token is not good; `Display` says it in Envoy's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is longer than any token has to be.
    TooLong,
    /// There are more in the request than anybody has to send.
    TooMany,
    /// It has not three parts with dots between.
    Format,
    /// Its header is not in base64url.
    HeaderBase64,
    /// Its header is no JSON object, or names something twice.
    HeaderJson,
    /// Its header does not say how it is signed.
    NoAlgorithm,
    /// It is signed in a way that is not known, or not at all.
    UnknownAlgorithm,
    /// Its header's key id is no text.
    KeyId,
    /// Its header has extensions that must be understood, and are not.
    Critical,
    /// Its payload is not in base64url.
    PayloadBase64,
    /// Its payload is no JSON object, or names something twice.
    PayloadJson,
    /// A claim is not what it must be.
    Claim(ClaimName, ClaimType),
    /// Its signature is not in base64url.
    SignatureBase64,
    /// Nobody trusts who gave it, or not in this place.
    UnknownIssuer,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is for somebody else.
    Audience,
    /// Its issuer has no such key.
    NoKey,
    /// Its issuer has no usable key at all.
    NoValidKey,
    /// Its issuer's keys could not be had.
    KeysNotFetched,
    /// Its signature is not that of its issuer.
    Signature,
}

/// A claim that every token may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimName {
    /// Who gave it.
    Iss,
    /// Whom it is about.
    Sub,
    /// Whom it is for.
    Aud,
    /// Until when it is good.
    Exp,
    /// Since when it is good.
    Nbf,
    /// When it was given.
    Iat,
    /// Its own name.
    Jti,
}

/// What a claim must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimType {
    /// A text.
    Text,
    /// A text, or a list of them.
    Texts,
    /// A number.
    Number,
    /// A number that is a moment.
    Moment,
}

impl ClaimName {
    /// The name as tokens write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iss => "iss",
            Self::Sub => "sub",
            Self::Aud => "aud",
            Self::Exp => "exp",
            Self::Nbf => "nbf",
            Self::Iat => "iat",
            Self::Jti => "jti",
        }
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ClaimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a string",
            Self::Texts => "a string or string list",
            Self::Number => "an integer",
            Self::Moment => "a positive 64 bit integer",
        })
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "Jwt is too long",
            Self::TooMany => "Jwt is one of too many",
            Self::Format => "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
            Self::HeaderBase64 => "Jwt header is an invalid Base64url encoded",
            Self::HeaderJson => "Jwt header is an invalid JSON",
            Self::NoAlgorithm => "Jwt header [alg] field is required and must be a string",
            Self::UnknownAlgorithm => "Jwt header [alg] is not supported",
            Self::KeyId => "Jwt header [kid] field is not a string",
            Self::Critical => "Jwt header [crit] field is not supported",
            Self::PayloadBase64 => "Jwt payload is an invalid Base64url encoded",
            Self::PayloadJson => "Jwt payload is an invalid JSON",
            Self::Claim(name, must_be) => {
                return write!(f, "Jwt payload [{name}] field is not {must_be}");
            }
            Self::SignatureBase64 => "Jwt signature is an invalid Base64url encoded",
            Self::UnknownIssuer => "Jwt issuer is not configured",
            Self::Expired => "Jwt is expired",
            Self::NotYetValid => "Jwt not yet valid",
            Self::Audience => "Audiences in Jwt are not allowed",
            Self::NoKey => "Jwks doesn't have key to match kid or alg from Jwt",
            Self::NoValidKey => "Jwks doesn't have any valid public key",
            Self::KeysNotFetched => "Jwks remote fetch is failed",
            Self::Signature => "Jwt verification fails",
        })
    }
}
