//! How our own types are stored: ids as `uuid` or 16 bytes, times as timestamps, enums and JSON as text.
//!
//! The types themselves stand where they belong (`ids.rs`, `clock.rs`, the pure files); only their mapping is
//! here, so that no other file needs to know Diesel's traits.

use chrono::NaiveDateTime;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, SqlType, Text};
use diesel::sqlite::Sqlite;

use super::connection::MultiBackend;
use crate::clock::Timestamp;
use crate::ids::Id;

/// The column type of an [`Id`].
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(name = "uuid"))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct DbUuid;

/// Lets a type stand for a column of `$sql` in queries and rows. Diesel's derives would do the same, but they
/// must stand at the type's definition, which knows no database.
macro_rules! column_type {
    ([$($generic:ident)?], $type:ty, $sql:ty) => {
        impl<$($generic)?> AsExpression<$sql> for $type {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { diesel::internal::derives::as_expression::Bound::new(self) }
        }
        impl<$($generic)?> AsExpression<diesel::sql_types::Nullable<$sql>> for $type {
            type Expression = diesel::internal::derives::as_expression::Bound<diesel::sql_types::Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { diesel::internal::derives::as_expression::Bound::new(self) }
        }
        impl<'expr, $($generic)?> AsExpression<$sql> for &'expr $type {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql, Self>;
            fn as_expression(self) -> Self::Expression { diesel::internal::derives::as_expression::Bound::new(self) }
        }
        impl<'expr, $($generic)?> AsExpression<diesel::sql_types::Nullable<$sql>> for &'expr $type {
            type Expression = diesel::internal::derives::as_expression::Bound<diesel::sql_types::Nullable<$sql>, Self>;
            fn as_expression(self) -> Self::Expression { diesel::internal::derives::as_expression::Bound::new(self) }
        }
        impl<$($generic,)? DB: Backend> ToSql<diesel::sql_types::Nullable<$sql>, DB> for $type where Self: ToSql<$sql, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                <Self as ToSql<$sql, DB>>::to_sql(self, out)
            }
        }
        impl<$($generic,)? DB: Backend> diesel::deserialize::Queryable<$sql, DB> for $type where Self: FromSql<$sql, DB> {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> { Ok(row) }
        }
    };
}

column_type!([T], Id<T>, DbUuid);
column_type!([], Timestamp, diesel::sql_types::Timestamp);

impl<T> ToSql<DbUuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl<T> FromSql<DbUuid, Pg> for Id<T> {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Id::from_uuid(uuid::Uuid::from_slice(value.as_bytes())?))
    }
}
impl<T> ToSql<DbUuid, Sqlite> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.as_bytes()[..]);
        Ok(IsNull::No)
    }
}
impl<T> FromSql<DbUuid, Sqlite> for Id<T> {
    fn from_sql(value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes: Vec<u8> = FromSql::<diesel::sql_types::Binary, Sqlite>::from_sql(value)?;
        Ok(Id::from_uuid(uuid::Uuid::from_slice(&bytes)?))
    }
}
impl HasSqlType<DbUuid> for MultiBackend {
    fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
        MultiBackend::lookup_sql_type::<DbUuid>(lookup)
    }
}
impl<T: 'static> FromSql<DbUuid, MultiBackend> for Id<T> {
    fn from_sql(value: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        value.from_sql::<Id<T>, DbUuid>()
    }
}
impl<T: 'static> ToSql<DbUuid, MultiBackend> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((DbUuid, self));
        Ok(IsNull::No)
    }
}

impl<DB: Backend> ToSql<diesel::sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: ToSql<diesel::sql_types::Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}
impl<DB: Backend> FromSql<diesel::sql_types::Timestamp, DB> for Timestamp
where
    NaiveDateTime: FromSql<diesel::sql_types::Timestamp, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(value).map(Timestamp)
    }
}

/// A value kept as JSON text, already written out.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Json(String);

