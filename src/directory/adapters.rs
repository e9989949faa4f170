//! What an adapter would send: tried out on a made-up message, without sending anything.
//!
//! Pure. Secrets show as their names. The adapters themselves are `delivery`'s.

use serde::Serialize;
use serde_json::Value;

use super::contacts::{Adapter, Contact};
use crate::delivery::adapter::{Method, masked, sample};
use crate::error::{AppError, Faults};

/// One call as it would be made.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Sent {
    /// For which message: `first` or `later`.
    pub message: &'static str,
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Header and value; secrets as their names.
    pub headers: Vec<(String, String)>,
    /// The payload; secrets as their names.
    #[schema(value_type = Object)]
    pub body: Value,
}

/// What would be sent to this contact. `Invalid` where the adapter is not sound, or there is none.
pub fn preview(contact: &Contact, other: Option<Adapter>) -> Result<Vec<Sent>, AppError> {
    let own = contact.webhook.as_ref().and_then(|webhook| webhook.adapter.clone());
    let adapter = other.or(own).ok_or_else(|| AppError::field("adapter", "is missing, and the contact has none"))?;
    let mut faults = Faults::default();
    adapter.check("adapter", &mut faults);
    faults.finish()?;
    let base = contact.webhook.as_ref().map_or("", |webhook| webhook.url.trim_end_matches('/'));
    let (first, mut later) = (sample(), sample());
    later["type"] = "escalation.cancelled".into();
    (later["reference"], later["key"]) = ("4711".into(), "4711".into());
    [("first", first), ("later", later)]
        .into_iter()
        .map(|(message, data)| sent(&adapter, base, message, &data))
        .collect()
}

fn sent(adapter: &Adapter, base: &str, message: &'static str, data: &Value) -> Result<Sent, AppError> {
    let (call, body) = adapter.finish(data).map_err(|fault| AppError::field("adapter", fault))?;
    Ok(Sent {
        message,
        method: call.method,
        url: format!("{base}{}", call.path),
        headers: call.headers.into_iter().map(|(name, value)| (name, masked(&value))).collect(),
        body: serde_json::from_str(&masked(&body)).map_err(AppError::internal)?,
    })
}
