//! The table of text modules.

use diesel::prelude::*;

use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::schema::text_modules as t;
use crate::error::AppError;
use crate::ids::TextModuleId;
use crate::keys::{ArsPrefix, Slug};
use crate::tickets::text_modules::{TextLanguage, TextModule};

#[derive(Insertable, Queryable, AsChangeset)]
#[diesel(table_name = t, treat_none_as_null = true)]
struct Row {
    id: TextModuleId,
    region: ArsPrefix,
    service: Option<Slug>,
    language: TextLanguage,
    title: String,
    body: String,
    version: i32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row {
    fn of(module: &TextModule) -> Self {
        let TextModule { id, region, service, language, title, body, version, created_at, updated_at } = module.clone();
        Self { id, region, service, language, title, body, version, created_at, updated_at }
    }

    fn module(self) -> TextModule {
        let Self { id, region, service, language, title, body, version, created_at, updated_at } = self;
        TextModule { id, region, service, language, title, body, version, created_at, updated_at }
    }
}

pub(in crate::tickets) fn insert(conn: &mut Conn, module: &TextModule) -> Result<(), AppError> {
    diesel::insert_into(t::table).values(&Row::of(module)).execute(conn)?;
    Ok(())
}

pub(in crate::tickets) fn find(conn: &mut Conn, id: TextModuleId) -> Result<Option<TextModule>, AppError> {
    Ok(t::table.find(id).first::<Row>(conn).optional()?.map(Row::module))
}

/// Writes it if it still has this version.
pub(in crate::tickets) fn update(conn: &mut Conn, module: &TextModule, version: i32) -> Result<bool, AppError> {
    let unchanged = t::table.find(module.id).filter(t::version.eq(version));
    Ok(diesel::update(unchanged).set(&Row::of(module)).execute(conn)? == 1)
}

pub(in crate::tickets) fn remove(conn: &mut Conn, id: TextModuleId, version: i32) -> Result<bool, AppError> {
    Ok(diesel::delete(t::table.find(id).filter(t::version.eq(version))).execute(conn)? == 1)
}

/// By title, from the one after `after`.
pub(in crate::tickets) fn list(
    conn: &mut Conn,
    after: Option<(String, TextModuleId)>,
    most: i64,
) -> Result<Vec<TextModule>, AppError> {
    let mut rows = t::table.order((t::title, t::id)).limit(most).into_boxed();
    if let Some((title, id)) = after {
        rows = rows.filter(t::title.gt(title.clone()).or(t::title.eq(title).and(t::id.gt(id))));
    }
    Ok(rows.load::<Row>(conn)?.into_iter().map(Row::module).collect())
}

/// Those of these regions about this service or every one, by title.
pub(in crate::tickets) fn fitting(
    conn: &mut Conn,
    regions: &[ArsPrefix],
    service: &Slug,
    most: i64,
) -> Result<Vec<TextModule>, AppError> {
    let rows = t::table.filter(t::region.eq_any(regions)).filter(t::service.is_null().or(t::service.eq(service)));
    Ok(rows.order((t::title, t::id)).limit(most).load::<Row>(conn)?.into_iter().map(Row::module).collect())
}
