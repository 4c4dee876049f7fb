//! How numbers are written.
//!
//! Everything published about a call carries numbers as E.164 digits without `+` where that can be made of them
//! (call rules 2): what helpdesks and CRMs look callers up by. What cannot be made into that is
//! passed on as it is, since a number that was guessed wrong is worse than one that was left alone.

use std::{fmt, net::Ipv4Addr};

use rlibphonenumber::{
    CountryCodeSource, NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType,
    Region,
};

/// Numbers with fewer digits are extensions and are left alone (call rules 2).
pub const SHORTEST_NUMBER: usize = 6;

/// No number dialled without its area code is longer; Berlin, Hamburg and Munich have eight digits.
const LONGEST_LOCAL: usize = 8;

/// How numbers are written at one PBX, and so how they are brought to one form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberPlan {
    home: Option<Home>,
    strip: Vec<String>,
}

/// A country code that is not an ISO 3166-1 alpha-2 code with a numbering plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCountry(pub String);

impl fmt::Display for UnknownCountry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no numbering plan is known for the country {:?}", self.0)
    }
}

impl std::error::Error for UnknownCountry {}

impl NumberPlan {
    /// A plan for numbers written in `country` (ISO 3166-1 alpha-2, any case), with `strip` before outside
    /// numbers (longest first: `0` to get a line, say).
    ///
    /// # Errors
    /// [`UnknownCountry`] where no numbering plan is known for `country`.
    pub fn new(country: Option<&str>, mut strip: Vec<String>) -> Result<Self, UnknownCountry> {
        let home = country.map(Home::new).transpose()?;
        strip.retain(|prefix| !prefix.is_empty());
        strip.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        Ok(Self { home, strip })
    }

    /// `number` as it is given to endpoints: E.164 digits without `+` where that can be made of it.
    ///
    /// - `sip:`, `sips:` and `tel:` addresses are reduced to the user part.
    /// - Text that is no number (`anonymous`, `*8`), and extensions (fewer than 6 digits, no `+`), stay as they are.
    /// - A number with `+` is read as what it says.
    /// - With a country: a number with the country's international prefix, or in the country's own way of writing.
    ///   Where the country's numbers have one length (US, RU, FR …), any digits that make a national number are in
    ///   that way; where lengths vary (DE, AT, IT …), only those with the national prefix, if there is one. Other
    ///   digits are read as an international number that lost its `+`, and only then as a national number that lost
    ///   its prefix, if they are too many for a number without area code.
    /// - Whatever gives no valid number: its digits, unchanged.
    ///
    /// Give it what the PBX sent, once: E.164 digits without `+` can coincide with a national number where that is
    /// written without prefix (`9512345678` is in Myanmar, or in California).
    #[must_use]
    pub fn normalise(&self, number: &str) -> String {
        let text = user_part(number);
        let Some(written) = Written::new(text) else { return text.to_owned() };
        self.read(&written).into_number().unwrap_or(written.digits)
    }

    /// The same for a number dialled from a device to the outside: what is dialled to get a line goes first.
    ///
    /// A prefix is taken off only where the number begins with it and at least 6 digits remain; the longest that
    /// fits counts. The dialplan may have taken it off already, and the prefix may look like the country's own
    /// (`0` in Germany), so with a country both readings are weighed. In this order: the whole number, where it is
    /// an international one to the PBX's own country (`0049…`); what remains, where that is in the country's way of
    /// writing or international (`0 0176…`, `0 0043…`); the whole number in the same way (`0176…`); the readings of
    /// less certainty, remainder first. Where no reading is valid, and without a country, the prefix simply goes.
    /// So a number that can be read both ways is read as the one with the prefix in front.
    #[must_use]
    pub fn normalise_dialled(&self, number: &str) -> String {
        let text = user_part(number);
        let Some(stripped) = self
            .strip
            .iter()
            .filter_map(|prefix| Written::new(text.strip_prefix(prefix.as_str())?))
            .find(|rest| rest.digits.len() >= SHORTEST_NUMBER)
        else {
            return self.normalise(number);
        };
        let whole = Written::new(text).map_or(Reading::None, |written| self.read(&written));
        let choice = match (whole, self.read(&stripped)) {
            (Reading::Home(number), _) | (_, Reading::Home(number) | Reading::Sure(number)) => Some(number),
            (Reading::Sure(number), _) | (_, Reading::Likely(number)) | (Reading::Likely(number), _) => {
                Some(number)
            }
            (Reading::None, Reading::None) => None,
        };
        choice.unwrap_or(stripped.digits)
    }

