//! Mistakes that a sync engine could make. Each is seeded in a series of schedules of its own, to show that the checks notice it.
//!
//! Where they live: two are rules of merging that core breaks when it is told to ([`Rules`]); two are the relay's, and one, the keys that are
//! kept, is a device's that the checks imagine: they count every HPKE key that a device ever had as seized. The nested map is written past
//! core, which cannot make one ([`super::nested`]), and a clock is believed by telling core that others have confirmed it.

use techo_core::sync::rules::Rules;

use super::network::RelayMistake;
use super::world::Plan;

/// All mistakes, by name.
pub fn all() -> Vec<(&'static str, Plan)> {
    let calm = Plan {
        calm: true,
        ..Plan::sound()
    };
    let by = |others_rows_are_carried, siblings_have_an_order| Plan {
        rules: Rules {
            others_rows_are_carried,
            siblings_have_an_order,
        },
        ..calm.clone()
    };
    vec![
        (
            "prune_by_watermark",
            Plan {
                relay: RelayMistake::PrunesByWatermark,
                ..calm.clone()
            },
        ),
        ("rebase_own_rows_only", by(false, true)),
        ("no_sibling_order", by(true, false)),
        (
            "nested_maps",
            Plan {
                nests: true,
                ..calm.clone()
            },
        ),
        (
            "long_lived_hpke_keys",
            Plan {
                keeps_hpke: true,
                ..calm.clone()
            },
        ),
        (
            "one_clock_is_believed",
            Plan {
                believes_one_clock: true,
                ..calm.clone()
            },
        ),
        (
            "answers_before_storing",
            Plan {
                relay: RelayMistake::AnswersBeforeStoring,
                ..calm
            },
        ),
    ]
}
