//! Texts of service hours (OpenStreetMap) and of deadlines: what is taken can be asked at any time of the year, in
//! bounded time; a change lies ahead, a deadline after its beginning.

use super::{lines, text, within};
use chrono::{DateTime, TimeDelta, Utc};
use lotse::clock::Timestamp;
use lotse::directory::HelpLanguage;
use lotse::directory::hours::{ClosedDays, Hours, Reckoning, ServiceHours, ServiceTime, in_words};
use lotse::keys::LandCode;

/// Just before and after the clocks change, at the turn of the year, and on plain days.
const TIMES: [i64; 6] = [1_774_745_000, 1_792_886_000, 1_798_757_990, 1_795_500_000, 1_782_000_000, 1_835_000_000];

/// One input.
pub fn run(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let [span, hours] = lines(text);
    let reckoning = Reckoning::parse(span).ok();
    let at = |seconds| Timestamp::new(DateTime::<Utc>::from_timestamp(seconds, 0).expect("a time"));
    let land: LandCode = if span.len() % 2 == 0 { "SH" } else { "BY" }.parse().expect("a Land");
    if let Ok(read) = within(1000, || Hours::parse(hours)) {
        for now in TIMES.map(at) {
            let Some(open) = within(2000, || read.open(land, now)) else { continue };
            assert!(open.changes_at.is_none_or(|change| change > now), "{hours:?} at {now}: {open:?}");
        }
        for language in [HelpLanguage::German, HelpLanguage::Easy, HelpLanguage::English] {
            within(500, || in_words(hours, language));
        }
    }
    let Ok(service) = within(1000, || ServiceHours::parse(hours)) else { return };
    let time = ServiceTime { hours: service, land, closed: ClosedDays::default() };
    for start in [TIMES[0], TIMES[3]].map(at) {
        if let Some(reckoning) = reckoning {
            let due = within(8000, || reckoning.due(start, &time));
            assert!(due >= start, "{hours:?} {span:?} from {start}: {due}");
        }
        let hour = within(8000, || time.add(start, TimeDelta::hours(1)));
        assert!(hour >= start.plus(TimeDelta::hours(1)), "{hours:?} from {start}: {hour}");
    }
}
