//! What a configuration makes of the conditions in Kconfig files, to tell a person what is missing.

use std::collections::HashMap;
use std::fmt::Display;

use nom_kconfig::Symbol as Word;
use nom_kconfig::attribute::expression::{
    AndExpression, Atom, CompareExpression, CompareOperand, CompareOperator, Expression, OrExpression, Term,
};
use nom_kconfig::symbol::ConstantSymbol;

use crate::kconfig::Config;

/// No, module, yes as 0, 1, 2; `None` for what only a compiler can say.
type Tri = Option<u8>;

/// The values of a configuration.
pub(super) struct Values<'a>(HashMap<&'a str, &'a str>);

impl<'a> Values<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        let options = config.options.iter();
        Self(options.map(|option| (option.name.trim_start_matches("CONFIG_"), option.word())).collect())
    }

    /// True if an option is `y` or `m`.
    pub(super) fn is_set(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(&("y" | "m")))
    }

    /// True if a condition does not hold.
    pub(super) fn is_no(&self, condition: &Expression) -> bool {
        self.or(condition) == Some(0)
    }

    /// The parts of a condition that do not hold, as they are written.
    pub(super) fn lacks(&self, condition: &Expression) -> Vec<String> {
        match condition {
            OrExpression::Term(AndExpression::Term(term)) => self.lacking(term),
            OrExpression::Term(AndExpression::Expression(terms)) => {
                terms.iter().flat_map(|term| self.lacking(term)).collect()
            }
            // Alternatives: none of them holds.
            whole => shown(whole, self.or(whole)),
        }
    }

    fn lacking(&self, term: &Term) -> Vec<String> {
        match term {
            Term::Atom(Atom::Parenthesis(inner)) => self.lacks(inner),
            term => shown(term, self.term(term)),
        }
    }

    fn or(&self, expression: &Expression) -> Tri {
        match expression {
            OrExpression::Term(term) => self.and(term),
            OrExpression::Expression(terms) => {
                let values: Vec<Tri> = terms.iter().map(|term| self.and(term)).collect();
                let most = values.iter().flatten().copied().max().unwrap_or(0);
                if most == 2 || values.iter().all(Option::is_some) { Some(most) } else { None }
            }
        }
    }

    fn and(&self, expression: &AndExpression) -> Tri {
        match expression {
            AndExpression::Term(term) => self.term(term),
            AndExpression::Expression(terms) => {
                let values: Vec<Tri> = terms.iter().map(|term| self.term(term)).collect();
                let least = values.iter().flatten().copied().min().unwrap_or(2);
                if least == 0 || values.iter().all(Option::is_some) { Some(least) } else { None }
            }
        }
    }

    fn term(&self, term: &Term) -> Tri {
        match term {
            Term::Not(atom) => self.atom(atom).map(|value| 2 - value),
            Term::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&self, atom: &Atom) -> Tri {
        match atom {
            Atom::Symbol(word) => Some(match self.word(word)?.as_str() {
                "y" => 2,
                "m" => 1,
                _ => 0,
            }),
            Atom::Compare(compare) => self.compare(compare),
            Atom::Macro(_) => None,
            Atom::Parenthesis(inner) => self.or(inner),
        }
    }

    fn compare(&self, compare: &CompareExpression) -> Tri {
        let (left, right) = (self.operand(&compare.left)?, self.operand(&compare.right)?);
        let order = match (number(&left), number(&right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        };
        let holds = match compare.operator {
            CompareOperator::Equal => order.is_eq(),
            CompareOperator::NotEqual => order.is_ne(),
            CompareOperator::GreaterThan => order.is_gt(),
            CompareOperator::GreaterOrEqual => order.is_ge(),
            CompareOperator::LowerThan => order.is_lt(),
            CompareOperator::LowerOrEqual => order.is_le(),
        };
        Some(if holds { 2 } else { 0 })
    }

    fn operand(&self, operand: &CompareOperand) -> Option<String> {
        match operand {
            CompareOperand::Symbol(word) => self.word(word),
            CompareOperand::Macro(_) => None,
        }
    }

    /// The value of a word: an option that the configuration does not mention is no.
    fn word(&self, word: &Word) -> Option<String> {
        Some(match word {
            Word::Constant(ConstantSymbol::Boolean(yes)) => if *yes { "y" } else { "n" }.to_owned(),
            Word::Constant(ConstantSymbol::String(text)) => text.trim_matches('"').to_owned(),
            Word::Constant(constant) => Word::Constant(constant.clone()).to_string(),
            Word::NonConstant(name) if name.contains('$') => return None,
            Word::NonConstant(name) => match self.0.get(name.as_str()) {
                Some(value) => value.trim_matches('"').to_owned(),
                None if number(name).is_some() => name.clone(),
                None => "n".to_owned(),
            },
        })
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn shown(part: &impl Display, value: Tri) -> Vec<String> {
    if value == Some(0) { vec![part.to_string()] } else { Vec::new() }
}
