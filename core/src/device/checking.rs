//! Checking what somebody else shows, by whom this device believes; a door remembers for two minutes what it was shown.

use techo_protocol::vaccination::status_pass::Door;

use super::{Device, DeviceError};
use crate::certificates::bundles;
use crate::following;
use crate::vaccine::{Believed, Check, CheckedDocument, revocations};
use crate::vault::{RecordKind, Vault, VaultError};

/// The name of the record that holds what this device was shown ([`Door::to_bytes`]).
const SHOWN: &[u8] = b"door";

impl Device {
    /// Checks what somebody shows: dose slips, certificates, status passes; at a door, status passes alone. Municipalities and issuers are believed
    /// that this device follows or was told of by [`Device::believe_for_now`]. The same pass twice within two minutes is refused, also after the
    /// device was opened anew.
    ///
    /// ```
    /// use techo_core::certificates::{Reason, Verdict};
    /// use techo_core::device::{Check, Device, Keep, NewPerson, ShowPass};
    /// use techo_protocol::vaccination::status_pass::Field;
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    /// let mut phone = Device::open(folder.path(), techo_testing::ports())?;
    /// let aki = phone.add_person(&NewPerson { name: "Aki".into(), born: None })?;
    /// let request = phone.request_pass(aki.id)?;
    /// phone.keep(&Keep { pass_files: vec![town.pass(&request.file, techo_testing::NOW)?], ..Keep::of(aki.id) })?;
    /// let shown = phone.show_pass(&ShowPass { person: aki.id, fields: vec![Field::Status], nonce: None })?;
    ///
    /// let mut door = Device::open(other.path(), techo_testing::ports())?;
    /// town.is_followed_by(&mut door)?;
    /// let check = Check { texts: vec![shown.text], at_door: true, ..Check::default() };
    /// let checked = door.check(&check)?.remove(0);
    /// assert_eq!((checked.verdict, checked.shown), (Verdict::Valid, shown.shows));
    /// assert_eq!(door.check(&check)?[0].reasons, [Reason::AlreadyShown]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A nonce that no phone can sign, or the vault cannot be read or written.
    pub fn check(&mut self, check: &Check) -> Result<Vec<CheckedDocument>, DeviceError> {
        let now = self.now();
        let vault = self.diary.vault();
        let mut believed = Believed {
            issuers: bundles::all(vault)?.into_iter().flat_map(|bundle| bundle.keys).collect(),
            lists: following::all(vault)?,
            revoked: revocations::all(vault)?,
        };
        believed.extend(&self.believed_for_now);
        let before = shown(vault)?;
        let mut door = before.clone();
        let answers = believed.check(check, &mut door, now)?;
        remember(vault, &before, &door)?;
        Ok(answers)
    }

    /// Believes what a file says until the device is shut, and keeps nothing of it: a municipality's trust file, a bundle of issuers' keys, or a list
    /// of revoked passes, whose municipality is followed or was believed before.
    ///
    /// ```
    /// use techo_core::certificates::Verdict;
    /// use techo_core::device::{Check, Device};
    ///
    /// let town = techo_testing::Town::named("Sakai");
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// device.believe_for_now(&town.trust_file())?;
    /// let check = Check { texts: vec![town.slip(1, techo_testing::NOW)?], ..Check::default() };
    /// assert_eq!(device.check(&check)?[0].verdict, Verdict::Valid);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// None of these files, damaged, or the vault cannot be read.
    pub fn believe_for_now(&mut self, file: &[u8]) -> Result<(), DeviceError> {
        let followed = following::all(self.diary.vault())?;
        Ok(self.believed_for_now.add(file, &followed)?)
    }

    /// Believes an issuer's key until the device is shut: an X.509 certificate, a JWK or a set of them, or a DID document.
    ///
    /// ```
    /// use techo_core::device::Device;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut device = Device::open(folder.path(), techo_testing::ports())?;
    /// // The key of the SMART Health Cards framework's own examples.
    /// let key = br#"{"kty":"EC","kid":"3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s","use":"sig","alg":"ES256","crv":"P-256",
    ///     "x":"11XvRWy1I2S0EyJlyf_bWfw_TQ5CJJNLw78bHXNxcgw","y":"eZXwxvO1hvCY0KucrPfKo7yAyMT6Ajc3N7OkAB6VYy8"}"#;
    /// device.believe_key_for_now(key)?;
    /// assert!(device.believe_key_for_now(b"hello").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`KeySourceError`](crate::certificates::key_source::KeySourceError).
    pub fn believe_key_for_now(&mut self, file: &[u8]) -> Result<(), DeviceError> {
        Ok(self.believed_for_now.add_key(file)?)
    }
}

/// What this device was shown. A memory that cannot be read is none: it would be over in two minutes anyway.
fn shown(vault: &mut Vault) -> Result<Door, VaultError> {
    let kept = vault.record(RecordKind::Vaccine, SHOWN)?;
    Ok(kept.and_then(|kept| Door::from_bytes(&kept).ok()).unwrap_or_default())
}

fn remember(vault: &mut Vault, before: &Door, door: &Door) -> Result<(), VaultError> {
    if door == before {
        return Ok(());
    }
    if door.is_empty() {
        return vault.delete_record(RecordKind::Vaccine, SHOWN);
    }
    vault.put_record(RecordKind::Vaccine, SHOWN, &door.to_bytes())
}

/// Forgets what was shown more than two minutes ago.
pub(super) fn forget_shown(vault: &mut Vault, now: i64) -> Result<(), VaultError> {
    let before = shown(vault)?;
    let mut door = before.clone();
    door.forget(now);
    remember(vault, &before, &door)
}
