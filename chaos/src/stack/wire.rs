//! As much of MongoDB's wire protocol as tells which command a message is.

/// OP_MSG (<https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg>).
const OP_MSG: i32 = 2013;

/// Where its first section begins: after the header (length, id, id answered, kind) and the flags.
const SECTION: usize = 20;

/// The command that a message of a client's is; none for anything else, such as the middle of one.
pub(super) fn command(message: &[u8]) -> Option<&str> {
    let kind = message.get(12..16)?.try_into().ok()?;
    if i32::from_le_bytes(kind) != OP_MSG || message.get(SECTION) != Some(&0) {
        return None;
    }
    // A BSON document: its length, then the first element's type and name, which is the command's.
    let name = message.get(SECTION + 1 + 4 + 1..)?;
    let end = name.iter().position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&name[..end]).ok()?;
    name.chars()
        .all(|letter| letter.is_ascii_alphabetic())
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{doc, serialize_to_vec};

    use super::*;

    fn message(kind: i32) -> Vec<u8> {
        let document = serialize_to_vec(&doc! { "renameCollection": "a.b", "to": "a.c" }).unwrap();
        let mut message = [0; 12].to_vec();
        message.extend(kind.to_le_bytes());
        message.extend([0; 4]);
        message.push(0);
        message.extend(document);
        message
    }

    #[test]
    fn a_command_is_named() {
        assert_eq!(command(&message(OP_MSG)), Some("renameCollection"));
    }

    #[test]
    fn other_bytes_are_no_command() {
        assert_eq!(command(&message(2004)), None);
        assert_eq!(command(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), None);
        assert_eq!(command(&message(OP_MSG)[..30]), None);
        assert_eq!(command(&[]), None);
    }
}
