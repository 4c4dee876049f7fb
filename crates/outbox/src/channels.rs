//! The index of channels: in which call a Uniqueid appeared.

use ring::digest::{SHA256, digest};
use rusqlite::{Connection, params};

/// Finds the newest call whose explanation has the channel `?2` (a Uniqueid between blanks) by the key `?1`.
pub(super) const FIND: &str = "
    SELECT e.call FROM channels f JOIN calls c ON c.key = f.call JOIN explanations e ON e.call = c.id
    WHERE f.channel = ?1 AND instr(e.channels, ?2) > 0 ORDER BY f.call DESC LIMIT 1";

/// Finds the latest call that has the Uniqueid `?1` as its id, also behind the name of one of the PBXs of the latest
/// calls.
pub(super) const FIND_STARTED: &str = "
    SELECT id FROM calls WHERE id IN (
        SELECT ?1 UNION SELECT pbx || '-' || ?1 FROM (SELECT pbx FROM calls ORDER BY key DESC LIMIT 1000))
    ORDER BY key DESC LIMIT 1";

/// Finds the text `?1` in the explanations that do not list their channels, which those of earlier releases do not.
pub(super) const FIND_UNLISTED: &str = "
    SELECT call FROM explanations INDEXED BY explanations_unlisted
    WHERE channels IS NULL AND instr(body, ?1) > 0 ORDER BY rowid DESC LIMIT 1";

/// The key of `uniqueid` in the index. Keys grow with time as Uniqueids do (`SECONDS.NUMBER`, also behind a prefix), so
/// that new ones are written next to each other. Two channels may share one.
pub(super) fn channel_key(uniqueid: &str) -> i64 {
    numeric_key(uniqueid).unwrap_or_else(|| {
        let hash = digest(&SHA256, uniqueid.as_bytes());
        hash.as_ref().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
    })
}

/// Indexes what the explanation of `call` has: `channels`, separated by blanks.
pub(super) fn add(db: &Connection, call: &str, channels: &str) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO channels (channel, call) SELECT ?2, key FROM calls WHERE id = ?1 AND erased = 0",
    )?;
    for uniqueid in channels.split_ascii_whitespace() {
        insert.execute(params![call, channel_key(uniqueid)])?;
    }
    Ok(())
}

/// Removes what the explanation of `call` has from the index; both are there still.
pub(super) fn remove(db: &Connection, call: &str) -> rusqlite::Result<()> {
    let channels: Vec<Option<String>> = db
        .prepare_cached("SELECT channels FROM explanations WHERE call = ?1")?
        .query_map([call], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut delete = db.prepare_cached(
        "DELETE FROM channels WHERE channel = ?2 AND call = (SELECT key FROM calls WHERE id = ?1)",
    )?;
    for uniqueid in channels.iter().flatten().flat_map(|channels| channels.split_ascii_whitespace()) {
        delete.execute(params![call, channel_key(uniqueid)])?;
    }
    Ok(())
}

/// Indexes all explanations that list their channels.
pub(super) fn add_all(db: &Connection) -> rusqlite::Result<()> {
    let mut rows = db.prepare("SELECT call, channels FROM explanations WHERE channels IS NOT NULL")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        add(db, &row.get::<_, String>(0)?, &row.get::<_, String>(1)?)?;
    }
    Ok(())
}

fn numeric_key(uniqueid: &str) -> Option<i64> {
    let (head, number) = uniqueid.rsplit_once('.')?;
    let digits = head.bytes().rev().take_while(u8::is_ascii_digit).count();
    let seconds: i64 = head.get(head.len() - digits..)?.parse().ok()?;
    let number: i64 = number.parse().ok()?;
    seconds.checked_mul(1 << 24)?.checked_add(number & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_grow_with_time_whatever_stands_before_the_uniqueid() {
        let keys: Vec<_> = ["1795225117.0", "pbx1-1795225117.1", "pbx1-1795225117.2047", "1795225118.2048"]
            .map(channel_key)
            .into();
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
        assert_eq!(channel_key("main-1795225117.7"), channel_key("1795225117.7"));
    }

    #[test]
    fn no_search_reads_a_whole_table() {
        let mut db = Connection::open_in_memory().unwrap();
        crate::migrations::migrate(&mut db).unwrap();
        for (statement, expected) in [
            (FIND, "SEARCH f USING PRIMARY KEY (channel=?)"),
            (FIND_STARTED, "SEARCH calls USING COVERING INDEX sqlite_autoindex_calls_1 (id=?)"),
            (FIND_UNLISTED, "SCAN explanations USING INDEX explanations_unlisted"),
        ] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            let given = vec![""; plan.parameter_count()];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(given), |row| row.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            assert!(steps.iter().any(|step| step == expected), "{steps:#?}");
            let scans = steps.iter().filter(|step| step.starts_with("SCAN e") || *step == "SCAN c");
            assert!(scans.into_iter().all(|step| step == expected), "{steps:#?}");
        }
    }

    #[test]
    fn any_text_has_a_key() {
        for odd in ["", ".", "1.", ".1", "a.b", "99999999999999999999.1", "1.-1", "9223372036854775807.1"] {
            assert_eq!(channel_key(odd), channel_key(odd), "{odd}");
        }
        assert_ne!(channel_key("odd"), channel_key("even"));
    }
}
