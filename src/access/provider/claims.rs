//! From what a provider says about a person to who they are here and what they may. Pure.
//!
//! Invariant: a role comes only from a rule of the settings that fits one whole value of the one claim they name;
//! whatever fits no rule gives nothing. A mail address is taken over only where the provider has verified it, and it
//! never tells who somebody is. Not here: whether the claims are genuine (`id_token.rs`).

use serde_json::Value;

use crate::access::policy::{Channel, Grant, Scope};
use crate::access::role::Role;
use crate::access::users::Login;
use crate::error::{AppError, Faults};
use crate::keys::{ArsPrefix, EmailAddress, Slug};

/// Stands in a rule's value for the region's digits.
const REGION: &str = "{ars}";

/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 200;

/// A rule as the settings write it.
#[derive(Debug, Clone, Default)]
pub struct RuleText {
    /// The value of the claim, such as a group's name; `{ars}` in it stands for a region's digits.
    pub value: String,
    /// The role it gives.
    pub role: String,
    /// Where; nothing is everywhere, unless the value says it.
    pub ars: Option<String>,
    /// Only this service.
    pub service: Option<String>,
    /// Only what came in by this help channel.
    pub channel: Option<String>,
    /// For `second_level`: the contact.
    pub contact: Option<String>,
}

/// Which claim gives which roles.
#[derive(Debug, Clone)]
pub struct Mapping {
    claim: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    value: Pattern,
    grant: Grant,
}

#[derive(Debug, Clone)]
enum Pattern {
    Exactly(String),
    /// What stands before and after the digits of a region.
    WithRegion(String, String),
}

impl Mapping {
    /// Reads the rules, or says everything that is wrong with them.
    pub fn parse(claim: &str, rules: &[RuleText]) -> Result<Self, AppError> {
        let mut faults = Faults::default();
        if claim.trim().is_empty() {
            faults.add("oidc.claim", "must name the claim that holds the groups, such as groups or realm_access.roles");
        }
        let parsed = rules.iter().enumerate();
        let rules = parsed.filter_map(|(at, text)| rule(text, &format!("oidc.grant[{at}]"), &mut faults)).collect();
        faults.finish()?;
        Ok(Self { claim: claim.to_owned(), rules })
    }

