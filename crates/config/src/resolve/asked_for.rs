//! What targets ask for by name: channel variables, and the keys that are pressed.

use super::Resolver;
use crate::{
    raw::Words,
    resolved::{Pbx, Target},
};

/// How many variables a target may ask for: each costs the PBX some filters.
const MOST_VARIABLES: usize = 32;

impl Resolver<'_> {
    /// The names in `variables`.
    pub(super) fn variables(&mut self, words: Option<&Words>) -> Vec<String> {
        const EXPECTED: &str = "names of channel variables: letters, digits and underscores";
        let names = self.texts(words, EXPECTED);
        let Some(words) = words else { return names };
        for word in &words.words {
            let name = word.get_ref();
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || name.starts_with('_') {
                let finding = self.wrong(&word.span(), format!("{name:?} is no name of a variable"));
                self.errors.push(finding.expected(EXPECTED).hint(
                    "write the name without __ before it and ${} around it; set the value of a function to a variable",
                ));
            }
        }
        if names.len() > MOST_VARIABLES {
            let what = format!("{} variables are too many", names.len());
            self.errors.push(self.wrong(&words.span, what).expected(format!("up to {MOST_VARIABLES}")));
        }
        names
    }

    /// Has the `pbxs` followed for what any of the `targets` asks for. Keys are a class of events of their own.
    pub(super) fn ask_for(&self, pbxs: &mut [Pbx], targets: &[Target]) {
        let mut variables: Vec<_> =
            targets.iter().flat_map(|target| target.variables.iter().cloned()).collect();
        variables.sort_unstable();
        variables.dedup();
        let dtmf = targets.iter().any(|target| target.dtmf);
        for pbx in pbxs {
            pbx.rules.variables.clone_from(&variables);
            pbx.rules.dtmf = dtmf;
            let Some(login) = &mut pbx.login else { continue };
            for (class, is_asked) in [("dialplan", !variables.is_empty()), ("dtmf", dtmf)] {
                if is_asked && !login.events.split(',').any(|asked| asked == class || asked == "all") {
                    login.events.push(',');
                    login.events.push_str(class);
                }
            }
        }
    }
}
