//! What is put in a request.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use prost::Message;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

/// What a field of this name may hold so that it means something.
pub type Words = BTreeMap<&'static str, Vec<String>>;

/// How deep messages may lie in each other; ours do not go as far.
const DEEPEST: u32 = 4;

/// Texts that have done harm somewhere.
const ODD: [&str; 26] = [
    "\0",
    "a\0b",
    "\u{202e}evil",
    "\u{200b}",
    "\u{feff}",
    "\r\nx-header: 1",
    "\u{1b}[31m",
    "\u{fffd}",
    "\u{10ffff}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "\u{fdfa}\u{fdfa}",
    "İıſß",
    "{\"$ne\":1}",
    "$where",
    "$$ROOT",
    "a.b.c",
    "system.users",
    "org_x$y",
    "../../etc/passwd",
    "' OR 1=1 --",
    "%s%n",
    "NaN",
    "-1",
    "99999999999999999999",
    "\"\"",
    "null",
];

/// The body of a call with this message: the message, or what is not quite one.
pub fn bodies(message: &MessageDescriptor, words: &Words) -> BoxedStrategy<Vec<u8>> {
    let encoded = || self::message(message, words, DEEPEST).prop_map(|message| message.encode_to_vec());
    let byte_changed = (any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    prop_oneof![
        8 => encoded(),
        // The later one's fields count; of what may be there once, both are.
        1 => (encoded(), encoded()).prop_map(|(first, second)| [first, second].concat()),
        1 => (encoded(), byte_changed).prop_map(|(mut body, (at, byte, cut))| {
            let at = at.index(body.len() + 1);
            if cut { body.truncate(at) } else { body.insert(at, byte) }
            body
        }),
        1 => vec(any::<u8>(), 0..200),
        1 => nested(),
    ]
    .boxed()
}

/// Groups and messages in each other, deeper than anybody decodes.
fn nested() -> impl Strategy<Value = Vec<u8>> {
    let tags = select(vec![0x0b_u8, 0x0a, 0x12, 0x1a, 0x13, 0xff]);
    (tags, 1_usize..3_000).prop_map(|(tag, deep)| {
        let lengths = (0..deep).rev().map(|rest| u8::try_from(2 * rest).unwrap_or(0x7f));
        lengths.flat_map(|length| [tag, length]).collect()
    })
}

fn message(descriptor: &MessageDescriptor, words: &Words, deep: u32) -> BoxedStrategy<DynamicMessage> {
    let fields: Vec<_> = descriptor.fields().collect();
    let set = |field: &FieldDescriptor| {
        if field.containing_oneof().is_some() {
            0.5
        } else {
            0.85
        }
    };
    let values: Vec<_> = fields
        .iter()
        .map(|field| option::weighted(set(field), value(field, words, deep)))
        .collect();
    let empty = DynamicMessage::new(descriptor.clone());
    values
        .prop_map(move |values| {
            let mut message = empty.clone();
            for (field, value) in fields.iter().zip(values) {
                value
                    .into_iter()
                    .for_each(|value| message.set_field(field, value));
            }
            message
        })
        .boxed()
}

fn value(field: &FieldDescriptor, words: &Words, deep: u32) -> BoxedStrategy<Value> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let key = single(&entry.map_entry_key_field(), words, deep);
            let value = single(&entry.map_entry_value_field(), words, deep);
            vec((key, value), 0..5)
                .prop_map(|entries| {
                    let entries = entries
                        .into_iter()
                        .filter_map(|(key, value)| Some((map_key(key)?, value)));
                    Value::Map(entries.collect())
                })
                .boxed()
        }
        _ if field.is_list() => vec(single(field, words, deep), 0..5)
            .prop_map(Value::List)
            .boxed(),
        _ => single(field, words, deep),
    }
}

fn map_key(value: Value) -> Option<MapKey> {
    match value {
        Value::Bool(key) => Some(MapKey::Bool(key)),
        Value::I32(key) => Some(MapKey::I32(key)),
        Value::I64(key) => Some(MapKey::I64(key)),
        Value::U32(key) => Some(MapKey::U32(key)),
        Value::U64(key) => Some(MapKey::U64(key)),
        Value::String(key) => Some(MapKey::String(key)),
        _ => None,
    }
}

fn single(field: &FieldDescriptor, words: &Words, deep: u32) -> BoxedStrategy<Value> {
    match field.kind() {
        Kind::Double => any::<f64>().prop_map(Value::F64).boxed(),
        Kind::Float => any::<f32>().prop_map(Value::F32).boxed(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            prop_oneof![0..20_i32, any::<i32>(), select(vec![i32::MIN, -1, i32::MAX])]
                .prop_map(Value::I32)
                .boxed()
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            prop_oneof![0..20_i64, any::<i64>(), select(vec![i64::MIN, -1, i64::MAX])]
                .prop_map(Value::I64)
                .boxed()
        }
        Kind::Uint32 | Kind::Fixed32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Uint64 | Kind::Fixed64 => any::<u64>().prop_map(Value::U64).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::String => text(words.get(field.name())).prop_map(Value::String).boxed(),
        Kind::Bytes => vec(any::<u8>(), 0..100)
            .prop_map(|bytes| Value::Bytes(bytes.into()))
            .boxed(),
        Kind::Message(message) if deep == 0 => Just(Value::Message(DynamicMessage::new(message))).boxed(),
        Kind::Message(message) => self::message(&message, words, deep - 1)
            .prop_map(Value::Message)
            .boxed(),
        Kind::Enum(numbers) => number_of(&numbers),
    }
}

/// Those that have a name, and those that have none.
fn number_of(numbers: &EnumDescriptor) -> BoxedStrategy<Value> {
    let known: Vec<_> = numbers.values().map(|value| value.number()).collect();
    prop_oneof![3 => select(known), 1 => any::<i32>()]
        .prop_map(Value::EnumNumber)
        .boxed()
}

fn text(words: Option<&Vec<String>>) -> BoxedStrategy<String> {
    let repeated = (
        select(vec!["a", "é", "a_", "\0", "\u{202e}", "9", "["]),
        prop_oneof![9 => 1_usize..3_000, 1 => 1_usize..70_000],
    );
    let any = prop_oneof![
        4 => "\\PC{0,40}",
        2 => "(?s).{0,40}",
        3 => select(ODD.to_vec()).prop_map(str::to_owned),
        1 => repeated.prop_map(|(text, times)| text.repeat(times)),
        2 => "[a-z0-9.+_-]{1,12}@[a-z0-9-]{1,12}\\.[a-z]{2,6}",
        2 => "[a-zA-Z0-9][a-zA-Z0-9 ]{1,29}",
        1 => "[a-z0-9]{2,20}(_[a-z0-9]{1,9})?",
        1 => "[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        1 => "\"[0-9]{1,20}\"",
    ];
    match words {
        Some(words) => prop_oneof![3 => select(words.clone()), 1 => any].boxed(),
        None => any.boxed(),
    }
}
