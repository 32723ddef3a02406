//! Dates as git reads them: RFC 2822, ISO 8601, seconds since 1970, and much that only resembles these.
//!
//! One difference is on purpose: a date without a zone is UTC, and what a date means never depends on today.

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike};

use super::Time;
use super::lines::starts_with_ignore_case;

impl Time {
    /// Reads a date; `None` if git would call it invalid, as it does a day without a time of day.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = text.split(|&byte| byte == b'\n' || byte == 0).next().unwrap_or_default();
        if let Some(time) = text.strip_prefix(b"@").and_then(raw) {
            return Some(time);
        }
        let mut date = Date::default();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let rest = &text[at..];
            at += match byte {
                b'A'..=b'Z' | b'a'..=b'z' => date.word(rest),
                b'0'..=b'9' => date.number(rest),
                b'+' | b'-' if rest.get(1).is_some_and(u8::is_ascii_digit) => date.zone(rest),
                _ => 1,
            };
        }
        date.time()
    }
}

/// `seconds +hhmm`, the form of commit objects.
fn raw(text: &[u8]) -> Option<Time> {
    let (seconds, after) = number(text)?;
    let [b' ', sign @ (b'+' | b'-'), zone @ ..] = &text[after..] else {
        return None;
    };
    let (zone, digits) = number(zone).filter(|&(_, digits)| digits == zone.len())?;
    let minutes = if digits == 4 { minutes(zone)? } else { return None };
    Some(Time { seconds: i64::try_from(seconds).ok()?, offset: if *sign == b'-' { -minutes } else { minutes } })
}

/// `hhmm` in minutes.
fn minutes(zone: u64) -> Option<i32> {
    i32::try_from(zone / 100 * 60 + zone % 100).ok()
}

/// The number that `text` begins with, and its digits.
fn number(text: &[u8]) -> Option<(u64, usize)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = |total: u64, byte: &u8| total.saturating_mul(10).saturating_add(u64::from(byte - b'0'));
    (digits > 0).then(|| (text[..digits].iter().fold(0, value), digits))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/// The zones that git knows by name, in hours east, summer time included.