impl Json {
    /// Writes `value` out.
    pub fn of<T: serde::Serialize>(value: &T) -> Result<Self, crate::error::AppError> {
        serde_json::to_string(value).map(Self).map_err(crate::error::AppError::internal)
    }

    /// Reads the value back; a text that does not fit is a fault of ours.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, crate::error::AppError> {
        serde_json::from_str(&self.0).map_err(crate::error::AppError::internal)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl<DB: Backend> ToSql<Text, DB> for Json
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.as_str().to_sql(out)
    }
}
impl<DB: Backend> FromSql<Text, DB> for Json
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        String::from_sql(value).map(Self)
    }
}

/// Stores a key of `keys.rs` as the text it is.
macro_rules! text_column {
    ($($type:ty),*) => {$(
        column_type!([], $type, Text);
        impl<DB: Backend> ToSql<Text, DB> for $type where str: ToSql<Text, DB> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result { self.as_str().to_sql(out) }
        }
        impl<DB: Backend> FromSql<Text, DB> for $type where String: FromSql<Text, DB> {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> { Ok(String::from_sql(value)?.parse()?) }
        }
    )*};
}
text_column!(
    crate::keys::Ars,
    crate::keys::ArsPrefix,
    crate::keys::Ags,
    crate::keys::Leistungsschluessel,
    crate::keys::Slug,
    crate::keys::LandCode,
    crate::keys::EmailAddress
);

/// An enum that is one fixed word in the database, in JSON and in the URL.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:tt),* $(,)? }) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
            $crate::db::types::named::AsTextExpression, $crate::db::types::named::FromTextRow)]
        $(#[$doc])*
        #[diesel(sql_type = $crate::db::types::named::TextColumn)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The word for it.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),* } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word { $($word => Ok(Self::$variant),)*
                    _ => Err(format!("must be one of: {}", [$($word),*].join(", "))) }
            }
        }
        $crate::text_enum_column!($name);
    };
}

/// The storing half of [`text_enum!`].
#[macro_export]
macro_rules! text_enum_column {
    ($name:ident) => {
        impl<DB: $crate::db::types::named::AnyBackend>
            $crate::db::types::named::ToSql<$crate::db::types::named::TextColumn, DB> for $name
        where
            str: $crate::db::types::named::ToSql<$crate::db::types::named::TextColumn, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut $crate::db::types::named::Output<'b, '_, DB>,
            ) -> $crate::db::types::named::SerializeResult {
                self.as_str().to_sql(out)
            }
        }
        impl<DB: $crate::db::types::named::AnyBackend>
            $crate::db::types::named::FromSql<$crate::db::types::named::TextColumn, DB> for $name
        where
            String: $crate::db::types::named::FromSql<$crate::db::types::named::TextColumn, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> $crate::db::types::named::DeserializeResult<Self> {
                Ok(<String as $crate::db::types::named::FromSql<$crate::db::types::named::TextColumn, DB>>::from_sql(
                    value,
                )?
                .parse::<$name>()?)
            }
        }
    };
}

/// What the macros above name; nobody else should.
#[doc(hidden)]
pub mod named {
    pub use diesel::backend::Backend as AnyBackend;
    pub use diesel::deserialize::{FromSql, FromSqlRow as FromTextRow, Result as DeserializeResult};
    pub use diesel::expression::AsExpression as AsTextExpression;
    pub use diesel::serialize::{Output, Result as SerializeResult, ToSql};
    pub use diesel::sql_types::Text as TextColumn;
}

#[cfg(test)]
mod tests {
    crate::text_enum! {
        /// A light.
        pub enum Light { /// Go.
            Green = "green", /// Stop.
            Red = "red" }
    }
    #[test]
    fn an_enum_is_its_word() {
        assert_eq!(serde_json::to_string(&Light::Green).unwrap(), "\"green\"");
        assert_eq!("red".parse(), Ok(Light::Red));
        assert!("blue".parse::<Light>().unwrap_err().contains("green, red"));
        let schema = serde_json::to_value(<Light as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["green", "red"]));
    }
}
