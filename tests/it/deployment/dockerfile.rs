//! What a Dockerfile says: its stages, each with its instructions.

use std::collections::BTreeMap;

/// The stages in their order.
pub struct Dockerfile {
    pub stages: Vec<Stage>,
}

/// From one FROM to the next.
pub struct Stage {
    pub name: String,
    pub base: String,
    instructions: Vec<(String, String)>,
}

impl Dockerfile {
    /// Reads the file.
    pub fn parse(text: &str) -> Self {
        let mut stages = Vec::<Stage>::new();
        for (instruction, rest) in instructions(text) {
            if instruction == "FROM" {
                let words: Vec<_> = rest.split_whitespace().collect();
                let name = if let [_, "AS", name] = words[..] { name } else { "" };
                stages.push(Stage {
                    name: name.into(),
                    base: words[0].into(),
                    instructions: Vec::new(),
                });
            } else if let Some(stage) = stages.last_mut() {
                stage.instructions.push((instruction, rest));
            }
        }
        Self { stages }
    }

    /// The stage of that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The stage, and those it is built on, the nearest first.
    fn line<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Stage> {
        std::iter::successors(Some(stage), |stage| self.stage(&stage.base))
    }

    /// What the stage, or the nearest below it that has the instruction, says with it.
    pub fn said<'a>(&'a self, stage: &'a Stage, instruction: &str) -> Option<&'a str> {
        self.line(stage).find_map(|stage| stage.all(instruction).last())
    }

    /// The image that the stage is built on in the end.
    pub fn origin<'a>(&'a self, stage: &'a Stage) -> &'a str {
        self.line(stage).last().map_or("", |stage| &stage.base)
    }
}

impl Stage {
    /// Everything that the stage says with this instruction.
    pub fn all<'a>(&'a self, instruction: &str) -> impl Iterator<Item = &'a str> {
        self.instructions
            .iter()
            .filter(move |(name, _)| *name == instruction)
            .map(|(_, rest)| rest.as_str())
    }

    /// The variables that it sets.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let pairs = self
            .all("ENV")
            .flat_map(str::split_whitespace)
            .filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.into(), value.into())).collect()
    }
}

/// A command in JSON's form, as ENTRYPOINT and CMD have it; nothing for a shell's.
pub fn command(text: &str) -> Vec<String> {
    text.find('[')
        .and_then(|start| serde_json::from_str(&text[start..]).ok())
        .unwrap_or_default()
}

/// Instructions with their continuation lines, without comments.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let joined = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let whole = joined
        .lines()
        .filter_map(|line| line.trim().split_once(char::is_whitespace));
    whole
        .map(|(instruction, rest)| (instruction.to_uppercase(), rest.trim().to_owned()))
        .collect()
}
