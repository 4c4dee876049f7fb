//! Tables of numbers and what they are brought to.

use proptest::prelude::*;

use super::*;

fn plan(country: &str, strip: &[&str]) -> NumberPlan {
    let country = (!country.is_empty()).then_some(country);
    NumberPlan::new(country, strip.iter().map(|&prefix| prefix.to_owned()).collect()).unwrap()
}

fn check(country: &str, table: &[(&str, &str)]) {
    let plan = plan(country, &[]);
    for (number, expected) in table {
        assert_eq!(plan.normalise(number), *expected, "{number:?} in {country:?}");
    }
}

fn check_dialled(country: &str, strip: &[&str], table: &[(&str, &str)]) {
    let plan = plan(country, strip);
    for (number, expected) in table {
        assert_eq!(plan.normalise_dialled(number), *expected, "{number:?} in {country:?} behind {strip:?}");
    }
}

#[test]
fn without_a_country_only_what_separates_digits_goes() {
    check(
        "",
        &[
            ("491761234567", "491761234567"),
            ("0491719876543", "0491719876543"),
            ("0049 176 1234567", "00491761234567"),
            ("030/1234-567", "0301234567"),
            ("(030) 12.34.56", "030123456"),
            ("+4917612345678", "4917612345678"),
            ("+49 (0)176 12345678", "4917612345678"),
            ("+49 176", "49176"),
            ("+999 123 456", "999123456"),
        ],
    );
}

#[test]
fn extensions_and_text_are_left_alone_everywhere() {
    let kept = [
        "101",
        "1001",
        "12345",
        "12-34",
        "anonymous",
        "alice",
        "*8",
        "*97",
        "#31#017612345678",
        "Mr. Smith",
        "",
        "-",
        "+",
        "h",
        "s",
        "192.168.100.20",
        "alice@192.168.100.20",
        "1234567x",
        "０１７６１２３４５６７",
    ];
    for country in ["", "DE", "US", "RU", "IT"] {
        check(country, &kept.map(|text| (text, text)));
    }
}

