//! The element `<wer-kann-mir-helfen>` for pages of other sites: one script, without dependencies.
//!
//! Invariant: its address never changes, so it is kept for an hour and asked for again by its tag. Any origin may load
//! and run it; it reads public help alone.

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use actix_web::{HttpRequest, HttpResponse};

use super::help::knows;
use crate::error::AppError;
use crate::http::assets;
use crate::http::error::ApiError;

/// Where the script lies among the assets.
pub const SCRIPT: &str = "embed/wer-kann-mir-helfen.js";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The script of the element.
pub async fn script(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let tag = concat!("\"", env!("CARGO_PKG_VERSION"), "-").to_owned() + assets::version() + "\"";
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| knows(known.as_bytes(), tag.as_bytes()));
    let mut answer = match known {
        true => HttpResponse::NotModified().finish(),
        false => assets::packed(request.headers(), SCRIPT).ok_or(AppError::NotFound)?,
    };
    let tag = HeaderValue::from_str(&tag).map_err(AppError::internal)?;
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600, stale-while-revalidate=86400"));
    headers.insert(ETAG, tag);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten kilobytes are the promise; five are what it should stay below.
    #[test]
    fn the_script_is_small() {
        let (gzip, brotli) = assets::sizes(SCRIPT).unwrap();
        assert!(gzip < 5_500 && brotli < 5_000, "gzip {gzip}, brotli {brotli}");
    }

    #[test]
    fn the_script_sets_no_markup() {
        let text = include_str!("../assets/embed/wer-kann-mir-helfen.js");
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style.", "import("] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
