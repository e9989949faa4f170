//! The servers: all routes on one listener, and the figures on another that needs no token.
//!
//! Invariant: a client that is slow to ask is dropped after ten seconds; the body has its own bound in `auth.rs`.
//! Signals are not handled here: whoever started a server stops it by its handle, and what is in hand is finished.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, PathConfig, get, to};
use actix_web::{App, HttpServer};

use super::error::{ApiError, not_found};
use super::limits::limit;
use super::pages::speak;
use super::record::record;
use super::{State, metrics, routes};
use crate::error::AppError;

const SLOWEST_HEAD: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Serves everything on this listener; `workers` 0 takes one thread a processor core. Await the server to run it,
/// stop it by its handle; then requests in hand get up to `shutdown_within`.
pub fn serve(state: State, listener: TcpListener, workers: usize, shutdown_within: Duration) -> io::Result<Server> {
    let workers = match workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        given => given,
    };
    let data = Data::new(state);
    let server = HttpServer::new(move || {
        let state = data.clone();
        App::new()
            .wrap(from_fn(limit))
            .wrap(from_fn(speak))
            .wrap(from_fn(record))
            .app_data(data.clone())
            // A path that cannot be read leads nowhere.
            .app_data(PathConfig::default().error_handler(|_, _| ApiError::from(AppError::NotFound).into()))
            .configure(move |app| routes::configure(app, &state))
            .default_service(to(not_found))
    });
    let server = server
        .workers(workers)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(SLOWEST_HEAD)
        .client_disconnect_timeout(Duration::from_secs(1))
        .shutdown_timeout(shutdown_within.as_secs())
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}

/// Serves only `/metrics`, without a token, for a listener that the public does not reach.
pub fn metrics_service(state: State, listener: TcpListener) -> io::Result<Server> {
    let data = Data::new(state);
    let server = HttpServer::new(move || {
        App::new().app_data(data.clone()).route("/metrics", get().to(metrics::unguarded)).default_service(to(not_found))
    });
    let server = server.workers(1).client_request_timeout(SLOWEST_HEAD).shutdown_timeout(1).disable_signals();
    Ok(server.listen(listener)?.run())
}
