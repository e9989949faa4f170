//! The cookies of log-ins.
//!
//! Invariant: no script reads them, and no foreign page's form or picture sends them along. By https their names bind
//! them to this host and to https (`__Host-`); by plain http, which is for development, browsers would refuse that.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use super::State;

/// How long somebody may take at the provider, in seconds.
const FLOW: i64 = 600;

/// The cookie of a session; the browser forgets it when it closes.
pub fn session_cookie(state: &State, secret: &str) -> Cookie<'static> {
    cookie(state, "lotse", secret)
}

/// Makes the browser forget its session.
pub fn expired(state: &State) -> Cookie<'static> {
    gone(session_cookie(state, ""))
}

/// The secret of the session that a request carries.
pub fn session_secret(state: &State, request: &HttpRequest) -> Option<String> {
    value(state, request, "lotse")
}

/// The cookie of a log-in on its way to the provider and back.
pub(super) fn flow_cookie(state: &State, flow: &str) -> Cookie<'static> {
    let mut cookie = cookie(state, "lotse_flow", flow);
    cookie.set_max_age(Duration::seconds(FLOW));
    cookie
}

/// Makes the browser forget a log-in on its way.
pub(super) fn expired_flow(state: &State) -> Cookie<'static> {
    gone(flow_cookie(state, ""))
}

/// The log-in on its way that a request belongs to.
pub(super) fn flow(state: &State, request: &HttpRequest) -> Option<String> {
    value(state, request, "lotse_flow")
}

fn cookie(state: &State, name: &str, value: &str) -> Cookie<'static> {
    let cookie = Cookie::build(full_name(state, name), value.to_owned());
    // Lax: whoever follows a link from a mail is logged in, and the provider sends people back by such a link.
    cookie.path("/").http_only(true).secure(state.is_https()).same_site(SameSite::Lax).finish()
}

fn gone(mut cookie: Cookie<'static>) -> Cookie<'static> {
    cookie.make_removal();
    cookie
}

fn value(state: &State, request: &HttpRequest, name: &str) -> Option<String> {
    request.cookie(&full_name(state, name)).map(|cookie| cookie.value().to_owned())
}

fn full_name(state: &State, name: &str) -> String {
    if state.is_https() { format!("__Host-{name}") } else { name.to_owned() }
}