    /// The roles these claims give, each once, in the order of the rules.
    pub fn grants(&self, claims: &Value) -> Vec<Grant> {
        let values = values(claims, &self.claim);
        let mut grants: Vec<Grant> = Vec::new();
        for rule in &self.rules {
            for grant in values.iter().filter_map(|value| rule.grant(value)) {
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
        grants
    }
}

impl Rule {
    fn grant(&self, value: &str) -> Option<Grant> {
        let mut grant = self.grant.clone();
        match &self.value {
            Pattern::Exactly(wanted) if value == wanted => {}
            Pattern::Exactly(_) => return None,
            Pattern::WithRegion(before, after) => {
                let digits = value.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                // Nothing at all would be everywhere.
                grant.scope.region = digits.parse().ok().filter(|_| !digits.is_empty())?;
            }
        }
        Some(grant)
    }
}

fn rule(text: &RuleText, at: &str, faults: &mut Faults) -> Option<Rule> {
    let field = |name: &str| format!("{at}.{name}");
    let value = match text.value.split_once(REGION) {
        Some((before, after)) => Pattern::WithRegion(before.to_owned(), after.to_owned()),
        None => Pattern::Exactly(text.value.clone()),
    };
    if text.value.trim().is_empty() || text.value.matches(REGION).count() > 1 || text.value == REGION {
        faults.add(field("value"), "must be a value of the claim, with {ars} in it at most once and not alone");
    }
    if matches!(value, Pattern::WithRegion(..)) && text.ars.is_some() {
        faults.add(field("ars"), "is taken from {ars} in the value already; leave one of them out");
    }
    let role: Option<Role> = faults.keep(&field("role"), text.role.parse());
    if role.is_some_and(|role| (role == Role::SecondLevel) != text.contact.is_some()) {
        faults.add(field("contact"), "second_level speaks for exactly one contact, and only this role does");
    }
    let region = match &text.ars {
        Some(ars) => faults.keep(&field("ars"), ars.parse::<ArsPrefix>()),
        None => Some(ArsPrefix::everywhere()),
    };
    let service = text.service.as_ref().and_then(|name| faults.keep(&field("service"), name.parse::<Slug>()));
    let channel = text.channel.as_ref().and_then(|word| faults.keep(&field("channel"), word.parse::<Channel>()));
    let contact = text.contact.as_ref().and_then(|name| faults.keep(&field("contact"), name.parse::<Slug>()));
    let scope = Scope { region: region?, service, channel };
    Some(Rule { value, grant: Grant { role: role?, scope, contact } })
}

/// The texts of a claim: a list of them or a single one. A dot leads into an object, unless the name as a whole is
/// a claim.
fn values<'a>(claims: &'a Value, claim: &str) -> Vec<&'a str> {
    let found = claims.get(claim).or_else(|| claim.split('.').try_fold(claims, |inside, name| inside.get(name)));
    match found {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A person as a provider describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Login names they could have here, the best first.
    pub logins: Vec<Login>,
    /// Their name.
    pub name: Option<String>,
    /// Their address, where the provider has verified it.
    pub email: Option<EmailAddress>,
}

impl Described {
    /// Reads the standard claims; what does not fit is left out.
    pub fn read(claims: &Value) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let is_verified = claims.get("email_verified").and_then(Value::as_bool) == Some(true);
        let email: Option<EmailAddress> = text("email").filter(|_| is_verified).and_then(|email| email.parse().ok());
        let named = [text("preferred_username"), email.as_ref().map(EmailAddress::as_str)];
        let logins = named.into_iter().flatten().filter_map(|name| Login::parse(name).ok()).collect();
        let name = text("name").or(text("preferred_username"));
        let plain = |name: &str| name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        Self { logins, name: name.map(plain), email }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(value: &str, role: &str) -> RuleText {
        RuleText { value: value.into(), role: role.into(), ..RuleText::default() }
    }

    fn rules() -> Vec<RuleText> {
        vec![
            RuleText { ars: Some("010020000000".into()), ..text("lotse-kiel", "central") },
            text("lotse-central-{ars}", "central"),
            RuleText { service: Some("wohnsitzanmeldung".into()), ..text("/sh/{ars}/leitung", "project_lead") },
            RuleText { channel: Some("115".into()), ..text("lotse-115", "agent") },
            RuleText { contact: Some("technik".into()), ..text("lotse-technik", "second_level") },
            text("lotse-admin", "admin"),
        ]
    }

    #[track_caller]
    fn check(claim: &str, claims: Value, wanted: &[&str]) {
        let mapping = Mapping::parse(claim, &rules()).unwrap();
        let words = |grant: Grant| {
            let Scope { region, service, channel } = grant.scope;
            let more =
                [service.map(|s| s.to_string()), channel.map(|c| c.to_string()), grant.contact.map(|c| c.to_string())];
            let more: String = more.into_iter().flatten().map(|word| format!(" {word}")).collect();
            format!("{} {region}{more}", grant.role)
        };
        let found: Vec<String> = mapping.grants(&claims).into_iter().map(words).collect();
        assert_eq!(found, wanted, "{claims}");
    }

    #[test]
    fn a_group_gives_its_role() {
        check("groups", json!({"groups": ["lotse-kiel", "other"]}), &["central 010020000000"]);
        check("groups", json!({"groups": "lotse-admin"}), &["admin "]);
        check("groups", json!({"groups": ["lotse-115", "lotse-technik"]}), &["agent  115", "second_level  technik"]);
        check("groups", json!({"groups": ["lotse-kiel", "lotse-central-010020000000"]}), &["central 010020000000"]);
        check("groups", json!({"groups": []}), &[]);
        check("groups", json!({}), &[]);
        check("groups", json!({"groups": {"lotse-admin": true}}), &[]);
        check("groups", json!({"groups": [1, null, ["lotse-admin"], {"name": "lotse-admin"}]}), &[]);
    }

