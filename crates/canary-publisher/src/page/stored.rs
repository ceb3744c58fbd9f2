//! How a history is kept in a file.

/// An instant, in seconds since 1970.
pub(super) mod instant {
    use canary_format::time::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::page) fn serialize<S: Serializer>(
        at: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.unix().serialize(serializer)
    }

    pub(in crate::page) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_unix)
    }
}

/// A digest, as the format writes it.
pub(super) mod digest {
    use canary_format::digest::Digest;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in crate::page) fn serialize<S: Serializer>(
        digest: &Digest,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        digest.to_string().serialize(serializer)
    }

    pub(in crate::page) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::parse(&text).ok_or_else(|| D::Error::custom("not a digest"))
    }
}