    /// What `written` can be read as.
    fn read(&self, written: &Written) -> Reading {
        let digits = &written.digits;
        if written.plus {
            return international(digits).map_or(Reading::None, Reading::Sure);
        }
        let Some(home) = &self.home else { return Reading::None };
        let national = home.read(digits);
        match national {
            Reading::Home(_) | Reading::Sure(_) => national,
            // Only where the digits are the number itself; what had to be corrected was no international number.
            _ => match international(digits).filter(|number| number == digits) {
                Some(number) => Reading::Likely(number),
                None => national,
            },
        }
    }
}

/// The country a PBX stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Home {
    region: Region,
    /// The country's calling code.
    code: i32,
    /// Whether its landline and its mobile numbers have one length each, or at most two.
    fixed_length: bool,
}

impl Home {
    fn new(country: &str) -> Result<Self, UnknownCountry> {
        let unknown = || UnknownCountry(country.to_owned());
        let region: Region = country.parse().map_err(|_| unknown())?;
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region).ok_or_else(unknown)?;
        let fixed_length = [PhoneNumberType::FixedLine, PhoneNumberType::Mobile]
            .into_iter()
            .all(|kind| lengths(code, kind) <= 2);
        Ok(Self { region, code, fixed_length })
    }

    /// `digits` as they are dialled in this country.
    fn read(&self, digits: &str) -> Reading {
        let Some(number) = PHONE_NUMBER_UTIL
            .parse_and_keep_raw_input(digits, Some(self.region))
            .ok()
            .filter(PhoneNumber::is_valid)
        else {
            return Reading::None;
        };
        let e164 = e164(&number);
        if number.country_code_source() == CountryCodeSource::FromNumberWithIdd {
            return if number.country_code == self.code { Reading::Home(e164) } else { Reading::Sure(e164) };
        }
        let national = number.format_as(PhoneNumberFormat::National);
        if self.fixed_length || national.bytes().filter(u8::is_ascii_digit).eq(digits.bytes()) {
            Reading::Sure(e164)
        } else if digits.len() > LONGEST_LOCAL {
            Reading::Likely(e164)
        } else {
            Reading::None
        }
    }
}

/// How many lengths numbers of one `kind` can have in the plan of a calling `code`.
fn lengths(code: i32, kind: PhoneNumberType) -> usize {
    // Only the length of a number decides whether it is possible, so powers of ten stand for all of them.
    (3..=16)
        .filter(|exponent| {
            let number = PhoneNumber {
                country_code: code,
                national_number: 10_u64.pow(*exponent),
                ..PhoneNumber::default()
            };
            PHONE_NUMBER_UTIL.is_possible_number_for_type_with_reason(&number, kind)
                == Ok(NumberLengthType::IsPossible)
        })
        .count()
}

/// What digits can be read as; in each case E.164 digits.
enum Reading {
    /// A number of the own country, written with international prefix and calling code.
    Home(String),
    /// A number in a form that leaves no doubt.
    Sure(String),
    /// A number, if something that belongs before it was lost.
    Likely(String),
    /// No valid number.
    None,
}

impl Reading {
    fn into_number(self) -> Option<String> {
        match self {
            Self::Home(number) | Self::Sure(number) | Self::Likely(number) => Some(number),
            Self::None => None,
        }
    }
}

/// A number as it is written: whether with `+`, and its digits.
struct Written {
    plus: bool,
    digits: String,
}

impl Written {
    /// `None` where `text` is no number or an extension.
    fn new(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('+');
        let plus = rest.is_some();
        let mut digits = String::with_capacity(text.len());
        for c in rest.unwrap_or(text).chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '\u{a0}' | '-' | '(' | ')' | '.' | '/' => {}
                _ => return None,
            }
        }
        let extension = digits.len() < SHORTEST_NUMBER && !plus;
        (!digits.is_empty() && !extension && text.parse::<Ipv4Addr>().is_err())
            .then_some(Self { plus, digits })
    }
}

/// `digits` read as an international number, where that is valid.
fn international(digits: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
    number.is_valid().then(|| e164(&number))
}

fn e164(number: &PhoneNumber) -> String {
    number.format_as(PhoneNumberFormat::E164).trim_start_matches('+').to_owned()
}

/// The user part of a SIP or tel address (RFC 3261 section 19.1, RFC 3966); any other text as it is, trimmed.
fn user_part(text: &str) -> &str {
    let text = text.trim();
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    match bare.split_once(':') {
        Some((scheme, rest))
            if ["sip", "sips", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
        {
            let user = rest.split(['@', ';', '?']).next().unwrap_or(rest);
            user.split_once(':').map_or(user, |(user, _password)| user)
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests;