    #[test]
    fn a_claim_is_found_by_its_path() {
        check("realm_access.roles", json!({"realm_access": {"roles": ["lotse-admin"]}}), &["admin "]);
        check("a.b.c", json!({"a": {"b": {"c": "lotse-admin"}}}), &["admin "]);
        check("https://a.example.org/groups", json!({"https://a.example.org/groups": ["lotse-admin"]}), &["admin "]);
        check("realm_access.roles", json!({"realm_access": ["lotse-admin"], "roles": ["lotse-admin"]}), &[]);
    }

    #[test]
    fn a_region_is_read_from_the_whole_value() {
        let group = |group: &str| json!({"groups": [group]});
        for digits in ["01", "011", "01002", "010020000", "010020000000"] {
            check("groups", group(&format!("lotse-central-{digits}")), &[&format!("central {digits}")]);
        }
        check("groups", group("/sh/01002/leitung"), &["project_lead 01002 wohnsitzanmeldung"]);
        for odd in [
            "lotse-central-",
            "lotse-central-0",
            "lotse-central-0100",
            "lotse-central-0100200000001",
            "lotse-central-01x",
            "lotse-central-٠١",
            "lotse-central-01 ",
            " lotse-central-01",
            "xlotse-central-01",
            "lotse-central-01\n",
            "lotse-central-01-extra",
            "lotse-central-{ars}",
            "LOTSE-CENTRAL-01",
            "/sh/01002/leitung/x",
            "/sh//leitung",
            "lotse-admin ",
            "Lotse-admin",
        ] {
            check("groups", group(odd), &[]);
        }
    }

    #[test]
    fn a_senseless_rule_is_named() {
        let fault = |rule: RuleText| Mapping::parse("groups", &[rule]).unwrap_err().to_string();
        for (rule, field) in [
            (text("x", "boss"), "oidc.grant[0].role"),
            (text(" ", "admin"), "oidc.grant[0].value"),
            (text("{ars}", "admin"), "oidc.grant[0].value"),
            (text("{ars}-{ars}", "admin"), "oidc.grant[0].value"),
            (RuleText { ars: Some("01".into()), ..text("x-{ars}", "central") }, "oidc.grant[0].ars"),
            (RuleText { ars: Some("0100".into()), ..text("x", "central") }, "oidc.grant[0].ars"),
            (RuleText { service: Some("A B".into()), ..text("x", "central") }, "oidc.grant[0].service"),
            (RuleText { channel: Some("fax".into()), ..text("x", "agent") }, "oidc.grant[0].channel"),
            (text("x", "second_level"), "oidc.grant[0].contact"),
            (RuleText { contact: Some("technik".into()), ..text("x", "central") }, "oidc.grant[0].contact"),
        ] {
            let fault = fault(rule);
            assert!(fault.contains(field), "{field}: {fault}");
        }
        assert!(Mapping::parse(" ", &[]).unwrap_err().to_string().contains("oidc.claim"));
    }

    #[test]
    fn a_mail_address_counts_only_when_verified() {
        let read = |claims: Value| Described::read(&claims);
        let full = read(
            json!({"name": " Erika\u{7} Muster ", "preferred_username": "Erika", "email": "e@kiel.example.org", "email_verified": true}),
        );
        assert_eq!(full.name.as_deref(), Some("Erika Muster"));
        assert_eq!(full.email.as_ref().map(EmailAddress::as_str), Some("e@kiel.example.org"));
        let logins: Vec<&str> = full.logins.iter().map(Login::as_str).collect();
        assert_eq!(logins, ["erika", "e@kiel.example.org"]);
        for verified in [json!(false), json!("true"), json!(1), Value::Null] {
            let found = read(json!({"email": "e@kiel.example.org", "email_verified": verified}));
            assert_eq!((found.email, found.logins.len()), (None, 0), "{verified}");
        }
        assert_eq!(read(json!({"email": "e@kiel.example.org"})).email, None);
        assert_eq!(
            read(json!({"preferred_username": "a b"})),
            Described { logins: vec![], name: Some("a b".into()), email: None }
        );
    }
}
