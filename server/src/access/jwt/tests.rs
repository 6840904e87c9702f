use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;

use super::super::options::AuthToken;
use super::*;

/// Key files of every kind.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn pem(&self, name: &str, tag: &str, der: impl AsRef<[u8]>) {
        let body = BASE64_STANDARD.encode(der);
        let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN {tag}-----\n{}\n-----END {tag}-----\n", lines.join("\n"));
        std::fs::write(self.path(name), pem).unwrap();
    }

    fn rsa(&self, name: &str) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        self.pem(name, "PRIVATE KEY", der.as_ref());
        self.public(name, pair.public_key());
    }

    fn ec(&self, name: &str, curve: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        let pair = EcdsaKeyPair::generate(curve).unwrap();
        self.pem(name, "PRIVATE KEY", pair.to_pkcs8v1().unwrap());
        self.public(name, pair.public_key());
        pair
    }

    fn ed(&self, name: &str) {
        let pair = Ed25519KeyPair::generate().unwrap();
        self.pem(name, "PRIVATE KEY", pair.to_pkcs8v1().unwrap());
        self.public(name, pair.public_key());
    }

    fn public<'a, K: AsDer<PublicKeyX509Der<'a>>>(&self, name: &str, key: &K) {
        self.pem(&format!("{name}.pub"), "PUBLIC KEY", &*key.as_der().unwrap());
    }

    fn all() -> Self {
        let files = Self::new();
        files.rsa("rsa");
        files.ed("ed");
        files.ec("ec384", &ECDSA_P384_SHA384_FIXED_SIGNING);
        let pair = files.ec("ec256", &ECDSA_P256_SHA256_FIXED_SIGNING);
        let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        files.pem("ec256-sec1", "EC PRIVATE KEY", &*sec1);
        std::fs::write(files.path("secret"), "a shared secret").unwrap();
        files
    }
}

fn options(text: &str) -> Result<Arc<JwtOptions>, String> {
    match text.parse::<AuthToken>() {
        Ok(AuthToken::Jwt(options)) => Ok(options),
        Ok(AuthToken::Simple) => panic!("not JSON"),
        Err(error) => Err(error.to_string()),
    }
}

fn tokens(method: &str, public: Option<&Path>, private: Option<&Path>) -> JwtTokens {
    let option =
        |name: &str, path: Option<&Path>| path.map_or(String::new(), |path| format!(",{name}={}", path.display()));
    let text = format!("jwt,sign-method={method}{}{}", option("pub-key", public), option("priv-key", private));
    JwtTokens::new(options(&text).unwrap())
}

#[test]
fn every_method_makes_tokens_that_it_and_the_public_key_alone_verify() {
    let files = Files::all();
    let methods = [
        ("RS256", "rsa"),
        ("RS384", "rsa"),
        ("RS512", "rsa"),
        ("PS256", "rsa"),
        ("PS384", "rsa"),
        ("PS512", "rsa"),
        ("ES256", "ec256"),
        ("ES384", "ec384"),
        ("EdDSA", "ed"),
    ];
    for (method, key) in methods {
        let (private, public) = (files.path(key), files.path(&format!("{key}.pub")));
        let both = tokens(method, Some(&public), Some(&private));
        let token = both.issue("alice", 7).unwrap();
        let verifiers = [both, tokens(method, None, Some(&private)), tokens(method, Some(&public), None)];
        for verifier in &verifiers {
            let good = verifier.verify(&token).unwrap_or_else(|| panic!("{method}"));
            assert_eq!((&*good.user, good.revision), ("alice", 7), "{method}");
        }
        assert!(verifiers[2].issue("alice", 7).is_none(), "{method}");
    }
}

#[test]
fn a_token_says_what_etcds_say() {
    let files = Files::all();
    let token = tokens("EdDSA", None, Some(&files.path("ed"))).issue("alice", 7).unwrap();
    let claims: serde_json::Value = jsonwebtoken::dangerous::insecure_decode_claims(token).unwrap();
    let exp = claims["exp"].as_u64().expect("whole seconds");
    assert_eq!(claims, serde_json::json!({"username": "alice", "revision": 7, "exp": exp}));
    assert!((now().as_secs() + 290..=now().as_secs() + 300).contains(&exp), "five minutes, if not said otherwise");
}

#[test]
fn a_shared_secret_makes_and_verifies_tokens() {
    let files = Files::all();
    for method in ["HS256", "HS384", "HS512"] {
        let tokens = tokens(method, None, Some(&files.path("secret")));
        let good = tokens.verify(&tokens.issue("bob", 3).unwrap()).unwrap();
        assert_eq!((&*good.user, good.revision), ("bob", 3));
    }
}

