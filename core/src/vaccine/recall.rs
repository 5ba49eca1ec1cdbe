//! Recalled lots among a person's doses: compared here, on the device.

use techo_protocol::exposure::notice::LocalisedText;
use techo_protocol::exposure::segment::Recall;
use techo_protocol::trust::AuthorityId;
use techo_protocol::vaccination::lot::comparable;

use super::{Dose, EntryId};

/// A dose whose lot was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The person who had the dose.
    pub person: EntryId,
    /// The day of the dose.
    pub date: chrono::NaiveDate,
    /// The vaccine, by the name that it has here.
    pub product: String,
    /// The lot, as the recall prints it.
    pub lot: String,
    /// The authority that recalled the lot.
    pub authority: AuthorityId,
    /// What the authority says is to be done.
    pub text: LocalisedText,
}

/// The doses that a recall names. Lots are compared without spaces, hyphens and case: people type them.
///
/// ```
/// use techo_core::vaccine::{Dose, EntryId, recalled};
/// use techo_protocol::{exposure::notice::LocalisedText, exposure::segment::Recall, trust::AuthorityId};
///
/// let dose = Dose {
///     person: EntryId([1; 16]),
///     date: "2021-07-01".parse()?,
///     product: Some("pfizer".into()),
///     number: Some(1),
///     lot: Some("ex-3617".into()),
///     place: None,
///     evidence: vec![],
/// };
/// let recall = Recall {
///     id: 1,
///     revision: 1,
///     withdrawn: false,
///     product: "pfizer".into(),
///     lot: "EX3617".into(),
///     text: LocalisedText::default(),
/// };
/// let found = recalled(&[dose], &[(AuthorityId([1; 16]), recall)]);
/// assert_eq!(found[0].lot, "EX3617", "as the recall prints it, however somebody typed it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recalled(doses: &[Dose], recalls: &[(AuthorityId, Recall)]) -> Vec<Recalled> {
    let mut found = Vec::new();
    for dose in doses {
        let (Some(product), Some(lot)) = (&dose.product, &dose.lot) else {
            continue;
        };
        let lot = comparable(lot);
        let named = recalls
            .iter()
            .filter(|(_, recall)| recall.product == *product && comparable(&recall.lot) == lot);
        found.extend(named.map(|(authority, recall)| Recalled {
            person: dose.person,
            date: dose.date,
            product: product.clone(),
            lot: recall.lot.clone(),
            authority: *authority,
            text: recall.text.clone(),
        }));
    }
    found
}
