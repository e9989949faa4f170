//! A provider that answers whatever a test wants: any ID token, any keys, or nothing.
//!
//! Invariant: its key is its own; what it signs is genuine by that key, everything else is put together by hand.

use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{Data, Form, get, post};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A key with its name.
pub struct Key {
    pub kid: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub fn new(kid: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self { kid: kid.to_owned(), pair: EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap() }
    }

    /// The public point.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn jwk(&self) -> Value {
        let (x, y) = self.public()[1..].split_at(32);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": encode(x), "y": encode(y)})
    }

    /// A token by this key.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({"alg": "ES256", "typ": "JWT", "kid": self.kid}), claims)
    }

    /// A token by this key, whatever its header says.
    pub fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

/// A token's first two parts.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

/// A token by a shared secret.
pub fn by_secret(kid: &str, secret: &[u8], claims: &Value) -> String {
    let signed = unsigned(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", encode(&mac.finalize().into_bytes()))
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What it answers.
#[derive(Default)]
struct Script {
    keys: Vec<Value>,
    is_down: bool,
    token: String,
    asked: Vec<Vec<(String, String)>>,
}

pub struct Forger {
    pub issuer: String,
    script: Arc<Mutex<Script>>,
    server: ServerHandle,
}

type Shared = Data<(String, Arc<Mutex<Script>>)>;

impl Forger {
    /// With this key as its own.
    pub async fn start(key: &Key) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script { keys: vec![key.jwk()], ..Script::default() }));
        let shared = Data::new((issuer.clone(), script.clone()));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", get().to(metadata))
                .route("/keys", get().to(keys))
                .route("/token", post().to(token))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { issuer, script, server: handle }
    }

    /// What the next code is exchanged for.
    pub fn answer(&self, token: impl Into<String>) {
        self.script.lock().unwrap().token = token.into();
    }

    /// Its public keys from now on.
    pub fn publish(&self, keys: &[&Key]) {
        self.script.lock().unwrap().keys = keys.iter().map(|key| key.jwk()).collect();
    }

    /// Whether it answers nothing but faults.
    pub fn set_down(&self, is_down: bool) {
        self.script.lock().unwrap().is_down = is_down;
    }

    /// The forms that came to its token endpoint.
    pub fn asked(&self) -> Vec<Vec<(String, String)>> {
        self.script.lock().unwrap().asked.clone()
    }
}

impl Drop for Forger {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn metadata(shared: Shared) -> HttpResponse {
    let (issuer, script) = shared.get_ref();
    if script.lock().unwrap().is_down {
        return HttpResponse::InternalServerError().finish();
    }
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It offers everything; what is taken is decided by whoever verifies.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none", "an algorithm of tomorrow"],
    }))
}

async fn keys(shared: Shared) -> HttpResponse {
    HttpResponse::Ok().json(json!({"keys": shared.1.lock().unwrap().keys}))
}

async fn token(shared: Shared, form: Form<Vec<(String, String)>>) -> HttpResponse {
    let mut script = shared.1.lock().unwrap();
    script.asked.push(form.into_inner());
    let answer = json!({"access_token": "x", "token_type": "Bearer", "expires_in": 60, "id_token": script.token});
    HttpResponse::Ok().json(answer)
}

/// The challenge of a PKCE verifier.
pub fn challenge(verifier: &str) -> String {
    encode(&Sha256::digest(verifier))
}