#[test]
fn a_key_in_the_form_of_openssl_is_read() {
    let files = Files::all();
    let (public, private) = (files.path("ec256.pub"), files.path("ec256-sec1"));
    let tokens = tokens("ES256", Some(&public), Some(&private));
    assert!(tokens.verify(&tokens.issue("a", 1).unwrap()).is_some());
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    let files = Files::all();
    files.rsa("other");
    let refusal = |method: &str, public: &str, private: &str| {
        let path = |name| files.path(name).display().to_string();
        let text = match (public, private) {
            (public, "") => format!("jwt,sign-method={method},pub-key={}", path(public)),
            ("", private) => format!("jwt,sign-method={method},priv-key={}", path(private)),
            _ => format!("jwt,sign-method={method},pub-key={},priv-key={}", path(public), path(private)),
        };
        options(&text).expect_err("it is refused")
    };
    assert!(refusal("RS256", "other.pub", "rsa").starts_with("pub-key and priv-key are not of one pair"));
    assert!(refusal("ES256", "ec384.pub", "").contains("holds no public key for ES256"));
    assert!(refusal("ES256", "", "ec384").contains("holds no private key for ES256"));
    assert!(refusal("RS256", "", "rsa.pub").contains("holds no private key for RS256"));
    assert!(refusal("RS256", "rsa", "").contains("holds no public key for RS256"));
    assert!(refusal("EdDSA", "", "ec256").contains("holds no private key for EdDSA"));
    assert!(refusal("RS256", "", "missing").starts_with("cannot read "));
    assert!(refusal("ES512", "", "ec256").starts_with("unknown sign-method \"ES512\": use RS256"));
}

fn signed(files: &Files, claims: &serde_json::Value) -> String {
    let options = options(&format!("jwt,sign-method=EdDSA,priv-key={}", files.path("ed").display())).unwrap();
    jsonwebtoken::encode(&Header::new(options.keys.method), claims, options.keys.sign.as_ref().unwrap()).unwrap()
}

#[test]
fn a_token_is_good_between_its_times_and_needs_etcds_claims() {
    let files = Files::all();
    let tokens = tokens("EdDSA", Some(&files.path("ed.pub")), None);
    let now = now().as_secs();
    let good = |claims: serde_json::Value| tokens.verify(&signed(&files, &claims)).is_some();
    let claims = |more: serde_json::Value| {
        let mut claims = serde_json::json!({"username": "a", "revision": 1, "aud": "others"});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims
    };
    assert!(good(claims(serde_json::json!({}))), "without an end, and for whoever");
    assert!(good(claims(serde_json::json!({"exp": now + 60, "nbf": now - 60}))));
    assert!(!good(claims(serde_json::json!({"exp": now - 1}))));
    assert!(!good(claims(serde_json::json!({"nbf": now + 60}))));
    assert!(!good(claims(serde_json::json!({"exp": "soon"}))));
    assert!(!good(serde_json::json!({"username": "a"})));
    assert!(!good(serde_json::json!({"revision": 1})));
    assert!(!good(serde_json::json!({"username": 5, "revision": "x"})));
}

#[test]
fn a_token_that_was_good_is_not_when_its_time_is_over() {
    let good = Good { user: "a".into(), revision: 1, expires: Some(100.0), begins: Some(50.0) };
    assert_eq!([49.9, 50.0, 99.9, 100.0].map(|now| good.is_valid_at(now)), [false, true, true, false]);
}

#[test]
fn what_was_altered_or_signed_otherwise_is_refused() {
    let files = Files::all();
    let es256 = tokens("ES256", None, Some(&files.path("ec256")));
    let token = es256.issue("a", 1).unwrap();
    for at in [2, token.len() / 2, token.len() - 3] {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        assert!(es256.verify(str::from_utf8(&altered).unwrap()).is_none(), "at {at}");
    }
    for text in ["", ".", "..", "a.b.c", "no token", &token[..token.len() - 1], &format!("{token}.")] {
        assert!(es256.verify(text).is_none(), "{text}");
    }
    // The public key as the secret of a shared one: the oldest trick.
    let public = std::fs::read(files.path("ec256.pub")).unwrap();
    let claims = serde_json::json!({"username": "root", "revision": 1});
    let secret = jsonwebtoken::EncodingKey::from_secret(&public);
    let forged = jsonwebtoken::encode(&Header::new(jsonwebtoken::Algorithm::HS256), &claims, &secret).unwrap();
    assert!(es256.verify(&forged).is_none());
}

#[test]
fn keys_are_not_printed() {
    let files = Files::all();
    let path = files.path("secret");
    let printed = format!("{:?}", options(&format!("jwt,sign-method=HS256,priv-key={}", path.display())).unwrap());
    assert!(!printed.contains("97, 32") && printed.contains("[redacted]"), "{printed}");
}
