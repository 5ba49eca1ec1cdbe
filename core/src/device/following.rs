//! Whom the person follows: authorities by their trust files, and what these have signed beside exposure lists.

use techo_protocol::basics::clock::DAY_SECONDS;
use techo_protocol::certificates::trust_bundle::{self, TrustBundle};
use techo_protocol::exposure::manifest::{LARGEST_MANIFEST_BYTES, Manifest};
use techo_protocol::exposure::relay_api::manifest_path;
use techo_protocol::trust::{AuthorityId, TrustError, TrustList};
use techo_protocol::vaccination::revocations::is_form as is_revocations;

use super::{Device, DeviceError, count};
use crate::certificates::bundles;
use crate::exposure::fetch::FetchError;
use crate::exposure::lists::{self, Freshness, ListAge};
use crate::exposure::{ExposureError, ListError, decoys};
use crate::following::{self, FollowingError, FollowingRefusal};
use crate::ports::Relay;
use crate::vaccine::revocations::{self, Revocations};
use crate::vaccine::schedule;
use crate::vault::Vault;

/// An authority that is followed. Times are Unix seconds (UTC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedAuthority {
    /// The id that the authority keeps for good.
    pub authority: AuthorityId,
    /// The name that the authority gives itself.
    pub name: String,
    /// Its fingerprint, for a person to compare with what the authority says of itself.
    pub fingerprint: String,
    /// The number of its trust list: it counts up from 1 with each change.
    pub number: u32,
    /// When the trust list was signed.
    pub issued_at: i64,
    /// When the trust list should have been replaced.
    pub expires_at: i64,
    /// Whether the trust list is over by this device's clock; what it says still holds.
    pub is_expired: bool,
    /// The addresses at which it publishes.
    pub relays: Vec<String>,
    /// When the newest exposure list that is here was signed; `None` where none has come yet.
    pub as_of: Option<i64>,
    /// Whether "nothing found" may be said of the time up to then.
    pub freshness: Freshness,
}

/// A bundle of issuers' keys, which a followed authority has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerBundle {
    /// The name of the bundle, by which a newer one takes its place.
    pub name: String,
    /// The authority that signed it; `None` where its trust list cannot be read.
    pub authority: Option<AuthorityId>,
    /// How many keys are in it.
    pub keys: u32,
    /// How many of them are no longer published by their issuers.
    pub archived: u32,
    /// When it was signed, in Unix seconds.
    pub as_of: i64,
    /// How many whole days ago that was.
    pub age_days: i64,
}

/// A municipality's list of revoked status passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedPasses {
    /// The municipality that issued the passes.
    pub authority: AuthorityId,
    /// The list's number: it counts up with each change.
    pub number: u32,
    /// When it was signed, in Unix seconds.
    pub as_of: i64,
    /// How many whole days ago that was.
    pub age_days: i64,
}

/// Whom the person follows, and what is here that they have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    /// The authorities that this device follows.
    pub authorities: Vec<FollowedAuthority>,
    /// Bundles of issuers' keys.
    pub bundles: Vec<IssuerBundle>,
    /// Lists of revoked status passes.
    pub revoked: Vec<RevokedPasses>,
}

/// What a file has brought forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// An authority's trust list.
    TrustList {
        /// The authority as its new list says.
        authority: FollowedAuthority,
    },
    /// A bundle of issuers' keys.
    Issuers {
        /// The bundle that was taken.
        bundle: IssuerBundle,
    },
    /// A list of revoked status passes.
    Revoked {
        /// The list that was taken.
        list: RevokedPasses,
    },
}

/// What asking the relays for one authority's newest trust list gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustAsked {
    /// The authority that was asked about.
    pub authority: AuthorityId,
    /// The name that the authority gives itself.
    pub name: String,
    /// What the relays answered.
    pub answer: TrustAnswer,
}

/// What came for one authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustAnswer {
    /// Its newest trust list, which may be the one that was here.
    Newest {
        /// The authority as its newest trust list says.
        authority: FollowedAuthority,
    },
    /// None of its relays has anything of it.
    NothingPublished,
    /// No relay gave a list that can be believed.
    Failed {
        /// What the last of them said.
        why: FetchError,
    },
}

impl Device {
    /// Follows the authority of a trust file, or takes a newer list of one that is followed. The person compares the fingerprint.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let osaka = device.follow(&techo_testing::Authority::named("Osaka Prefecture").trust_file())?;
    /// assert_eq!((osaka.name.as_str(), osaka.as_of), ("Osaka Prefecture", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FollowingError`]: not a trust list, older than the one that is here, or contradicting it.
    pub fn follow(&mut self, trust_file: &[u8]) -> Result<FollowedAuthority, DeviceError> {
        let list = following::add(self.diary.vault(), trust_file)?;
        self.followed(&list)
    }

