//! Brakes: how often one address may send forms, and, where a setting says so, ask the API or the public help.
//!
//! Invariant: who is braked gets 429 with Retry-After before anything is looked at; addresses come from
//! `client.rs`, so a header that a client writes changes nothing. The brakes are this process's own: with several
//! instances each lets through its share. Guessing of passwords has brakes in the database besides
//! (`access/throttle`), which hold across instances. An IPv6 network of 64 bits counts as one address.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::Error;
use actix_web::ResponseError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::web::Data;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use super::{State, client, pages, routes};
use crate::error::AppError;

/// Above so many known addresses, those that were quiet are forgotten.
const MANY: usize = 20_000;

/// How much is let through a minute; `None` brakes nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Forms of pages, per address.
    pub forms: Option<NonZeroU32>,
    /// Calls of the API, per token.
    pub calls: Option<NonZeroU32>,
    /// Reads of the public help, per address.
    pub help: Option<NonZeroU32>,
    /// Callbacks of contacts' systems, per address.
    pub callbacks: Option<NonZeroU32>,
}

/// The brakes of this process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Limits {
    forms: Option<Brake<IpAddr>>,
    calls: Option<Brake<u64>>,
    help: Option<Brake<IpAddr>>,
    callbacks: Option<Brake<IpAddr>>,
    /// Tokens are known here by a hash that nobody outside can foresee.
    hasher: RandomState,
}

type Brake<K> = Arc<DefaultKeyedRateLimiter<K>>;

impl Limits {
    /// With nobody known yet.
    pub fn new(settings: Settings) -> Self {
        fn brake<K: std::hash::Hash + Eq + Clone>(a_minute: Option<NonZeroU32>) -> Option<Brake<K>> {
            a_minute.map(|most| Arc::new(RateLimiter::keyed(Quota::per_minute(most))))
        }
        Self {
            forms: brake(settings.forms),
            calls: brake(settings.calls),
            help: brake(settings.help),
            callbacks: brake(settings.callbacks),
            hasher: RandomState::new(),
        }
    }

    fn check(&self, request: &ServiceRequest, state: &State) -> Result<(), AppError> {
        let address = || network(client::address(request.request(), &state.trusted_proxies));
        let path = request.path();
        // A form below the help is a form.
        if routes::is_help(path) && request.method() != Method::POST {
            return self.help.as_ref().map_or(Ok(()), |brake| let_through(brake, &address()));
        }
        if path.starts_with(routes::CALLBACKS) {
            return self.callbacks.as_ref().map_or(Ok(()), |brake| let_through(brake, &address()));
        }
        if path.starts_with("/api/") {
            let token = request.headers().get(AUTHORIZATION).filter(|_| self.calls.is_some());
            let Some((brake, token)) = self.calls.as_ref().zip(token) else { return Ok(()) };
            return let_through(brake, &self.hasher.hash_one(token.as_bytes()));
        }
        // Beginning a log-in writes as a form does; and all log-outs come from the provider's one address.
        let is_form = request.method() == Method::POST && path != routes::LOGGED_OUT || path == routes::BEGIN_LOGIN;
        match &self.forms {
            Some(brake) if is_form => let_through(brake, &address()),
            _ => Ok(()),
        }
    }
}

fn let_through<K: std::hash::Hash + Eq + Clone>(brake: &Brake<K>, key: &K) -> Result<(), AppError> {
    // Looking through them all takes a while; once in many tries is enough to keep their number down.
    if brake.len() > MANY && rand::random_ratio(1, 1024) {
        brake.retain_recent();
    }
    let clock = DefaultClock::default();
    let wait = |until: governor::NotUntil<_>| until.wait_time_from(clock.now()).as_secs() + 1;
    brake.check_key(key).map_err(|until| AppError::TooMany(wait(until)))
}

/// What counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
    }
}

/// Wraps every request.
pub async fn limit<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let state = request.app_data::<Data<State>>();
    match state.map_or(Ok(()), |state| state.limits.check(&request, state)) {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        Err(fault) => {
            let fault = ApiError::from(fault);
            let is_api = request.path().starts_with("/api/");
            let answer = if is_api { fault.error_response() } else { pages::failure(&fault) };
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn more_than_the_limit_has_to_wait() {
        let limits = Limits::new(Settings { forms: NonZeroU32::new(3), ..Settings::default() });
        let (brake, here) = (limits.forms.unwrap(), "192.0.2.7".parse().unwrap());
        for _ in 0..3 {
            let_through(&brake, &here).unwrap();
        }
        assert!(matches!(let_through(&brake, &here), Err(AppError::TooMany(1..=60))));
        let_through(&brake, &"192.0.2.8".parse().unwrap()).unwrap();
    }
}
