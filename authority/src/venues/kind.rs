//! Kinds of venue: those of Osaka's table of thresholds, shops and events (docs/authority.md#kinds-of-venue).

use std::str::FromStr;

use super::VenueError;

macro_rules! kinds {
    ($( $(#[$meta:meta])* $variant:ident = $name:literal, $stay:literal; )+) => {
        /// What a venue is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum VenueKind {
            $( $(#[$meta])* $variant, )+
        }

        impl VenueKind {
            /// Every kind, in the table's order.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The name on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// How long people usually stay, in minutes, unless the venue says otherwise.
            pub fn default_stay_minutes(self) -> u32 {
                match self { $( Self::$variant => $stay, )+ }
            }
        }
    };
}

kinds! {
    /// Restaurants, the first kind of the table.
    Restaurant = "restaurant", 120;
    /// Bars and clubs with hospitality.
    Bar = "bar", 120;
    /// Live houses (level A, by seats).
    LiveHouse = "live-house", 180;
    /// Sports clubs (level A, by area).
    SportsClub = "sports-club", 120;
    /// Gyms, which are level B of the table.
    Gym = "gym", 90;
    /// Bowling alleys (level B).
    Bowling = "bowling", 120;
    /// Karaoke, which is level B of the table.
    Karaoke = "karaoke", 180;
    /// Dance halls (level B).
    DanceHall = "dance-hall", 180;
    /// Theme parks (level B).
    ThemePark = "theme-park", 480;
    /// Net cafes (level B).
    NetCafe = "net-cafe", 180;
    /// Theatres (level C, by seats).
    Theatre = "theatre", 180;
    /// Cinemas (level C, by seats).
    Cinema = "cinema", 150;
    /// All others (level C, by area).
    Other = "other", 60;
    /// Shops (level C, by area).
    Shop = "shop", 30;
    /// Events, which the table of thresholds does not have.
    Event = "event", 180;
}

impl FromStr for VenueKind {
    type Err = VenueError;

    fn from_str(text: &str) -> Result<Self, VenueError> {
        let wanted = text.to_ascii_lowercase().replace('_', "-");
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == wanted)
            .ok_or(VenueError::UnknownKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_s_name_is_its_own() {
        for kind in VenueKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(kind.as_str().replace('-', "_").parse(), Ok(*kind));
            assert_eq!(kind.default_stay_minutes() % 10, 0, "stays are counted in tens of minutes");
        }
        assert_eq!("pub".parse::<VenueKind>(), Err(VenueError::UnknownKind));
    }
}