    /// The authorities that are followed, what is here that they have signed, and how old all that is.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// assert!(device.following()?.authorities.is_empty());
    /// device.follow(&techo_testing::Authority::named("Osaka Prefecture").trust_file())?;
    /// assert_eq!(device.following()?.authorities.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DeviceError`] where the vault cannot be read.
    pub fn following(&mut self) -> Result<Following, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let lists = following::all(vault)?;
        let ages = lists::ages(vault, now)?;
        Ok(Following {
            authorities: lists.iter().map(|list| view(list, &ages, now)).collect(),
            bundles: bundles::all(vault)?.iter().map(|bundle| issuers(bundle, now)).collect(),
            revoked: revocations::all(vault)?.iter().map(|list| revoked(list, now)).collect(),
        })
    }

    /// Takes what a followed authority has signed from a file: a newer trust list, a bundle of issuers' keys, or a list of revoked passes.
    ///
    /// ```
    /// use techo_core::device::{Device, Updated};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let file = techo_testing::Authority::named("Osaka Prefecture").trust_file();
    /// assert!(device.update_from_file(&file).is_err(), "it is not followed");
    /// device.follow(&file)?;
    /// assert!(matches!(device.update_from_file(&file)?, Updated::TrustList { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FollowingRefusal::NotFollowed`] where the authority is not followed; the file is none of these, forged, or older than what is here.
    pub fn update_from_file(&mut self, file: &[u8]) -> Result<Updated, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        if trust_bundle::is_form(file) {
            let bundle = bundles::add(vault, file)?;
            return Ok(Updated::Issuers {
                bundle: issuers(&bundle, now),
            });
        }
        if is_revocations(file) {
            let list = revocations::add(vault, file)?;
            return Ok(Updated::Revoked {
                list: revoked(&list, now),
            });
        }
        let authority = TrustList::read(file).map_err(FollowingError::from)?.authority();
        if following::all(vault)?.iter().all(|list| list.authority() != authority) {
            return Err(FollowingError::from(FollowingRefusal::NotFollowed).into());
        }
        Ok(Updated::TrustList {
            authority: self.follow(file)?,
        })
    }

    /// Asks the relays that the trust lists name for newer trust lists. One authority's failure does not stop the others.
    ///
    /// ```
    /// use techo_core::device::{Device, TrustAnswer};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let relay = techo_testing::Files::default();
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &techo_testing::SetClock::at(techo_testing::NOW)))?;
    /// let mut osaka = techo_testing::Authority::named("Osaka Prefecture");
    /// device.follow(&osaka.trust_file())?;
    /// assert_eq!(device.update_from_relays()?[0].answer, TrustAnswer::NothingPublished);
    /// osaka.publish(&relay, techo_testing::NOW)?;
    /// assert!(matches!(device.update_from_relays()?[0].answer, TrustAnswer::Newest { .. }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ListError::NoRelay`] where no trust list names one; the vault cannot be read.
    pub fn update_from_relays(&mut self) -> Result<Vec<TrustAsked>, DeviceError> {
        let followed = following::all(self.diary.vault())?;
        if followed.iter().all(|list| list.relays.is_empty()) {
            return Err(ExposureError::from(ListError::NoRelay).into());
        }
        let mut asked = Vec::with_capacity(followed.len());
        for list in followed {
            let answer = match newest_list(self.diary.vault(), &*self.relay, &list) {
                Ok(Some(newest)) => TrustAnswer::Newest {
                    authority: self.followed(&newest)?,
                },
                Ok(None) => TrustAnswer::NothingPublished,
                Err(why) => TrustAnswer::Failed { why },
            };
            asked.push(TrustAsked {
                authority: list.authority(),
                name: list.name,
                answer,
            });
        }
        Ok(asked)
    }

    /// Stops following an authority. All that it has signed goes too, and what would say that it was followed once.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// let osaka = device.follow(&techo_testing::Authority::named("Osaka Prefecture").trust_file())?;
    /// device.stop_following(osaka.authority)?;
    /// assert!(device.following()?.authorities.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`FollowingRefusal::NotFollowed`] where it is not followed.
    pub fn stop_following(&mut self, authority: AuthorityId) -> Result<(), DeviceError> {
        Ok(stop(self.diary.vault(), authority)?)
    }

    fn followed(&mut self, list: &TrustList) -> Result<FollowedAuthority, DeviceError> {
        let now = self.now();
        let ages = lists::ages(self.diary.vault(), now)?;
        Ok(view(list, &ages, now))
    }
}