const ZONES: [(&str, i32); 44] = [
    ("IDLW", -12),
    ("NT", -11),
    ("CAT", -10),
    ("HST", -10),
    ("HDT", -9),
    ("YST", -9),
    ("YDT", -8),
    ("PST", -8),
    ("PDT", -7),
    ("MST", -7),
    ("MDT", -6),
    ("CST", -6),
    ("CDT", -5),
    ("EST", -5),
    ("EDT", -4),
    ("AST", -3),
    ("ADT", -2),
    ("WAT", -1),
    ("GMT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("WET", 0),
    ("BST", 1),
    ("CET", 1),
    ("MET", 1),
    ("MEWT", 1),
    ("MEST", 2),
    ("CEST", 2),
    ("MESZ", 2),
    ("FWT", 1),
    ("FST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("WAST", 7),
    ("WADT", 8),
    ("CCT", 8),
    ("JST", 9),
    ("EAST", 10),
    ("EADT", 11),
    ("GST", 10),
    ("NZT", 12),
    ("NZST", 12),
    ("NZDT", 13),
    ("IDLE", 12),
];

/// What is known of a date so far.
#[derive(Debug, Default)]
struct Date {
    year: Option<i32>,
    /// From 1.
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: u32,
    second: u32,
    /// Minutes east.
    offset: Option<i32>,
    /// The fields came from seconds since 1970 and are UTC whatever the zone says.
    utc: bool,
}

impl Date {
    /// A name of a month, weekday or zone, or AM and PM; returns how much of `rest` it took.
    fn word(&mut self, rest: &[u8]) -> usize {
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let word = &rest[..length];
        let begins = |name: &str| starts_with_ignore_case(name.as_bytes(), word);
        if let (3.., Some(month)) = (length, MONTHS.iter().position(|name| begins(name))) {
            self.month = Some(month as u32 + 1);
            return length;
        }
        if length >= 3 && WEEKDAYS.iter().any(|name| begins(name)) {
            return length;
        }
        if let Some((_, hours)) = ZONES.iter().find(|(name, _)| begins(name) && (length >= 3 || length == name.len())) {
            self.offset.get_or_insert(hours * 60);
            return length;
        }
        if word.eq_ignore_ascii_case(b"PM") {
            self.hour = self.hour.map(|hour| hour % 12 + 12);
            return length;
        }
        if word.eq_ignore_ascii_case(b"AM") {
            self.hour = self.hour.map(|hour| hour % 12);
            return length;
        }
        if rest[0] == b'T' && rest.get(1).is_some_and(u8::is_ascii_digit) && self.hour.is_none() {
            (self.minute, self.second) = (0, 0);
            return 1;
        }
        rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count().max(1)
    }

    /// A number and what hangs on it: a time, a date, a year, a day, a zone without sign.
    fn number(&mut self, rest: &[u8]) -> usize {
        let Some((value, digits)) = number(rest) else { return 1 };
        if value >= 100_000_000 && self.is_blank() && self.set_epoch(value) {
            return digits;
        }
        if let Some(taken) = self.compound(rest, value, digits) {
            return taken;
        }
        match digits {
            8 => {
                let (year, month, day) = (value / 10_000, value / 100 % 100, value % 100);
                if year > 1900 && month < 13 && day < 32 {
                    self.set_date(Some(year), month, day);
                }
            }
            6 => {
                let set = self.set_time(value / 10_000, value / 100 % 100, value % 100);
                if let (true, [b'.', fraction @ ..]) = (set, &rest[digits..]) {
                    return digits + number(fraction).map_or(0, |(_, length)| length + 1);
                }
            }
            4 if value <= 1400 && self.offset.is_none() => self.offset = minutes(value),
            4 if value > 1900 && value < 2100 => self.year = Some(value as i32),
            1 | 2 => self.small(value, digits),
            _ => {}
        }
        digits
    }

    /// A number of one or two digits: a day if there is none yet, else a year, else a month.
    fn small(&mut self, value: u64, digits: usize) {
        if (1..32).contains(&value) && self.day.is_none() {
            self.day = Some(value as u32);
        } else if digits == 2 && self.year.is_none() && value < 10 && self.day.is_some() {
            self.year = Some(2000 + value as i32);
        } else if digits == 2 && self.year.is_none() && value >= 70 {
            self.year = Some(1900 + value as i32);
        } else if (1..13).contains(&value) && self.month.is_none() {
            self.month = Some(value as u32);
        }
    }

    /// `10:11:12`, `2020-11-16`, `11/16/20`, `16.11.2020`; `None` if it is no such thing.
    fn compound(&mut self, rest: &[u8], first: u64, digits: usize) -> Option<usize> {
        let separator = *rest.get(digits).filter(|byte| b":./-".contains(byte))?;
        let (second, length) = number(&rest[digits + 1..])?;
        let mut taken = digits + 1 + length;
        let mut third = None;
        if rest.get(taken) == Some(&separator)
            && let Some((value, length)) = number(&rest[taken + 1..])
        {
            third = Some(value);
            taken += 1 + length;
        }
        if separator == b':' {
            if !self.set_time(first, second, third.unwrap_or(0)) {
                return None;
            }
            if let (true, Some(b'.')) = (self.has_day(), rest.get(taken)) {
                taken += number(&rest[taken + 1..]).map_or(0, |(_, length)| length + 1);
            }
            return Some(taken);
        }
        let dotted = separator == b'.';
        let year_first = first > 70
            && third.is_some_and(|third| {
                self.set_date(Some(first), second, third) || self.set_date(Some(first), third, second)
            });
        let set = year_first
            || !dotted && self.set_date(third, first, second)
            || self.set_date(third, second, first)
            || dotted && self.set_date(third, first, second);
        set.then_some(taken)
    }

    /// `+0100`, `-05`, `+05:45`; anything else is skipped.
    fn zone(&mut self, rest: &[u8]) -> usize {
        let Some((value, digits)) = number(&rest[1..]) else {
            return 1;
        };
        let mut taken = 1 + digits;
        let (hours, minutes) = match (digits, rest.get(taken)) {
            (4, _) => (value / 100, value % 100),
            (2, Some(b':')) => {
                let (minutes, length) = number(&rest[taken + 1..]).unwrap_or((60, 0));
                taken += 1 + length;
                (value, if length == 2 { minutes } else { 60 })
            }
            (2, _) => (value, 0),
            _ => return taken,
        };
        if minutes < 60 && hours < 24 {
            let total = (hours * 60 + minutes) as i32;
            self.offset = Some(if rest[0] == b'-' { -total } else { total });
        }
        taken
    }

    fn set_time(&mut self, hour: u64, minute: u64, second: u64) -> bool {
        let good = hour < 25 && minute < 60 && second <= 60;
        if good {
            (self.hour, self.minute, self.second) = (Some(hour as u32), minute as u32, second as u32);
        }
        good
    }

    fn set_date(&mut self, year: Option<u64>, month: u64, day: u64) -> bool {
        let year = match year {
            None => None,
            Some(year @ 1970..2100) => Some(year as i32),
            Some(year @ 71..100) => Some(1900 + year as i32),
            Some(year @ 0..38) => Some(2000 + year as i32),
            Some(_) => return false,
        };
        if !(1..13).contains(&month) || !(1..32).contains(&day) {
            return false;
        }
        self.year = year.or(self.year);
        (self.month, self.day) = (Some(month as u32), Some(day as u32));
        true
    }

    fn set_epoch(&mut self, seconds: u64) -> bool {
        let Some(moment) = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else {
            return false;
        };
        (self.year, self.month, self.day) = (Some(moment.year()), Some(moment.month()), Some(moment.day()));
        self.set_time(moment.hour().into(), moment.minute().into(), moment.second().into());
        self.utc = true;
        true
    }

    fn has_day(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    fn is_blank(&self) -> bool {
        self.year.is_none() && self.month.is_none() && self.day.is_none() && self.hour.is_none()
    }

    fn time(&self) -> Option<Time> {
        let year = self.year.filter(|year| (1970..2100).contains(year))?;
        let first = NaiveDate::from_ymd_opt(year, self.month?, 1)?;
        // Days past the end of the month run into the next one; without a day, git counts from day -1.
        let date = match self.day {
            Some(day) => first.checked_add_days(Days::new(u64::from(day) - 1))?,
            None => first.checked_sub_days(Days::new(2))?,
        };
        let seconds = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp()
            + i64::from(self.hour? * 3600 + self.minute * 60 + self.second);
        let offset = self.offset.unwrap_or(0);
        let seconds = if self.utc { seconds } else { seconds - i64::from(offset) * 60 };
        (seconds >= 0).then_some(Time { seconds, offset })
    }
}