#[test]
fn addresses_are_reduced_to_their_user() {
    let table = [
        ("sip:+4917612345678@sip.example.net", "4917612345678"),
        ("SIPS:+4917612345678:secret@sip.example.net;transport=tls?x=y", "4917612345678"),
        ("<sip:+4917612345678@10.0.0.1:5060>", "4917612345678"),
        ("tel:+49-176-12345678;ext=12", "4917612345678"),
        ("sip:alice@example.net", "alice"),
        ("sip:101@10.0.0.1", "101"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
    ];
    check("", &table);
    check("DE", &table);
}

#[test]
fn german_numbers_in_every_form_are_one() {
    check(
        "DE",
        &[
            ("017612345678", "4917612345678"),
            ("004917612345678", "4917612345678"),
            ("+4917612345678", "4917612345678"),
            ("4917612345678", "4917612345678"),
            ("17612345678", "4917612345678"),
            ("0176 / 123 456-78", "4917612345678"),
            ("+49 (0) 176 12345678", "4917612345678"),
            ("0049 (0) 30 600000", "4930600000"),
            ("030 123456", "4930123456"),
            ("4930100000", "4930100000"),
            ("00436991234567", "436991234567"),
            ("436991234567", "436991234567"),
            ("442071838750", "442071838750"),
        ],
    );
    check("de", &[("017612345678", "4917612345678")]);
}

#[test]
fn numbers_of_other_countries_keep_what_belongs_to_them() {
    check(
        "IT",
        &[("06 1234 5678", "390612345678"), ("3912312312", "393912312312"), ("393912312312", "393912312312")],
    );
    check(
        "RU",
        &[
            ("88005553535", "78005553535"),
            ("8 (916) 123-45-67", "79161234567"),
            ("9161234567", "79161234567"),
            ("9671234567", "79671234567"),
            ("79161234567", "79161234567"),
            ("8104917612345678", "4917612345678"),
        ],
    );
    check(
        "US",
        &[
            ("212 555 1234", "12125551234"),
            ("12125551234", "12125551234"),
            ("9512345678", "19512345678"),
            ("+9512345678", "9512345678"),
            ("0114917612345678", "4917612345678"),
            ("4917612345678", "4917612345678"),
        ],
    );
    check("GB", &[("020 7183 8750", "442071838750"), ("442071838750", "442071838750")]);
    check("FR", &[("06 87 75 12 34", "33687751234"), ("687751234", "33687751234")]);
    check("AT", &[("0699 1234567", "436991234567"), ("4917612345678", "4917612345678")]);
    check("BR", &[("(11) 97123-4567", "5511971234567")]);
    check("CH", &[("044 668 18 00", "41446681800")]);
}

#[test]
fn what_is_no_valid_number_keeps_its_digits() {
    check("DE", &[("0176123", "0176123"), ("110110", "110110"), ("123456", "123456"), ("301234", "301234")]);
    check("DE", &[("+49176", "49176"), ("000000000", "000000000"), ("+0176 12345678", "017612345678")]);
    check("US", &[("555-1234", "5551234"), ("555 123 4567", "5551234567"), ("1112223333", "1112223333")]);
    check("DE", &[(&"1".repeat(40), &"1".repeat(40)), ("+4", "4")]);
}

#[test]
fn the_line_prefix_goes_and_the_national_one_stays() {
    check_dialled(
        "DE",
        &["0"],
        &[
            ("0017612345678", "4917612345678"),
            ("017612345678", "4917612345678"),
            ("17612345678", "4917612345678"),
            ("00049176 12345678", "4917612345678"),
            ("004917612345678", "4917612345678"),
            ("0015734567890", "4915734567890"),
            ("015734567890", "4915734567890"),
            ("+4917612345678", "4917612345678"),
            ("4917612345678", "4917612345678"),
            ("00043 699 1234567", "436991234567"),
            ("0030123456", "4930123456"),
            ("030123456", "4930123456"),
            ("0110", "0110"),
            ("0101010", "101010"),
            ("sip:0017612345678@trunk", "4917612345678"),
        ],
    );
    check_dialled(
        "US",
        &["9"],
        &[
            ("912125551234", "12125551234"),
            ("92125551234", "12125551234"),
            ("12125551234", "12125551234"),
            ("99512345678", "19512345678"),
            ("9512345678", "19512345678"),
            ("90114917612345678", "4917612345678"),
            ("95551234", "5551234"),
        ],
    );
    check_dialled("IT", &["0"], &[("00612345678", "390612345678"), ("0612345678", "390612345678")]);
}

#[test]
fn without_a_country_a_line_prefix_goes_wherever_it_stands() {
    check_dialled(
        "",
        &["0", "#31#", "00", ""],
        &[
            ("0017612345678", "17612345678"),
            ("017612345678", "17612345678"),
            ("#31#017612345678", "017612345678"),
            ("00123456", "123456"),
            ("0123456", "123456"),
            ("012345", "012345"),
            ("0", "0"),
            ("+4917612345678", "4917612345678"),
            ("0+4917612345678", "4917612345678"),
        ],
    );
}

#[test]
fn a_country_without_a_plan_is_refused() {
    for country in ["XX", "Germany", "49", "", "D", "001", "ÄÖ"] {
        let refused = NumberPlan::new(Some(country), Vec::new());
        assert_eq!(refused, Err(UnknownCountry(country.to_owned())));
    }
}

proptest! {
    #[test]
    fn any_text_gives_itself_its_user_or_digits(text in r"(sip:|tel:|<)?[+0-9a-z@:;*# ./()<>-]{0,30}|\PC*", strip in "[0-9]{0,2}") {
        for country in ["", "DE", "US", "RU", "IT"] {
            let plan = plan(country, &[&strip]);
            for number in [plan.normalise(&text), plan.normalise_dialled(&text)] {
                prop_assert!(text.contains(&number) || number.bytes().all(|b| b.is_ascii_digit()));
            }
        }
    }

    #[test]
    fn a_number_gains_no_more_than_its_calling_code(number in r"\+?[0-9][0-9 ]{0,24}") {
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        for country in ["", "DE", "US", "RU", "IT", "AR"] {
            let plan = plan(country, &["0"]);
            for normal in [plan.normalise(&number), plan.normalise_dialled(&number)] {
                prop_assert!(normal.trim().bytes().filter(u8::is_ascii_digit).count() <= digits + 4, "{normal}");
            }
        }
    }

    #[test]
    fn a_number_brought_to_its_form_stays_in_it(number in "(0|00|0049|49|43|1|44)?[0-9]{1,15}") {
        for country in ["", "DE", "AT"] {
            let plan = plan(country, &[]);
            let once = plan.normalise(&number);
            prop_assert_eq!(plan.normalise(&once), once.clone(), "in {:?}", country);
        }
    }
}
