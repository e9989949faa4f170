//! stub
mod terms;
use crate::db::*;
use crate::error::AppError;
use crate::ids::*;
use crate::keys::*;
use chrono::NaiveDate;
use std::sync::Arc;
pub use terms::*;
#[derive(Clone, Debug)]
pub struct Contact {
    pub slug: Slug,
    pub name: String,
    pub email: Option<EmailAddress>,
    pub email_endpoint: Option<EndpointId>,
    pub webhook: Option<Wh>,
    pub webhook_endpoint: Option<EndpointId>,
    pub discloses_reporter: bool,
}
#[derive(Clone, Debug)]
pub struct Wh {
    pub url: String,
}
impl Wh {
    pub fn is_active(&self) -> bool {
        true
    }
}
pub struct ContactRef {
    pub id: Slug,
    pub name: String,
}
pub struct Step {
    pub contact: ContactRef,
    pub reason: String,
}
pub struct Skipped {
    pub contact: ContactRef,
    pub reason: String,
}
pub struct Route {
    pub chain: Vec<Step>,
    pub skipped: Vec<Skipped>,
}
pub struct Settings;
#[derive(Clone)]
pub struct Directory;
impl Directory {
    pub fn current(&self) -> Arc<Snapshot> {
        todo!()
    }
    pub fn settings(&self) -> &Settings {
        todo!()
    }
}
pub struct Snapshot;
pub struct Sv {
    pub slug: Slug,
    pub name: Arc<str>,
    pub assessment: Assessment,
}
pub struct Mu {
    pub ars: Ars,
    pub name: Arc<str>,
}
impl Snapshot {
    pub fn service(&self, _: &str) -> Option<&Sv> {
        None
    }
    pub fn municipality(&self, _: &Ars) -> Option<&Mu> {
        None
    }
    pub fn by_ags(&self, _: &Ags) -> Option<&Mu> {
        None
    }
}
pub fn route(_: &mut Conn, _: &Slug, _: &Ars, _: Kind, _: NaiveDate, _: &Settings) -> Result<Route, AppError> {
    todo!()
}
pub fn contacts_of(_: &mut Conn, _: &[Slug]) -> Result<Vec<Contact>, AppError> {
    todo!()
}
pub fn central_contacts(_: &mut Conn, _: &Slug, _: &Ars, _: NaiveDate, _: &Settings) -> Result<Vec<Contact>, AppError> {
    todo!()
}
pub fn emergency_contacts(
    _: &mut Conn,
    _: &Slug,
    _: &Ars,
    _: NaiveDate,
    _: &Settings,
) -> Result<Vec<Contact>, AppError> {
    todo!()
}
