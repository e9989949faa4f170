//! The settings of log-in by a provider (OpenID Connect). What the roles and regions in them mean is read where they
//! are used (`access/provider/claims.rs`).

use secrecy::SecretString;
use serde::Deserialize;

use crate::error::Faults;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each key is explained in config/default.toml.
pub struct Oidc {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
    pub client_secret_file: String,
    pub scopes: String,
    pub label: String,
    pub create_accounts: bool,
    pub claim: String,
    pub grant: Vec<OidcGrant>,
    pub root_certificate: String,
    pub allow_http: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct OidcGrant {
    pub value: String,
    pub role: String,
    pub ars: Option<String>,
    pub service: Option<String>,
    pub channel: Option<String>,
    pub contact: Option<String>,
}

impl Oidc {
    /// True where there is a provider.
    pub fn is_on(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Notes what is senseless in itself.
    pub(super) fn validate(&self, faults: &mut Faults) {
        if !self.is_on() {
            if !self.client_id.is_empty() {
                faults.add("oidc.issuer", "is missing; without it oidc.client_id does nothing");
            }
            return;
        }
        let schemes: &[&str] = if self.allow_http { &["http", "https"] } else { &["https"] };
        let is_issuer = |url: &url::Url| {
            schemes.contains(&url.scheme()) && url.host().is_some() && url.query().is_none() && url.fragment().is_none()
        };
        if !url::Url::parse(&self.issuer).is_ok_and(|url| is_issuer(&url)) {
            let rule = "must be the provider's https address exactly as it names itself, such as https://id.example.org/realms/land";
            faults.add("oidc.issuer", rule);
        }
        if self.client_id.trim().is_empty() {
            faults.add("oidc.client_id", "is missing; it is Lotse's name at the provider");
        }
        if !self.scopes.split_whitespace().any(|scope| scope == "openid") {
            faults.add("oidc.scopes", "must hold openid");
        }
        if self.label.trim().is_empty() {
            faults.add("oidc.label", "must not be empty; it is the text of the button");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULTS};

    fn faults(section: &str) -> String {
        let (before, after) = DEFAULTS.split_once("[oidc]").unwrap();
        let (own, after) = after.split_once("\n[").unwrap();
        let mut own: toml::Table = toml::from_str(own).unwrap();
        own.extend(toml::from_str::<toml::Table>(section).unwrap());
        let mut all: toml::Table = toml::from_str(&format!("{before}\n[{after}")).unwrap();
        all.insert("oidc".to_owned(), toml::Value::Table(own));
        let config: Config = all.try_into().unwrap();
        config.validate().err().map_or_else(String::new, |fault| fault.to_string())
    }

    #[test]
    fn a_senseless_provider_is_named() {
        let good = "issuer = \"https://id.example.org/realms/land\"\nclient_id = \"lotse\"\n";
        assert_eq!(faults(good), "");
        for (section, key) in [
            ("issuer = \"http://id.example.org\"\nclient_id = \"lotse\"", "oidc.issuer"),
            ("issuer = \"id.example.org\"\nclient_id = \"lotse\"", "oidc.issuer"),
            ("issuer = \"https://id.example.org?x=1\"\nclient_id = \"lotse\"", "oidc.issuer"),
            ("issuer = \"https://id.example.org\"", "oidc.client_id"),
            ("client_id = \"lotse\"", "oidc.issuer"),
            (&format!("{good}scopes = \"profile email\""), "oidc.scopes"),
            (&format!("{good}label = \"\""), "oidc.label"),
        ] {
            assert!(faults(section).contains(key), "{section}: {}", faults(section));
        }
        assert_eq!(faults("issuer = \"http://127.0.0.1:9\"\nclient_id = \"lotse\"\nallow_http = true"), "");
    }
}
