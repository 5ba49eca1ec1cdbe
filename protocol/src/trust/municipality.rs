//! The part of a trust list that makes an authority a municipality.

use serde::{Deserialize, Serialize};

use crate::basics::municipality_code::MunicipalityCode;

/// Longest address of a municipality's page, in bytes.
const LONGEST_URL_BYTES: usize = 200;

/// What an authority is as a municipality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Municipality {
    /// The municipality's code (全国地方公共団体コード).
    pub code: MunicipalityCode,
    /// Its page, where it has one: `https://` and at most 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The keys that sign status passes (ECDSA on P-256).
    #[serde(default)]
    pub status_keys: Vec<StatusKey>,
    /// Vaccination sites whose licence ended early.
    #[serde(default)]
    pub revoked_sites: Vec<RevokedSite>,
}

/// A P-256 key by which a municipality signs status passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusKey {
    /// The point, compressed (33 bytes) or not (65 bytes), as SEC 1 writes it (section 2.3.3).
    #[serde(with = "serde_bytes")]
    pub point: Vec<u8>,
    /// Nothing that it signed counts any more.
    pub revoked: bool,
}

/// A site whose licence ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedSite {
    /// The site's number in its municipality.
    pub site: u32,
    /// From when on its doses do not count, in Unix seconds.
    pub from: i64,
}

impl Municipality {
    /// From when on a site's licence is revoked, in Unix seconds.
    ///
    /// ```
    /// use techo_protocol::{basics::municipality_code::MunicipalityCode, trust::{Municipality, RevokedSite}};
    /// let town = Municipality {
    ///     code: MunicipalityCode::read("271403").unwrap(),
    ///     url: None,
    ///     status_keys: vec![],
    ///     revoked_sites: vec![RevokedSite { site: 3, from: 200 }, RevokedSite { site: 3, from: 100 }],
    /// };
    /// assert_eq!((town.revoked_from(3), town.revoked_from(4)), (Some(100), None), "the earlier counts");
    /// ```
    pub fn revoked_from(&self, site: u32) -> Option<i64> {
        self.revoked_sites
            .iter()
            .filter(|revoked| revoked.site == site)
            .map(|revoked| revoked.from)
            .min()
    }

    /// The keys for status passes that are not revoked.
    pub fn status_keys(&self) -> impl Iterator<Item = &StatusKey> {
        self.status_keys.iter().filter(|key| !key.revoked)
    }

    /// Whether a trust list can carry it: its address and its keys have the form that they must have.
    pub fn is_possible(&self) -> bool {
        let is_url = |url: &String| {
            let rest = url.strip_prefix("https://");
            url.len() <= LONGEST_URL_BYTES
                && rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()))
        };
        self.url.as_ref().is_none_or(is_url) && self.status_keys.iter().all(StatusKey::is_possible)
    }
}

impl StatusKey {
    fn is_possible(&self) -> bool {
        matches!((self.point.len(), self.point.first()), (33, Some(2 | 3)) | (65, Some(4)))
    }
}
