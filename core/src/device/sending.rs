//! Sending chosen visits to the health centre, with the one-time code that it gave out.

use techo_protocol::exposure::case_code::{CaseCode, CaseCodeError};
use techo_protocol::exposure::diary_upload::{DiaryUploadError, SentDiary, SentVisit};
use techo_protocol::exposure::relay_api::diary_path;
use techo_protocol::exposure::slot::{slots_of, whole_minutes};
use techo_protocol::trust::{AuthorityId, Role, TrustList};

use super::{Device, DeviceError, count};
use crate::diary::{DiaryError, EntryId, Refusal, Visit};
use crate::exposure::{ExposureError, ListError, decoys, matching};
use crate::following::{self, FollowingError, FollowingRefusal};
use crate::ports::HttpError;

techo_protocol::coded_errors! {
    /// Why it is not clear who gets a diary.
    pub enum ReceiverError {
        /// The authority takes no diaries.
        NoDiaryKey = "diary.no_receiver", "This authority takes no diaries.", "Ask the health centre which authority to follow.";
        /// Which authority is meant is not clear.
        SeveralAuthorities = "diary.several_receivers", "Several authorities that are followed here take diaries.", "Say which of them it is for.";
    }
}

techo_protocol::coded_union! {
    /// Why a diary was not sent.
    pub enum SendError {
        /// The one-time code is none, or mistyped.
        Code(CaseCodeError);
        /// Nobody, or more than one, could get the diary.
        Receiver(ReceiverError);
        /// The relay did not take the envelope.
        Relay(HttpError);
        /// It could not be sealed.
        Upload(DiaryUploadError);
    }
}

/// What to send, and to whom. Nothing that is not named is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendDiary {
    /// The one-time code from the health centre.
    pub code: String,
    /// The visits to send.
    pub visits: Vec<EntryId>,
    /// The authority, where several are followed that take diaries.
    pub authority: Option<AuthorityId>,
    /// The relay's address, in place of the authority's own.
    pub relay: Option<String>,
}

/// A diary that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiarySent {
    /// How many visits were in it.
    pub visits: u32,
    /// The authority that can open it.
    pub authority: AuthorityId,
    /// The name that the authority gives itself.
    pub name: String,
}

impl Device {
    /// Seals the chosen visits for an authority and sends them: place, time and the keys of their own hours; no note, nobody's name. It stands in
    /// for the next empty envelope, so that nobody sends more than others do.
    ///
    /// ```
    /// use techo_core::device::{AddVisit, Device, SendDiary};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut device = Device::open(folder.path(), techo_testing::ports_with(&relay, &clock))?;
    /// let osaka = techo_testing::Authority::named("Osaka Prefecture");
    /// device.follow(&osaka.trust_file())?;
    /// let from = techo_testing::NOW - 7_200;
    /// let visit = device.add_visit(&AddVisit { name: "Bar Yoru".into(), from, to: from + 3_600, ..AddVisit::default() })?;
    /// let sent = device.send_diary(&SendDiary { code: osaka.case_code()?, visits: vec![visit.id], ..SendDiary::default() })?;
    /// assert_eq!((sent.visits, sent.name.as_str()), (1, "Osaka Prefecture"));
    /// assert_eq!(osaka.received(&relay)[0].visits[0].name, "Bar Yoru");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SendError`]: the code is none, or mistyped; nobody or several could be meant; the relay does not answer. [`Refusal::NoSuchVisit`];
    /// [`FollowingRefusal::NotFollowed`]. Nothing is sent then.
    pub fn send_diary(&mut self, request: &SendDiary) -> Result<DiarySent, DeviceError> {
        let now = self.now();
        let code = CaseCode::read(&request.code).map_err(SendError::from)?;
        let list = receiver(following::all(self.diary.vault())?, request.authority)?;
        let authority = list.authority();
        let key = list
            .keys(Role::Diary)
            .next()
            .ok_or(SendError::from(ReceiverError::NoDiaryKey))?;
        let address = request.relay.as_ref().or(list.relays.first());
        let address = address.ok_or(ExposureError::from(ListError::NoRelay))?;
        let mut visits = Vec::with_capacity(request.visits.len());
        for id in &request.visits {
            let visit = self.diary.visit(id)?.ok_or(DiaryError::from(Refusal::NoSuchVisit))?;
            visits.push(sent(&visit));
        }
        let count = count(visits.len());
        let diary = SentDiary {
            code: code.to_string(),
            visits,
        };
        let sealed = diary.seal(authority, key, &*self.random).map_err(SendError::from)?;
        let path = diary_path(authority, code.mailbox());
        self.relay.put(address, &path, sealed).map_err(SendError::from)?;
        decoys::schedule(self.diary.vault(), authority, now)?;
        Ok(DiarySent {
            visits: count,
            authority,
            name: list.name,
        })
    }
}

/// The authority that was named, or the only one that takes diaries.
fn receiver(followed: Vec<TrustList>, named: Option<AuthorityId>) -> Result<TrustList, DeviceError> {
    let is_meant = |list: &TrustList| match named {
        Some(named) => list.authority() == named,
        None => list.keys(Role::Diary).next().is_some(),
    };
    let mut takers = followed.into_iter().filter(is_meant);
    match (takers.next(), takers.next()) {
        (Some(list), None) => Ok(list),
        (Some(_), Some(_)) => Err(SendError::from(ReceiverError::SeveralAuthorities).into()),
        (None, _) => Err(FollowingError::from(FollowingRefusal::NotFollowed).into()),
    }
}

/// A visit as the health centre sees it.
fn sent(visit: &Visit) -> SentVisit {
    let minutes = whole_minutes(visit.check_in, visit.out);
    let slots = slots_of(minutes.start, minutes.end);
    let keys = slots.filter_map(|slot| matching::slot_key(&visit.keys, slot).map(|key| (slot, key)));
    SentVisit {
        name: visit.name.clone(),
        address: visit.address.clone(),
        from: visit.check_in,
        to: visit.out,
        keys: keys.collect(),
    }
}
