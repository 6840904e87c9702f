use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey, RsaKeyPair, VerificationAlgorithm,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey, crypto};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

const METHODS: &str = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA, HS256, HS384 or HS512";

/// The keys of JSON web tokens, fit for one method.
#[derive(Debug)]
pub(crate) struct JwtKeys {
    pub(crate) method: Algorithm,
    pub(crate) verify: DecodingKey,
    /// `None`: tokens of others are verified, and none are made.
    pub(crate) sign: Option<EncodingKey>,
}

/// Why keys cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwtKeyError {
    /// No method.
    #[error("sign-method is missing: name one of {METHODS}")]
    NoMethod,
    /// A method that does not exist, or not here.
    #[error("unknown sign-method {0:?}: use {METHODS}")]
    Method(String),
    /// No key.
    #[error("{0}")]
    Missing(&'static str),
    /// A file that cannot be read.
    #[error("cannot read {path:?}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A file without a key for the method.
    #[error("{path:?} holds no {what} for {method:?}: it must be an unencrypted PEM file with a key of that kind")]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is expected in it.
        what: &'static str,
        /// For which method.
        method: Algorithm,
    },
    /// Two keys that have nothing to do with each other.
    #[error("pub-key and priv-key are not of one pair: name files that belong together, or priv-key alone")]
    Mismatch,
}

impl JwtKeys {
    /// Reads the keys for the method of this name. The public key is found from the private one where it is not given.
    pub(crate) fn load(method: &str, public: Option<&Path>, private: Option<&Path>) -> Result<Self, JwtKeyError> {
        if method.is_empty() {
            return Err(JwtKeyError::NoMethod);
        }
        let method = Algorithm::from_str(method).map_err(|_| JwtKeyError::Method(method.to_owned()))?;
        if method.family() == AlgorithmFamily::Hmac {
            return Self::shared(method, private);
        }
        let public = public.map(|path| public_key(method, path)).transpose()?;
        let private = private.map(|path| key_pair(method, path)).transpose()?;
        match (public, private) {
            (None, None) => {
                Err(JwtKeyError::Missing("pub-key and priv-key are missing: name priv-key, or pub-key to verify only"))
            }
            (Some(verify), None) => Ok(Self { method, verify, sign: None }),
            (None, Some((sign, verify))) => Ok(Self { method, verify, sign: Some(sign) }),
            (Some(verify), Some((sign, _))) if are_pair(method, &sign, &verify) => {
                Ok(Self { method, verify, sign: Some(sign) })
            }
            (Some(_), Some(_)) => Err(JwtKeyError::Mismatch),
        }
    }

    fn shared(method: Algorithm, secret: Option<&Path>) -> Result<Self, JwtKeyError> {
        const MISSING: &str = "priv-key is missing: name the file of the shared secret";
        let secret = read(secret.ok_or(JwtKeyError::Missing(MISSING))?)?;
        if secret.is_empty() {
            return Err(JwtKeyError::Missing("priv-key names an empty file: it must hold the shared secret"));
        }
        let (sign, verify) = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
        Ok(Self { method, verify, sign: Some(sign) })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, JwtKeyError> {
    std::fs::read(path).map_err(|error| JwtKeyError::File { path: path.to_owned(), error })
}

fn public_key(method: Algorithm, path: &Path) -> Result<DecodingKey, JwtKeyError> {
    let pem = read(path)?;
    let key = match method.family() {
        AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(&pem),
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(&pem),
        AlgorithmFamily::Ed | AlgorithmFamily::Hmac => DecodingKey::from_ed_pem(&pem),
    };
    let fits = |key: &DecodingKey| {
        key.try_get_as_bytes().is_ok_and(|bytes| ParsedPublicKey::new(verification(method), bytes).is_ok())
    };
    let unfit = || JwtKeyError::Unfit { path: path.to_owned(), what: "public key", method };
    key.ok().filter(fits).ok_or_else(unfit)
}

/// A private key and the public one that belongs to it.
fn key_pair(method: Algorithm, path: &Path) -> Result<(EncodingKey, DecodingKey), JwtKeyError> {
    let pem = read(path)?;
    let pair = match method.family() {
        AlgorithmFamily::Rsa => rsa_pair(&pem),
        AlgorithmFamily::Ec => ec_pair(method, &pem),
        AlgorithmFamily::Ed | AlgorithmFamily::Hmac => ed_pair(&pem),
    };
    let fits = |(sign, verify): &(EncodingKey, DecodingKey)| are_pair(method, sign, verify);
    let unfit = || JwtKeyError::Unfit { path: path.to_owned(), what: "private key", method };
    pair.filter(fits).ok_or_else(unfit)
}

fn rsa_pair(pem: &[u8]) -> Option<(EncodingKey, DecodingKey)> {
    let sign = EncodingKey::from_rsa_pem(pem).ok()?;
    let pair = RsaKeyPair::from_der(sign.as_bytes()).ok()?;
    Some((sign, DecodingKey::from_rsa_der(pair.public_key().as_ref())))
}

/// Also of a key in SEC1's form, as `openssl ecparam -genkey` writes it.
fn ec_pair(method: Algorithm, pem: &[u8]) -> Option<(EncodingKey, DecodingKey)> {
    let der = PrivateKeyDer::from_pem_slice(pem).ok()?;
    let curve =
        if method == Algorithm::ES384 { &ECDSA_P384_SHA384_FIXED_SIGNING } else { &ECDSA_P256_SHA256_FIXED_SIGNING };
    let pair = EcdsaKeyPair::from_private_key_der(curve, der.secret_der()).ok()?;
    let sign = EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref());
    Some((sign, DecodingKey::from_ec_der(pair.public_key().as_ref())))
}

fn ed_pair(pem: &[u8]) -> Option<(EncodingKey, DecodingKey)> {
    let sign = EncodingKey::from_ed_pem(pem).ok()?;
    let pair = Ed25519KeyPair::from_pkcs8(sign.as_bytes()).ok()?;
    Some((sign, DecodingKey::from_ed_der(pair.public_key().as_ref())))
}

/// Whether what one key signs the other verifies.
fn are_pair(method: Algorithm, sign: &EncodingKey, verify: &DecodingKey) -> bool {
    const PROBE: &[u8] = b"probe";
    let signature = crypto::sign(PROBE, sign, method);
    signature.and_then(|signature| crypto::verify(&signature, PROBE, verify, method)).unwrap_or(false)
}

/// What the method asks of a public key.
fn verification(method: Algorithm) -> &'static dyn VerificationAlgorithm {
    match method {
        Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::EdDSA => &signature::ED25519,
        // Only the sizes matter, and they are the same for all of RSA.
        _ => &signature::RSA_PKCS1_2048_8192_SHA256,
    }
}