/// Asks an authority's relays one after the other for its manifest, which carries its newest trust list.
fn newest_list(vault: &mut Vault, relay: &dyn Relay, list: &TrustList) -> Result<Option<TrustList>, FetchError> {
    let mut last = Ok(None);
    for address in &list.relays {
        match newest_from(vault, relay, address, list.authority()) {
            newest @ Ok(Some(_)) => return newest,
            other => last = other,
        }
    }
    last
}

fn newest_from(
    vault: &mut Vault,
    relay: &dyn Relay,
    address: &str,
    authority: AuthorityId,
) -> Result<Option<TrustList>, FetchError> {
    let Some(file) = relay.get(address, &manifest_path(authority), LARGEST_MANIFEST_BYTES)? else {
        return Ok(None);
    };
    let manifest = Manifest::read(&file).map_err(ExposureError::from)?;
    let carried = TrustList::read(manifest.trust_list()).map_err(ExposureError::from)?;
    // A relay that answers with another authority's list must not make the person follow that one.
    if carried.authority() != authority {
        return Err(ExposureError::from(TrustError::SignatureInvalid).into());
    }
    let newest = following::add(vault, manifest.trust_list()).map_err(ExposureError::from)?;
    Ok(Some(newest))
}

fn view(list: &TrustList, ages: &[ListAge], now: i64) -> FollowedAuthority {
    let authority = list.authority();
    let age = ages.iter().find(|age| age.authority == authority);
    FollowedAuthority {
        authority,
        name: list.name.clone(),
        fingerprint: authority.fingerprint(),
        number: list.number,
        issued_at: list.issued_at,
        expires_at: list.expires_at,
        is_expired: list.expires_at < now,
        relays: list.relays.clone(),
        as_of: age.and_then(|age| age.as_of),
        freshness: age.map_or(Freshness::Stale, |age| age.freshness),
    }
}

fn issuers(bundle: &TrustBundle, now: i64) -> IssuerBundle {
    IssuerBundle {
        name: bundle.name.clone(),
        authority: bundle.authority(),
        keys: count(bundle.keys.len()),
        archived: count(bundle.archived()),
        as_of: bundle.signed_at,
        age_days: now.saturating_sub(bundle.signed_at) / DAY_SECONDS,
    }
}

fn revoked(list: &Revocations, now: i64) -> RevokedPasses {
    RevokedPasses {
        authority: list.authority(),
        number: list.number(),
        as_of: list.issued_at(),
        age_days: now.saturating_sub(list.issued_at()) / DAY_SECONDS,
    }
}

/// Stops following an authority: its trust list goes, and with it, in one transaction, all that only its signature made worth keeping and all
/// that would say that it was followed once: exposure lists and their segments, bundles of issuers' keys, its schedule, its list of revoked
/// passes, and when its next empty envelope was due.
pub(crate) fn stop(vault: &mut Vault, authority: AuthorityId) -> Result<(), FollowingError> {
    vault.write(|writer| {
        let list = following::remove(writer, authority)?;
        lists::remove_of(writer, authority)?;
        decoys::remove_of(writer, authority)?;
        bundles::remove_of(writer, authority)?;
        schedule::remove_of(writer, &list)?;
        revocations::remove_of(writer, authority)?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposure::fetch;
    use crate::exposure::fixture::{Authority, NOW, entries, vault, window};
    use crate::vault::RecordKind;

    #[test]
    fn nothing_says_afterwards_who_was_followed() {
        let (_folder, mut vault) = vault();
        let mut authority = Authority::new(1);
        let segment = authority.add_segment(entries(1, 1, 1, Some(window(1_140, 1_320)), &[]), vec![]);
        authority.publish(NOW);
        following::add(&mut vault, &authority.trust_file()).unwrap();
        fetch::fetch(&mut vault, &authority.relay, &[], NOW).unwrap();
        decoys::schedule(&mut vault, authority.id(), NOW).unwrap();
        assert!(vault.segment(&segment).unwrap().is_some());

        stop(&mut vault, authority.id()).unwrap();
        for kind in [RecordKind::TrustList, RecordKind::ExposureList, RecordKind::DiaryUpload] {
            assert_eq!(vault.records(kind).unwrap(), [], "{kind:?}");
        }
        assert_eq!(vault.segment(&segment).unwrap(), None);
    }
}
